#include "gateway/pay/metered_channel.hpp"

#include "gateway/telemetry/trace.hpp"

#include <chrono>

namespace purser {

template <class Reply>
Task<Reply> MeteredChannel::counted(std::string_view operation, std::string thread, Task<Reply> call) {
  const auto began = clock_.now();
  trace::Span span = trace::begin("rail " + std::string(operation), trace::Kind::client, trace::of_thread(thread));
  span.set("purser.rail.channel", name());
  span.set("purser.rail.operation", operation);
  Reply reply = co_await std::move(call);
  span.set("purser.rail.outcome", to_string(reply.outcome));
  if (reply.says.http_status != 0) span.set("http.response.status_code", reply.says.http_status);
  if (reply.outcome == Outcome::unknown) span.fail("unknown");
  const std::chrono::duration<double> took = clock_.now() - began;
  metrics_.observe(kRailTime, {{"operation", std::string(operation)}}, took.count());
  metrics_.add(kRailCalls, {{"operation", std::string(operation)}, {"outcome", std::string(to_string(reply.outcome))}});
  co_return reply;
}

Task<OrderReply> MeteredChannel::create_order(PaymentIntent intent, Deadline deadline) {
  std::string thread = intent.thread.str();
  return counted("create_order", std::move(thread), channel_->create_order(std::move(intent), deadline));
}
Task<QueryReply> MeteredChannel::query_order(OutTradeNo number, Deadline deadline) {
  return counted("query_order", std::string(), channel_->query_order(std::move(number), deadline));
}
Task<CloseReply> MeteredChannel::close_order(OutTradeNo number, Deadline deadline) {
  return counted("close_order", std::string(), channel_->close_order(std::move(number), deadline));
}
Task<RefundReply> MeteredChannel::refund(Refund refund, Deadline deadline) {
  std::string thread = refund.thread.str();
  return counted("refund", std::move(thread), channel_->refund(std::move(refund), deadline));
}
Task<RefundReply> MeteredChannel::query_refund(OutRefundNo number, Deadline deadline) {
  return counted("query_refund", std::string(), channel_->query_refund(std::move(number), deadline));
}
Task<RefundReply> MeteredChannel::mend_refund(Refund refund, RefundAccount account, Deadline deadline) {
  std::string thread = refund.thread.str();
  return counted("mend_refund", std::move(thread),
                 channel_->mend_refund(std::move(refund), std::move(account), deadline));
}

// --- handed on as they are --------------------------------------------------------------------------------------

std::string_view MeteredChannel::name() const {
  return channel_->name();
}
bool MeteredChannel::is_sandbox() const {
  return channel_->is_sandbox();
}
Result<std::string> MeteredChannel::order_body(const PaymentIntent& intent) const {
  return channel_->order_body(intent);
}
Result<std::string> MeteredChannel::refund_body(const PaymentIntent& intent, const Refund& refund) const {
  return channel_->refund_body(intent, refund);
}
Task<Result<Confirmation>> MeteredChannel::confirmation(PaymentIntent intent, Deadline deadline) {
  return channel_->confirmation(std::move(intent), deadline);
}
Result<Notification> MeteredChannel::read_notification(const RawNotification& raw) const {
  return channel_->read_notification(raw);
}
Task<bool> MeteredChannel::refresh_keys(Deadline deadline) {
  return channel_->refresh_keys(deadline);
}
Result<Notification> MeteredChannel::parse_resource(std::string_view event_type, std::string_view plain) const {
  return channel_->parse_resource(event_type, plain);
}
bool MeteredChannel::matches(const OrderFacts& facts, const PaymentIntent& intent) const {
  return channel_->matches(facts, intent);
}
Millis MeteredChannel::refund_spacing() const {
  return channel_->refund_spacing();
}

}  // namespace purser
