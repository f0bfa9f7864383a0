#include "gateway/sandbox/request_fields.hpp"

namespace purser::sandbox {
namespace {

constexpr std::int64_t kFenMax = 10'000'000'000;  // 100 million CNY: beyond every limit of a merchant
constexpr bool kRequired = true;
constexpr bool kOptional = false;

constexpr Member text(std::string_view name, bool required, std::int64_t min, std::int64_t max,
                      const char* charset = nullptr, const char* one_of = nullptr) {
  return {name, Kind::text, required, min, max, charset, one_of, {}};
}
constexpr Member integer(std::string_view name, bool required, std::int64_t min, std::int64_t max) {
  return {name, Kind::integer, required, min, max, nullptr, nullptr, {}};
}
constexpr Member boolean(std::string_view name, bool required) {
  return {name, Kind::boolean, required, 0, 0, nullptr, nullptr, {}};
}
constexpr Member object(std::string_view name, bool required, std::span<const Member> members) {
  return {name, Kind::object, required, 0, 0, nullptr, nullptr, members};
}
constexpr Member list(std::string_view name, bool required, std::int64_t max, std::span<const Member> members) {
  return {name, Kind::list, required, 0, max, nullptr, nullptr, members};
}

constexpr Member kAmount[] = {integer("total", kRequired, 1, kFenMax),
                              text("currency", kOptional, 1, 16, nullptr, "CNY")};
constexpr Member kPayer[] = {text("openid", kRequired, 1, 128)};
constexpr Member kGoods[] = {text("merchant_goods_id", kRequired, 1, 32), text("wechatpay_goods_id", kOptional, 1, 32),
                             text("goods_name", kOptional, 1, 256), integer("quantity", kRequired, 1, kFenMax),
                             integer("unit_price", kRequired, 0, kFenMax)};
constexpr Member kDetail[] = {integer("cost_price", kOptional, 0, kFenMax), text("invoice_id", kOptional, 1, 32),
                              list("goods_detail", kOptional, 6'000, kGoods)};
constexpr Member kStore[] = {text("id", kRequired, 1, 32), text("name", kOptional, 1, 256),
                             text("area_code", kOptional, 1, 32), text("address", kOptional, 1, 512)};
constexpr Member kScene[] = {text("payer_client_ip", kRequired, 1, 45), text("device_id", kOptional, 1, 32),
                             object("store_info", kOptional, kStore)};
constexpr Member kH5[] = {text("type", kRequired, 1, 32, nullptr, "iOS Android Wap"),
                          text("app_name", kOptional, 1, 64), text("app_url", kOptional, 1, 128),
                          text("bundle_id", kOptional, 1, 128), text("package_name", kOptional, 1, 128)};
constexpr Member kH5Scene[] = {text("payer_client_ip", kRequired, 1, 45), text("device_id", kOptional, 1, 32),
                               object("store_info", kOptional, kStore), object("h5_info", kRequired, kH5)};
constexpr Member kSettle[] = {boolean("profit_sharing", kOptional)};

#define PURSER_SANDBOX_ORDER_MEMBERS                                                                                 \
  text("appid", kRequired, 1, 32), text("mchid", kRequired, 1, 32), text("description", kRequired, 1, 127),          \
      text("out_trade_no", kRequired, 6, 32, "_-|*"), text("time_expire", kOptional, 1, 64),                         \
      text("attach", kOptional, 1, 128), text("notify_url", kRequired, 1, 255), text("goods_tag", kOptional, 1, 32), \
      boolean("support_fapiao", kOptional), object("amount", kRequired, kAmount),                                    \
      object("detail", kOptional, kDetail), object("settle_info", kOptional, kSettle)

constexpr Member kJsapiOrder[] = {PURSER_SANDBOX_ORDER_MEMBERS, object("payer", kRequired, kPayer),
                                  object("scene_info", kOptional, kScene)};
constexpr Member kPlainOrder[] = {PURSER_SANDBOX_ORDER_MEMBERS, object("scene_info", kOptional, kScene)};
constexpr Member kH5Order[] = {PURSER_SANDBOX_ORDER_MEMBERS, object("scene_info", kRequired, kH5Scene)};
#undef PURSER_SANDBOX_ORDER_MEMBERS

constexpr Member kClose[] = {text("mchid", kRequired, 1, 32)};

constexpr Member kFrom[] = {text("account", kRequired, 1, 32, nullptr, "AVAILABLE UNAVAILABLE"),
                            integer("amount", kRequired, 1, kFenMax)};
constexpr Member kRefundAmount[] = {integer("refund", kRequired, 1, kFenMax), integer("total", kRequired, 1, kFenMax),
                                    text("currency", kRequired, 1, 16, nullptr, "CNY"),
                                    list("from", kOptional, 10, kFrom)};
constexpr Member kRefundGoods[] = {
    text("merchant_goods_id", kRequired, 1, 32),     text("wechatpay_goods_id", kOptional, 1, 32),
    text("goods_name", kOptional, 1, 256),           integer("unit_price", kRequired, 0, kFenMax),
    integer("refund_amount", kRequired, 0, kFenMax), integer("refund_quantity", kRequired, 1, kFenMax)};
constexpr Member kRefundMembers[] = {text("transaction_id", kOptional, 1, 32),
                                     text("out_trade_no", kOptional, 6, 32, "_-|*"),
                                     text("out_refund_no", kRequired, 1, 64, "_-|*@"),
                                     text("reason", kOptional, 1, 80),
                                     text("notify_url", kOptional, 1, 256),
                                     text("funds_account", kOptional, 1, 32, nullptr, "AVAILABLE UNSETTLED"),
                                     object("amount", kRequired, kRefundAmount),
                                     list("goods_detail", kOptional, 6'000, kRefundGoods)};

// A cipher text of RSA-OAEP with a 2048-bit key has 344 characters.
constexpr Member kAbnormalRefund[] = {text("out_refund_no", kRequired, 1, 64, "_-|*@"),
                                      text("type", kRequired, 1, 32, nullptr, "USER_BANK_CARD MERCHANT_BANK_CARD"),
                                      text("bank_type", kOptional, 1, 16), text("bank_account", kOptional, 1, 1024),
                                      text("real_name", kOptional, 1, 1024)};
constexpr Member kEcho[] = {text("notify_url", kOptional, 1, 256), text("echo_message", kRequired, 1, 128),
                            text("encrypted_echo_message", kRequired, 1, 1024)};

}  // namespace

std::span<const Member> order_members(TradeType type) {
  switch (type) {
    case TradeType::jsapi:
      return kJsapiOrder;
    case TradeType::h5:
      return kH5Order;
    case TradeType::native:
    case TradeType::app:
      return kPlainOrder;
  }
  return {};
}

std::span<const Member> close_members() {
  return kClose;
}
std::span<const Member> refund_members() {
  return kRefundMembers;
}
std::span<const Member> abnormal_refund_members() {
  return kAbnormalRefund;
}
std::span<const Member> echo_members() {
  return kEcho;
}

}  // namespace purser::sandbox
