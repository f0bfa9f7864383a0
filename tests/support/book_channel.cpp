#include "tests/support/book_channel.hpp"

#include "gateway/pay/wechat/answers.hpp"

namespace purser::test {
namespace {

RailSays says_of(const sandbox::Answer& answer) {
  RailSays says;
  says.http_status = answer.status;
  says.code = answer.code;
  return says;
}

RailSays nothing() {
  RailSays says;
  says.code = "timed_out";
  return says;
}

}  // namespace

BookChannel::BookChannel(const sandbox::SandboxCredentials& credentials, Mint& mint, Clock& clock)
    : credentials_(credentials),
      clock_(clock),
      merchant_{credentials.mchid, credentials.appid},
      orders_(credentials_, settings_, mint),
      refunds_(credentials_, settings_, mint, orders_) {}

sandbox::Answer BookChannel::noted(std::string what, std::string number, std::string body, sandbox::Answer answer) {
  calls.push_back(Call{std::move(what), std::move(number), std::move(body), !answer.refused()});
  return answer;
}

Result<OrderFacts> BookChannel::pay(const OutTradeNo& number, const std::string& openid) {
  auto paid = orders_.pay(number.str(), openid, now());
  if (!paid) return paid.error();
  return wechat::read_order(orders_.transaction(*orders_.find(number.str(), now())).dump());
}

Result<std::string> BookChannel::order_body(const PaymentIntent& intent) const {
  return wechat::order_body(intent, merchant_, wechat::OrderExtras(), kNotifyUrl);
}

Result<std::string> BookChannel::refund_body(const PaymentIntent& intent, const Refund& refund) const {
  return wechat::refund_body(intent, refund, kNotifyUrl);
}

Task<OrderReply> BookChannel::create_order(PaymentIntent intent, Deadline) {
  const auto type =
      intent.order.kind == TradeKind::mini_program ? sandbox::TradeType::jsapi : sandbox::TradeType::native;
  const sandbox::Answer answer = noted("create", intent.order.out_trade_no.str(), intent.order.request_body,
                                       orders_.create(type, intent.order.request_body, now()));
  OrderReply reply;
  if (loses_answer()) {
    reply.says = nothing();
    co_return reply;
  }
  reply.says = says_of(answer);
  reply.outcome = answer.refused() ? Outcome::declined : Outcome::succeeded;
  reply.already_paid = answer.code == "ORDER_PAID" || answer.code == "ORDERPAID";
  reply.closed = answer.code == "ORDER_CLOSED";
  if (answer.refused()) co_return reply;
  auto handle = wechat::read_order_handle(answer.body, intent.order.kind);
  if (handle) {
    reply.prepay_id = handle->prepay_id;
    reply.code_url = handle->code_url;
  }
  co_return reply;
}

Task<QueryReply> BookChannel::query_order(OutTradeNo number, Deadline) {
  const sandbox::Answer answer =
      noted("query", number.str(), "", orders_.query(number.str(), "mchid=" + merchant_.mchid, now()));
  QueryReply reply;
  reply.says = says_of(answer);
  reply.outcome = answer.refused() ? Outcome::declined : Outcome::succeeded;
  if (answer.refused()) co_return reply;
  auto facts = wechat::read_order(answer.body);
  if (facts) reply.facts = *std::move(facts);
  co_return reply;
}

Task<CloseReply> BookChannel::close_order(OutTradeNo number, Deadline) {
  const std::string body = wechat::close_body(merchant_);
  const sandbox::Answer answer = noted("close", number.str(), body, orders_.close(number.str(), body, now()));
  CloseReply reply;
  reply.says = says_of(answer);
  reply.outcome = answer.refused() ? Outcome::declined : Outcome::succeeded;
  reply.already_paid = answer.code == "ORDER_PAID" || answer.code == "ORDERPAID";
  co_return reply;
}

Task<RefundReply> BookChannel::refund(Refund refund, Deadline) {
  const sandbox::Answer answer = noted("refund", refund.out_refund_no.str(), refund.request_body,
                                       refunds_.create(refund.request_body, sandbox::RefundStatus::success, now()));
  RefundReply reply;
  if (loses_answer()) {
    reply.says = nothing();
    co_return reply;
  }
  reply.says = says_of(answer);
  reply.outcome = answer.refused() ? Outcome::declined : Outcome::pending;
  if (answer.refused()) co_return reply;
  auto facts = wechat::read_refund(answer.body);
  if (facts) {
    reply.outcome = wechat::outcome_of(facts->event);
    reply.facts = *std::move(facts);
  }
  co_return reply;
}

// These books know no refund that goes wrong.
Task<RefundReply> BookChannel::mend_refund(Refund refund, RefundAccount, Deadline deadline) {
  return query_refund(std::move(refund.out_refund_no), deadline);
}

Task<RefundReply> BookChannel::query_refund(OutRefundNo number, Deadline) {
  (void)refunds_.settle(now());
  const sandbox::Answer answer = noted("query_refund", number.str(), "", refunds_.query(number.str(), ""));
  RefundReply reply;
  reply.says = says_of(answer);
  reply.not_known = answer.refused();
  reply.outcome = answer.refused() ? Outcome::declined : Outcome::pending;
  if (answer.refused()) co_return reply;
  auto facts = wechat::read_refund(answer.body);
  if (facts) {
    reply.outcome = wechat::outcome_of(facts->event);
    reply.facts = *std::move(facts);
  }
  co_return reply;
}

Task<Result<Confirmation>> BookChannel::confirmation(PaymentIntent intent, Deadline) {
  Confirmation with;
  with.kind = intent.order.kind;
  with.code_url = intent.order.code_url;
  with.package = intent.order.prepay_id.empty() ? "" : "prepay_id=" + intent.order.prepay_id;
  co_return with;
}

Result<Notification> BookChannel::read_notification(const RawNotification&) const {
  return Errc::signature_invalid;
}

Result<Notification> BookChannel::parse_resource(std::string_view event_type, std::string_view plain) const {
  return wechat::read_resource(event_type, plain, merchant_.mchid);
}

bool BookChannel::matches(const OrderFacts& facts, const PaymentIntent& intent) const {
  return facts.mchid == merchant_.mchid && facts.appid == merchant_.appid && facts.total == intent.amount;
}

}  // namespace purser::test
