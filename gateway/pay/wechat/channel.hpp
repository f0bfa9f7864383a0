// WeChat Pay API v3, direct merchant, as a payment channel: orders by JSAPI (Mini Program) and Native (QR), queries,
// closing, refunds and webhooks. The same adapter talks to the live rail and to the sandbox.
#pragma once

#include "config/settings.hpp"
#include "gateway/pay/payment_channel.hpp"
#include "gateway/pay/wechat/rail_client.hpp"

#include <memory>
#include <string>

namespace purser::wechat {

class WechatChannel final : public PaymentChannel {
 public:
  // `notify_base`: how the rail reaches us, without a trailing '/'; webhooks go to
  // notify_base/webhooks/wechat/<tenant>. Error: config_bad_value for a base_url that is none.
  static Result<std::unique_ptr<WechatChannel>> make(const WechatSettings& settings, Keys keys, Ports ports,
                                                     std::string notify_base, bool sandbox);

  std::string_view name() const override { return "wechat"; }
  bool is_sandbox() const override { return sandbox_; }

  Result<std::string> order_body(const PaymentIntent& intent) const override;
  Result<std::string> refund_body(const PaymentIntent& intent, const Refund& refund) const override;

  // A no of the rail is asked about once more, by a query, before it is handed on.
  Task<OrderReply> create_order(PaymentIntent intent, Deadline deadline) override;
  Task<QueryReply> query_order(OutTradeNo number, Deadline deadline) override;
  Task<CloseReply> close_order(OutTradeNo number, Deadline deadline) override;
  Task<RefundReply> refund(Refund refund, Deadline deadline) override;
  Task<RefundReply> query_refund(OutRefundNo number, Deadline deadline) override;
  Task<Result<Confirmation>> confirmation(PaymentIntent intent, Deadline deadline) override;

  Result<Notification> read_notification(const RawNotification& raw) const override;
  Result<Notification> parse_resource(std::string_view event_type, std::string_view plain) const override;
  bool matches(const OrderFacts& facts, const PaymentIntent& intent) const override;
  Millis refund_spacing() const override { return refund_spacing_; }

  // Keys may be added and removed while the daemon runs; counts are for metrics.
  Verifier& verifier() { return rail_.verifier(); }

 private:
  WechatChannel(RailClient rail, std::string notify_base, Millis refund_spacing, bool sandbox);
  std::string notify_url(const TenantId& tenant) const;

  Task<OrderReply> create(PaymentIntent intent, Deadline deadline);
  Task<CloseReply> close(OutTradeNo number, Deadline deadline);
  Task<RefundReply> pay_back(Refund refund, Deadline deadline);

  RailClient rail_;
  std::string notify_base_;
  Millis refund_spacing_;
  bool sandbox_;
};

}  // namespace purser::wechat
