#include "gateway/pay/wechat/codec.hpp"

#include "gateway/crypto/digest.hpp"
#include "validation/money/time.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <algorithm>

namespace purser::wechat {
namespace {

using Json = nlohmann::ordered_json;  // keys in the order they are written here: the bytes are part of the contract

// The rail takes no less than a minute from the moment it hears of the order; the rest is for the way.
constexpr std::chrono::seconds kTimeExpireLeast{65};
constexpr std::string_view kOrders = "/v3/pay/transactions/out-trade-no/";
constexpr std::string_view kTransactions = "/v3/pay/transactions/id/";
constexpr std::string_view kRefunds = "/v3/refund/domestic/refunds";

// Numbers may hold '|', '*' and '@'.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
                       c == '_' || c == '.' || c == '~';
    out += plain ? std::string(1, c) : '%' + crypto::hex_upper({&c, 1});
  }
  return out;
}

// The rail counts characters and stores sequences of at most three bytes.
Result<void> check_text(std::string_view field, std::string_view text, std::size_t characters_max) {
  const auto refused = [&](std::string_view why) {
    return Error(Errc::malformed_text, std::string(field) + " " + std::string(why), std::string(field));
  };
  if (!simdjson::validate_utf8(text.data(), text.size())) return refused("is not UTF-8");
  std::size_t characters = 0;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0xf0) return refused("holds a character of four bytes, which the rail does not take");
    if (byte < 0x20 || byte == 0x7f) return refused("holds a control character");
    if ((byte & 0xc0) != 0x80) ++characters;
  }
  if (characters > characters_max) return refused("has more than " + std::to_string(characters_max) + " characters");
  return success();
}

struct TextRule {
  std::string_view field;
  std::string_view text;
  std::size_t characters_max;
  bool may_be_empty;
};

Result<void> check_texts(std::initializer_list<TextRule> rules) {
  for (const TextRule& rule : rules) {
    if (rule.text.empty() && !rule.may_be_empty) {
      return Error(Errc::malformed_text, std::string(rule.field) + " is empty", std::string(rule.field));
    }
    if (auto good = check_text(rule.field, rule.text, rule.characters_max); !good) return good;
  }
  return success();
}

Result<void> check_amount(Money amount) {
  if (amount.positive()) return success();
  return Error(Errc::amount_out_of_range, "the rail takes amounts from one fen on", "amount");
}

// As many characters as the rail takes; it shows the name to the payer and nothing hangs on it.
std::string cut_name(std::string_view text, std::size_t characters_max) {
  std::size_t end = 0;
  for (std::size_t characters = 0; end < text.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(text[end]) & 0xc0) != 0x80;
    if (begins && ++characters > characters_max) break;
  }
  return std::string(text.substr(0, end));
}

// Lines whose number or name the rail would not take are left out: they are for coupons, not for the amount.
Json goods_of(const PaymentIntent& intent, bool refunded) {
  Json goods = Json::array();
  for (const IntentLine& line : intent.lines) {
    const std::string name = cut_name(line.name, 256);
    if (line.sku.str().empty() || line.sku.str().size() > 32 || !check_text("name", name, 256)) continue;
    Json item;
    item["merchant_goods_id"] = line.sku.str();
    if (!name.empty()) item["goods_name"] = name;
    if (!refunded) item["quantity"] = line.quantity;
    item["unit_price"] = line.unit_price.minor();
    if (refunded) {
      item["refund_amount"] = line.unit_price.minor() * line.quantity;
      item["refund_quantity"] = line.quantity;
    }
    goods.push_back(std::move(item));
  }
  return goods;
}

}  // namespace

std::string create_path(TradeKind kind) {
  switch (kind) {
    case TradeKind::mini_program:
      return "/v3/pay/transactions/jsapi";
    case TradeKind::qr:
      return "/v3/pay/transactions/native";
    case TradeKind::h5:
      return "/v3/pay/transactions/h5";
    case TradeKind::app:
      return "/v3/pay/transactions/app";
  }
  return {};
}

std::string query_path(const OutTradeNo& number, const Merchant& merchant) {
  return std::string(kOrders) + escaped(number.str()) + "?mchid=" + escaped(merchant.mchid);
}

std::string query_path(std::string_view transaction_id, const Merchant& merchant) {
  return std::string(kTransactions) + escaped(transaction_id) + "?mchid=" + escaped(merchant.mchid);
}

std::string close_path(const OutTradeNo& number) {
  return std::string(kOrders) + escaped(number.str()) + "/close";
}

std::string refund_path() {
  return std::string(kRefunds);
}

std::string query_refund_path(const OutRefundNo& number) {
  return std::string(kRefunds) + "/" + escaped(number.str());
}

namespace {

Json scene_of(const PaymentIntent& intent, const OrderExtras& extras) {
  Json scene;
  scene["payer_client_ip"] = intent.order.payer_ip;
  if (!extras.device_id.empty()) scene["device_id"] = extras.device_id;
  if (!extras.store_id.empty()) scene["store_info"]["id"] = extras.store_id;
  if (!extras.store_name.empty()) scene["store_info"]["name"] = extras.store_name;
  if (intent.order.kind == TradeKind::h5) scene["h5_info"]["type"] = "Wap";
  return scene;
}

}  // namespace

Result<std::string> order_body(const PaymentIntent& intent, const Merchant& merchant, const OrderExtras& extras,
                               std::string_view notify_url) {
  const bool has_payer = intent.order.kind == TradeKind::mini_program;
  const bool needs_scene = intent.order.kind == TradeKind::h5;
  auto good = check_texts({{"description", intent.description, 127, false},
                           {"notify_url", notify_url, 255, false},
                           {"goods_tag", extras.goods_tag, 32, true},
                           {"device_id", extras.device_id, 32, true},
                           {"store_id", extras.store_id, 32, true},
                           {"store_name", extras.store_name, 256, true},
                           {"payer_ip", intent.order.payer_ip, 45, !needs_scene},
                           {"openid", intent.order.payer_openid, 128, !has_payer}});
  if (!good) return good.error();
  if (!OutTradeNo::parse(intent.order.out_trade_no.str()).ok()) {
    return Error(Errc::malformed_id, "the intent has no usable out_trade_no", "out_trade_no");
  }
  if (good = check_amount(intent.amount); !good) return good.error();
  Json body;
  body["appid"] = merchant.appid;
  body["mchid"] = merchant.mchid;
  body["description"] = intent.description;
  body["out_trade_no"] = intent.order.out_trade_no.str();
  body["time_expire"] = format_time_china(std::max(intent.expires_at, intent.created_at + kTimeExpireLeast));
  // Comes back with the payment, so that whoever reads the rail's own records finds the intent.
  if (!intent.id.str().empty()) body["attach"] = intent.id.str();
  body["notify_url"] = notify_url;
  if (!extras.goods_tag.empty()) body["goods_tag"] = extras.goods_tag;
  body["amount"]["total"] = intent.amount.minor();
  body["amount"]["currency"] = intent.amount.currency().code();
  if (auto goods = goods_of(intent, false); extras.goods_detail && !goods.empty()) {
    body["detail"]["goods_detail"] = std::move(goods);
  }
  if (!intent.order.payer_ip.empty()) body["scene_info"] = scene_of(intent, extras);
  if (has_payer) body["payer"]["openid"] = intent.order.payer_openid;
  return body.dump();
}

Result<std::string> refund_body(const PaymentIntent& intent, const Refund& refund, std::string_view notify_url,
                                const OrderExtras& extras) {
  auto good = check_texts({{"reason", refund.reason, 80, true}, {"notify_url", notify_url, 256, false}});
  if (!good) return good.error();
  if (!OutRefundNo::parse(refund.out_refund_no.str()).ok()) {
    return Error(Errc::malformed_id, "the refund has no usable out_refund_no", "out_refund_no");
  }
  if (good = check_amount(refund.amount); !good) return good.error();
  if (refund.amount.currency() != intent.amount.currency()) return Errc::currency_mismatch;
  if (refund.amount.minor() > intent.amount.minor()) return Errc::refund_exceeds_remaining;
  Json body;
  body["out_trade_no"] = intent.order.out_trade_no.str();
  body["out_refund_no"] = refund.out_refund_no.str();
  if (!refund.reason.empty()) body["reason"] = refund.reason;
  body["notify_url"] = notify_url;
  if (!extras.funds_account.empty()) body["funds_account"] = extras.funds_account;
  body["amount"]["refund"] = refund.amount.minor();
  body["amount"]["total"] = intent.amount.minor();
  body["amount"]["currency"] = intent.amount.currency().code();
  // Of half a piece, or a sum that names none, nothing is said: guessed pieces would give back the wrong coupon.
  const auto worth = total_of(intent.lines, intent.amount.currency());
  const bool pieces = worth && *worth == refund.amount;
  if (auto goods = goods_of(intent, true); extras.goods_detail && pieces && !goods.empty()) {
    body["goods_detail"] = std::move(goods);
  }
  return body.dump();
}

std::string mend_path(std::string_view rail_refund_id) {
  return std::string(kRefunds) + "/" + escaped(rail_refund_id) + "/apply-abnormal-refund";
}

std::string mend_body(const OutRefundNo& number, const MendBy& by) {
  Json body;
  body["out_refund_no"] = number.str();
  body["type"] = by.to_user_card ? "USER_BANK_CARD" : "MERCHANT_BANK_CARD";
  if (!by.bank_type.empty()) body["bank_type"] = by.bank_type;
  if (!by.sealed_account.empty()) body["bank_account"] = by.sealed_account;
  if (!by.sealed_name.empty()) body["real_name"] = by.sealed_name;
  return body.dump();
}

std::string bill_path(BillOf what, std::string_view date) {
  const std::string day(date);
  if (what == BillOf::trade) return "/v3/bill/tradebill?bill_date=" + day + "&bill_type=ALL&tar_type=GZIP";
  return "/v3/bill/fundflowbill?bill_date=" + day + "&account_type=BASIC&tar_type=GZIP";
}

std::string close_body(const Merchant& merchant) {
  Json body;
  body["mchid"] = merchant.mchid;
  return body.dump();
}

}  // namespace purser::wechat
