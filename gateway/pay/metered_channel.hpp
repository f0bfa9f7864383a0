// Counts the calls to a rail: which, how they ended, how long they took with all their attempts.
#pragma once

#include "gateway/metrics.hpp"
#include "gateway/pay/payment_channel.hpp"

#include <memory>

namespace purser {

inline constexpr double kRailBuckets[] = {0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40};

inline constexpr MetricFamily kRailCalls{"purser_rail_calls_total", "Calls to the rail by operation and outcome."};
inline constexpr MetricFamily kRailTime{"purser_rail_call_duration_seconds",
                                        "Time of a call to the rail, its further attempts included.",
                                        MetricFamily::Kind::histogram, kRailBuckets};

class MeteredChannel final : public PaymentChannel {
 public:
  // `metrics` and `clock` outlive it.
  MeteredChannel(std::unique_ptr<PaymentChannel> behind, Metrics& metrics, Clock& clock)
      : channel_(std::move(behind)), metrics_(metrics), clock_(clock) {}

  std::string_view name() const override;
  bool is_sandbox() const override;
  Result<std::string> order_body(const PaymentIntent& intent) const override;
  Result<std::string> refund_body(const PaymentIntent& intent, const Refund& refund) const override;
  Task<OrderReply> create_order(PaymentIntent intent, Deadline deadline) override;
  Task<QueryReply> query_order(OutTradeNo number, Deadline deadline) override;
  Task<CloseReply> close_order(OutTradeNo number, Deadline deadline) override;
  Task<RefundReply> refund(Refund refund, Deadline deadline) override;
  Task<RefundReply> query_refund(OutRefundNo number, Deadline deadline) override;
  Task<RefundReply> mend_refund(Refund refund, RefundAccount account, Deadline deadline) override;
  Task<Result<Confirmation>> confirmation(PaymentIntent intent, Deadline deadline) override;
  Result<Notification> read_notification(const RawNotification& raw) const override;
  Task<bool> refresh_keys(Deadline deadline) override;
  Result<Notification> parse_resource(std::string_view event_type, std::string_view plain) const override;
  bool matches(const OrderFacts& facts, const PaymentIntent& intent) const override;
  Millis refund_spacing() const override;

 private:
  template <class Reply>
  Task<Reply> counted(std::string_view operation, std::string thread, Task<Reply> call);

  std::unique_ptr<PaymentChannel> channel_;
  Metrics& metrics_;
  Clock& clock_;
};

}  // namespace purser
