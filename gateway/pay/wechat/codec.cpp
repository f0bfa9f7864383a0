#include "gateway/pay/wechat/codec.hpp"

#include "gateway/crypto/digest.hpp"
#include "validation/money/time.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>

#include <algorithm>

namespace purser::wechat {
namespace {

using Json = nlohmann::ordered_json;  // keys in the order they are written here: the bytes are part of the contract

constexpr std::string_view kOrders = "/v3/pay/transactions/out-trade-no/";
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

}  // namespace

std::string create_path(TradeKind kind) {
  return kind == TradeKind::mini_program ? "/v3/pay/transactions/jsapi" : "/v3/pay/transactions/native";
}

std::string query_path(const OutTradeNo& number, const Merchant& merchant) {
  return std::string(kOrders) + escaped(number.str()) + "?mchid=" + escaped(merchant.mchid);
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

Result<std::string> order_body(const PaymentIntent& intent, const Merchant& merchant, std::string_view notify_url) {
  const bool has_payer = intent.order.kind == TradeKind::mini_program;
  auto good = check_texts({{"description", intent.description, 127, false},
                           {"notify_url", notify_url, 255, false},
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
  body["time_expire"] = format_time_china(intent.expires_at);
  body["notify_url"] = notify_url;
  body["amount"]["total"] = intent.amount.minor();
  body["amount"]["currency"] = intent.amount.currency().code();
  if (has_payer) body["payer"]["openid"] = intent.order.payer_openid;
  return body.dump();
}

Result<std::string> refund_body(const PaymentIntent& intent, const Refund& refund, std::string_view notify_url) {
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
  body["amount"]["refund"] = refund.amount.minor();
  body["amount"]["total"] = intent.amount.minor();
  body["amount"]["currency"] = intent.amount.currency().code();
  return body.dump();
}

std::string close_body(const Merchant& merchant) {
  Json body;
  body["mchid"] = merchant.mchid;
  return body.dump();
}

}  // namespace purser::wechat
