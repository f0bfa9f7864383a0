#include "gateway/sandbox/orders.hpp"

#include "config/text_rules.hpp"
#include "gateway/sandbox/request_fields.hpp"
#include "gateway/sandbox/signing.hpp"

#include <algorithm>

namespace purser::sandbox {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr auto kHandleLife = hours(2);  // prepay_id, code_url
constexpr auto kH5Life = minutes(5);    // h5_url
constexpr auto kPayableDefault = hours(24 * 7);
constexpr auto kPayableMin = minutes(1);
constexpr auto kPayableMax = hours(24 * 90);

std::string_view described(TradeStatus status) {
  switch (status) {
    case TradeStatus::not_paid:
      return "订单未支付";
    case TradeStatus::success:
      return "支付成功";
    case TradeStatus::refunded:
      return "订单发生过退款，退款详情请查询退款单";
    case TradeStatus::closed:
      return "订单已关闭";
  }
  return {};
}

// "20260105180000" on the clock of China.
std::string china_digits(UtcTime t) {
  auto text = format_time_china(t).substr(0, 19);
  std::erase_if(text, [](char c) { return c < '0' || c > '9'; });
  return text;
}

Error cannot(std::string what) {
  return Error(Errc::illegal_transition, std::move(what), "out_trade_no");
}

}  // namespace

std::string_view wire_type(TradeType type) {
  switch (type) {
    case TradeType::jsapi:
      return "JSAPI";
    case TradeType::native:
      return "NATIVE";
    case TradeType::h5:
      return "MWEB";
    case TradeType::app:
      return "APP";
  }
  return {};
}

std::string_view to_string(TradeType type) {
  switch (type) {
    case TradeType::jsapi:
      return "jsapi";
    case TradeType::native:
      return "native";
    case TradeType::h5:
      return "h5";
    case TradeType::app:
      return "app";
  }
  return {};
}

std::string_view to_string(TradeStatus status) {
  switch (status) {
    case TradeStatus::not_paid:
      return "NOTPAY";
    case TradeStatus::success:
      return "SUCCESS";
    case TradeStatus::refunded:
      return "REFUND";
    case TradeStatus::closed:
      return "CLOSED";
  }
  return {};
}

Refusal check_notify_url(const json& request, std::int64_t length_max) {
  if (!request.contains("notify_url")) return {};
  const auto& url = request["notify_url"].get_ref<const std::string&>();
  auto no = [](std::string_view issue) { return param_error("/notify_url", issue); };
  if (static_cast<std::int64_t>(url.size()) > length_max) return no("too long");
  auto scheme = url.find("://");
  if (scheme == url.npos || (url.substr(0, scheme) != "https" && url.substr(0, scheme) != "http"))
    return no("must be an absolute http or https address");
  auto path = url.find('/', scheme + 3);
  if (path == url.npos || path == scheme + 3) return no("must have a host and a path");
  if (url.find_first_of("?# ") != url.npos) return no("must not have a query, a fragment or a space");
  return {};
}

Refusal OrderBook::check_create(TradeType type, const json& request) const {
  bool no_openid =
      type == TradeType::jsapi && request.is_object() &&
      (!request.contains("payer") || !request["payer"].is_object() || !request["payer"].contains("openid"));
  if (no_openid) return param_error("/payer/openid", "jsapi needs an openid", "body", kJsapiNeedsOpenid);
  if (auto no = check_members(request, order_members(type))) return no;
  if (auto no = check_notify_url(request, 255)) return no;
  if (request.contains("time_expire") && !parse_time(request["time_expire"].get<std::string>()))
    return param_error("/time_expire", "must be an RFC 3339 time with an offset");
  if (request.contains("scene_info") && !is_ip_address(request["scene_info"]["payer_client_ip"].get<std::string>()))
    return param_error("/scene_info/payer_client_ip", "must be an IPv4 or IPv6 address");
  if (request["mchid"] != credentials_.mchid) return param_error("/mchid", "is not the merchant who signed");
  if (request["appid"] != credentials_.appid)
    return error(400, kAppidMchidMismatch, "APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配");
  return {};
}

Answer OrderBook::create(TradeType type, std::string_view body, UtcTime now) {
  json request;
  if (auto no = parse_body(body, request)) return *no;
  if (auto no = check_create(type, request)) return *no;
  // Left out is the same as written out, when the request comes again.
  if (!request["amount"].contains("currency")) request["amount"]["currency"] = "CNY";
  auto number = request["out_trade_no"].get<std::string>();
  if (auto* known = find(number, now)) return reenter(*known, type, request, now);

  Order order;
  order.type = type;
  order.out_trade_no = number;
  order.appid = request["appid"];
  order.notify_url = request["notify_url"];
  order.total = request["amount"]["total"];
  if (type == TradeType::jsapi) order.openid = request["payer"]["openid"];
  order.created = now;
  order.expires = now + kPayableDefault;
  if (request.contains("time_expire")) {
    auto wanted = parse_time(request["time_expire"].get<std::string>()).value();
    order.expires = std::clamp(wanted, now + kPayableMin, now + kPayableMax);
  }
  order.request = std::move(request);
  auto& kept = orders_.emplace(number, std::move(order)).first->second;
  return handle_for(kept, now);
}

Answer OrderBook::reenter(Order& order, TradeType type, const json& request, UtcTime now) {
  if (order.paid()) return error(400, kOrderPaid, settings_.paid_code, "该订单已支付");
  if (order.status == TradeStatus::closed) return error(400, kOrderInvalid, "ORDER_CLOSED", "该订单已失效");
  if (order.type != type || order.request != request)
    return error(400, kReentryMismatch, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
  return handle_for(order, now);
}

Answer OrderBook::handle_for(Order& order, UtcTime now) {
  order.handle_until = now + (order.type == TradeType::h5 ? Millis(kH5Life) : Millis(kHandleLife));
  auto prepay_id = "wx" + china_digits(now) + mint_.token(20);
  switch (order.type) {
    case TradeType::jsapi:
    case TradeType::app:
      return answered(json{{"prepay_id", prepay_id}});
    case TradeType::native:
      return answered(json{{"code_url", "weixin://wxpay/bizpayurl?pr=" + mint_.token(9) + "zz"}});
    case TradeType::h5:
      return answered(json{{"h5_url", "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=" + prepay_id +
                                          "&package=" + digits(mint_, 10)}});
  }
  return {};
}

Answer OrderBook::answer_query(const Order* order, std::string_view query) const {
  constexpr std::string_view kName = "mchid=";
  if (query.substr(0, kName.size()) != kName)
    return param_error("mchid", "is required, and is the only parameter", "query");
  if (query.find('&') != query.npos)
    return param_error("mchid", "an extra parameter that is not taken here", "query", kExtraParameter);
  if (query.substr(kName.size()) != credentials_.mchid)
    return error(400, kMchidNotOfOrder, "INVALID_REQUEST", "商户号和订单号不匹配");
  if (!order) return error(404, kOrderNotFound, "ORDER_NOT_EXIST", "订单不存在");
  return answered(transaction(*order));
}

Answer OrderBook::query(std::string_view out_trade_no, std::string_view query, UtcTime now) {
  return answer_query(find(out_trade_no, now), query);
}

Answer OrderBook::query_by_transaction(std::string_view transaction_id, std::string_view query, UtcTime now) {
  return answer_query(find_transaction(transaction_id, now), query);
}

Answer OrderBook::close(std::string_view out_trade_no, std::string_view body, UtcTime now) {
  json request;
  if (auto no = parse_body(body, request)) return *no;
  if (auto no = check_members(request, close_members())) return *no;
  if (request["mchid"] != credentials_.mchid)
    return error(400, kMchidNotOfOrder, "INVALID_REQUEST", "商户号和订单号不匹配");
  auto* order = find(out_trade_no, now);
  if (!order && settings_.close_unknown) return no_content();
  if (!order) return error(404, kOrderNotFound, "ORDER_NOT_EXIST", "订单不存在");
  if (order->paid()) return error(400, kOrderPaid, settings_.paid_code, "该订单已支付");
  order->status = TradeStatus::closed;
  return no_content();
}

Result<Order*> OrderBook::payable(std::string_view out_trade_no, UtcTime now) {
  auto* order = find(out_trade_no, now);
  if (!order) return Error(Errc::not_found, "out_trade_no: no such order", "out_trade_no");
  if (order->paid()) return cannot("the order is paid already");
  if (order->status == TradeStatus::closed) return cannot("the order is closed");
  if (now > order->handle_until) return cannot("its prepay_id or link has run out: the order must be created again");
  return order;
}

Result<void> OrderBook::pay(std::string_view out_trade_no, std::string_view openid, UtcTime now) {
  auto found = payable(out_trade_no, now);
  if (!found) return found.error();
  Order& order = **found;
  if (!order.openid.empty() && !openid.empty() && openid != order.openid)
    return Error(Errc::illegal_transition, "openid: the order belongs to another payer", "openid");
  order.payer = !order.openid.empty() ? order.openid : !openid.empty() ? std::string(openid) : "o" + mint_.token(27);
  order.status = TradeStatus::success;
  order.paid_at = now;
  order.transaction_id = "42000" + digits(mint_, 5) + china_digits(now).substr(0, 8) + digits(mint_, 10);
  return success();
}

Result<void> OrderBook::decline(std::string_view out_trade_no, UtcTime now) {
  auto found = payable(out_trade_no, now);
  if (!found) return found.error();
  ++(*found)->attempts_declined;
  return success();
}

void OrderBook::expire(Order& order, UtcTime now) {
  if (order.status == TradeStatus::not_paid && now > order.expires) order.status = TradeStatus::closed;
}

Order* OrderBook::find(std::string_view out_trade_no, UtcTime now) {
  auto found = orders_.find(out_trade_no);
  if (found == orders_.end()) return nullptr;
  expire(found->second, now);
  return &found->second;
}

Order* OrderBook::find_transaction(std::string_view transaction_id, UtcTime now) {
  for (auto& [number, order] : orders_) {
    if (!transaction_id.empty() && order.transaction_id == transaction_id) return find(number, now);
  }
  return nullptr;
}

const std::map<std::string, Order, std::less<>>& OrderBook::all(UtcTime now) {
  for (auto& [number, order] : orders_) expire(order, now);
  return orders_;
}

json OrderBook::transaction(const Order& order) const {
  json out{{"appid", order.appid},
           {"mchid", credentials_.mchid},
           {"out_trade_no", order.out_trade_no},
           {"trade_state", to_string(order.status)},
           {"trade_state_desc", described(order.status)},
           {"promotion_detail", json::array()},
           {"amount", {{"total", order.total}, {"currency", "CNY"}}}};
  if (!order.paid()) return out;
  out["transaction_id"] = order.transaction_id;
  out["trade_type"] = wire_type(order.type);
  out["bank_type"] = "OTHERS";
  out["attach"] = order.attach();
  out["success_time"] = format_time_china(order.paid_at);
  out["payer"] = {{"openid", order.payer}};
  const auto scene = order.request.value("scene_info", json::object());
  if (scene.contains("device_id")) out["scene_info"]["device_id"] = scene["device_id"];
  out["amount"]["payer_total"] = order.total;
  out["amount"]["payer_currency"] = "CNY";
  return out;
}

}  // namespace purser::sandbox
