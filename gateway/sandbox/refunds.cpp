#include "gateway/sandbox/refunds.hpp"

#include "gateway/sandbox/request_fields.hpp"
#include "gateway/sandbox/signing.hpp"

#include <algorithm>

namespace purser::sandbox {
namespace {

constexpr auto kRefundWindow = std::chrono::hours(24 * 365);
constexpr std::int64_t kRefundsPerOrderMax = 50;

Answer invalid(std::string_view message) {
  return error(400, kUnnumbered, "INVALID_REQUEST", message);
}

// Which accounts pay, when the request says so: together the whole refund.
Refusal check_sources(const json& amount) {
  if (!amount.contains("from")) return {};
  std::int64_t sum = 0;
  for (const auto& source : amount["from"]) sum += source["amount"].get<std::int64_t>();
  if (sum != amount["refund"]) return param_error("/amount/from", "the amounts must add up to /amount/refund");
  return {};
}

}  // namespace

std::string_view to_string(RefundStatus status) {
  switch (status) {
    case RefundStatus::processing:
      return "PROCESSING";
    case RefundStatus::success:
      return "SUCCESS";
    case RefundStatus::closed:
      return "CLOSED";
    case RefundStatus::abnormal:
      return "ABNORMAL";
  }
  return {};
}

Refusal RefundDesk::check_order(const Order* order, const json& request, UtcTime now) const {
  if (!order) return error(404, kOrderNotFound, "RESOURCE_NOT_EXISTS", "订单不存在");
  if (!order->paid()) return invalid("订单状态不允许退款：订单未支付或已关闭");
  if (request["amount"]["total"] != order->total) return invalid("订单金额与原订单不一致，请核实后再试");
  if (now - order->paid_at > kRefundWindow) return invalid("订单已超过可退款的最大期限，支付完成后一年内可退款");
  return {};
}

Refusal RefundDesk::check_bounds(const Order& order, std::int64_t amount, UtcTime now) const {
  std::int64_t given = 0;
  std::int64_t count = 0;
  bool too_soon = false;
  for (const auto& [number, refund] : refunds_) {
    if (refund.out_trade_no != order.out_trade_no || refund.status == RefundStatus::closed) continue;
    given += refund.refund;
    ++count;
    too_soon = too_soon || now - refund.created < settings_.refund_spacing;
  }
  if (amount > order.total - given) return invalid("申请退款金额大于订单剩余可退金额");
  if (count >= kRefundsPerOrderMax) return error(403, kUnnumbered, "RULE_LIMIT", "一笔订单最多支持50次部分退款");
  if (too_soon) return error(429, kRateLimit, "FREQUENCY_LIMITED", "同一笔订单多次退款的请求需相隔1分钟");
  return {};
}

Answer RefundDesk::create(std::string_view body, RefundStatus outcome, UtcTime now) {
  json request;
  if (auto no = parse_body(body, request)) return *no;
  if (auto no = check_members(request, refund_members())) return *no;
  if (auto no = check_notify_url(request, 256)) return *no;
  if (auto no = check_sources(request["amount"])) return *no;
  bool by_transaction = request.contains("transaction_id");
  if (!by_transaction && !request.contains("out_trade_no"))
    return param_error("/transaction_id", "transaction_id or out_trade_no is required");

  auto number = request["out_refund_no"].get<std::string>();
  if (auto known = refunds_.find(number); known != refunds_.end()) {
    if (known->second.request != request)
      return error(400, kReentryMismatch, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致");
    return answered(object(known->second));
  }
  auto* order = by_transaction ? orders_.find_transaction(request["transaction_id"].get<std::string>(), now)
                               : orders_.find(request["out_trade_no"].get<std::string>(), now);
  if (auto no = check_order(order, request, now)) return *no;
  std::int64_t amount = request["amount"]["refund"];
  if (auto no = check_bounds(*order, amount, now)) return *no;

  RailRefund refund;
  refund.out_refund_no = number;
  refund.refund_id = "50300" + digits(mint_, 23);
  refund.out_trade_no = order->out_trade_no;
  refund.transaction_id = order->transaction_id;
  refund.notify_url = request.value("notify_url", "");
  refund.refund = amount;
  refund.total = order->total;
  refund.created = now;
  refund.outcome = outcome;
  refund.due = now + settings_.refund_delay;
  refund.request = std::move(request);
  order->status = TradeStatus::refunded;
  return answered(object(refunds_.emplace(number, std::move(refund)).first->second));
}

Result<const RailRefund*> RefundDesk::by_hand(std::string_view out_trade_no, std::optional<std::int64_t> fen,
                                              UtcTime now) {
  Order* order = orders_.find(out_trade_no, now);
  if (!order) return Error(Errc::not_found, "out_trade_no: no such order", "out_trade_no");
  if (!order->paid()) return Error(Errc::illegal_transition, "out_trade_no: not paid", "out_trade_no");
  if (now - order->paid_at > kRefundWindow)
    return Error(Errc::illegal_transition, "out_trade_no: paid more than a year ago", "out_trade_no");
  std::int64_t left = order->total;
  std::int64_t count = 0;
  for (const auto& [number, refund] : refunds_) {
    if (refund.out_trade_no != order->out_trade_no || refund.status == RefundStatus::closed) continue;
    left -= refund.refund;
    ++count;
  }
  if (count >= kRefundsPerOrderMax)
    return Error(Errc::illegal_transition, "out_trade_no: 50 refunds were made of it", "out_trade_no");
  if (left <= 0 || fen.value_or(left) > left)
    return Error(Errc::illegal_transition, "fen: more than the order has left, " + std::to_string(left), "fen");
  RailRefund refund;
  refund.out_refund_no = "hand" + digits(mint_, 24);
  refund.refund_id = "50300" + digits(mint_, 23);
  refund.out_trade_no = order->out_trade_no;
  refund.transaction_id = order->transaction_id;
  refund.notify_url = order->notify_url;
  refund.refund = fen.value_or(left);
  refund.total = order->total;
  refund.created = now;
  refund.due = now + settings_.refund_delay;
  refund.request = {{"amount", json::object()}};
  order->status = TradeStatus::refunded;
  const std::string number = refund.out_refund_no;
  return &refunds_.emplace(number, std::move(refund)).first->second;
}

Answer RefundDesk::query(std::string_view out_refund_no, std::string_view query) const {
  if (!query.empty())
    return param_error(query.substr(0, query.find('=')), "an extra parameter that is not taken here", "query",
                       kExtraParameter);
  auto found = refunds_.find(out_refund_no);
  if (found == refunds_.end()) return error(404, kOrderNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在");
  return answered(object(found->second));
}

Refusal RefundDesk::check_card(const json& request, std::string_view serial) const {
  const bool to_user = request["type"] == "USER_BANK_CARD";
  if (to_user && !request.contains("bank_type")) return param_error("/bank_type", "is required for USER_BANK_CARD");
  for (auto name : {"bank_account", "real_name"}) {
    auto path = "/" + std::string(name);
    if (to_user && !request.contains(name)) return param_error(path, "is required for USER_BANK_CARD");
    if (!request.contains(name)) continue;
    const auto* key = credentials_.key_of(serial);
    if (!key) return param_error("Wechatpay-Serial", "must name the key of the encrypted members", "header");
    if (!key->decrypt_oaep(request[name].get<std::string>()))
      return param_error(path, "is not encrypted with the key that Wechatpay-Serial names");
  }
  return {};
}

Answer RefundDesk::apply_abnormal(std::string_view refund_id, std::string_view body, std::string_view serial,
                                  UtcTime now) {
  json request;
  if (auto no = parse_body(body, request)) return *no;
  if (auto no = check_members(request, abnormal_refund_members())) return *no;
  if (auto no = check_card(request, serial)) return *no;
  auto found = refunds_.find(request["out_refund_no"].get<std::string>());
  if (found == refunds_.end() || found->second.refund_id != refund_id)
    return error(404, kOrderNotFound, "RESOURCE_NOT_EXISTS", "退款单不存在");
  auto& refund = found->second;
  // Sealed fields differ at every encryption: only what is in the clear can be compared.
  const std::string where = request["type"].get<std::string>() + ' ' + request.value("bank_type", "");
  if (refund.status == RefundStatus::abnormal) {
    refund.status = RefundStatus::processing;
    refund.outcome = RefundStatus::success;
    refund.due = now + settings_.refund_delay;
    refund.mended_to = where;
  } else if (refund.mended_to.empty()) {
    return invalid("退款单状态不是退款异常，不能发起异常退款");
  } else if (refund.mended_to != where) {
    return invalid("请求重入时，参数与首次请求时不一致");
  }
  return answered(object(refund));
}

std::vector<const RailRefund*> RefundDesk::settle(UtcTime now) {
  std::vector<const RailRefund*> settled;
  for (auto& [number, refund] : refunds_) {
    bool waits = refund.status == RefundStatus::processing && refund.outcome != RefundStatus::processing;
    if (!waits || refund.due > now) continue;
    refund.status = refund.outcome;
    if (refund.status == RefundStatus::success) refund.success_time = refund.due;
    settled.push_back(&refund);
  }
  std::stable_sort(settled.begin(), settled.end(), [](auto* a, auto* b) { return a->due < b->due; });
  return settled;
}

std::optional<UtcTime> RefundDesk::next_due() const {
  std::optional<UtcTime> next;
  for (const auto& [number, refund] : refunds_) {
    bool waits = refund.status == RefundStatus::processing && refund.outcome != RefundStatus::processing;
    if (waits && (!next || refund.due < *next)) next = refund.due;
  }
  return next;
}

json RefundDesk::object(const RailRefund& refund) {
  json out{{"refund_id", refund.refund_id},
           {"out_refund_no", refund.out_refund_no},
           {"transaction_id", refund.transaction_id},
           {"out_trade_no", refund.out_trade_no},
           {"channel", "ORIGINAL"},
           {"user_received_account", "支付用户零钱"},
           {"create_time", format_time_china(refund.created)},
           {"status", to_string(refund.status)},
           {"funds_account", refund.request.value("funds_account", "AVAILABLE")},
           {"promotion_detail", json::array()},
           {"amount",
            {{"total", refund.total},
             {"refund", refund.refund},
             {"from", refund.request["amount"].value("from", json::array())},
             {"payer_total", refund.total},
             {"payer_refund", refund.refund},
             {"settlement_refund", refund.refund},
             {"settlement_total", refund.total},
             {"discount_refund", 0},
             {"currency", "CNY"}}}};
  if (refund.status == RefundStatus::success) out["success_time"] = format_time_china(refund.success_time);
  return out;
}

json RefundDesk::notice(const RailRefund& refund) const {
  json out{{"mchid", credentials_.mchid},
           {"transaction_id", refund.transaction_id},
           {"out_trade_no", refund.out_trade_no},
           {"refund_id", refund.refund_id},
           {"out_refund_no", refund.out_refund_no},
           {"refund_status", to_string(refund.status)},
           {"user_received_account", "支付用户零钱"},
           {"amount",
            {{"total", refund.total},
             {"refund", refund.refund},
             {"payer_total", refund.total},
             {"payer_refund", refund.refund}}}};
  if (refund.status == RefundStatus::success) out["success_time"] = format_time_china(refund.success_time);
  return out;
}

}  // namespace purser::sandbox
