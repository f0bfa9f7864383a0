// The sandbox's books as a rail within the process: the wire bodies are the real ones and the simulator judges them,
// but there is no socket and no signature between, so that ten thousand conversations take a minute. Remembers every
// call.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/pay/payment_channel.hpp"
#include "gateway/pay/wechat/codec.hpp"
#include "gateway/sandbox/orders.hpp"
#include "gateway/sandbox/refunds.hpp"

#include <functional>
#include <string>
#include <vector>

namespace purser::test {

class BookChannel final : public PaymentChannel {
 public:
  struct Call {
    std::string what;  // "create", "query", "close", "refund", "query_refund"
    std::string number;
    std::string body;
    bool accepted = false;
  };

  BookChannel(const sandbox::SandboxCredentials& credentials, Mint& mint, Clock& clock);

  // The payer's phone, and what the rail then says of the order.
  Result<OrderFacts> pay(const OutTradeNo& number, const std::string& openid);

  // True: the rail did what it was asked, but its answer is lost.
  std::function<bool()> loses_answer = [] { return false; };
  std::vector<Call> calls;
  static constexpr std::string_view kNotifyUrl = "https://shop.example/webhooks/wechat/acme";

  sandbox::OrderBook& orders() { return orders_; }
  const sandbox::RefundDesk& refunds() const { return refunds_; }
  const wechat::Merchant& merchant() const { return merchant_; }

  std::string_view name() const override { return "wechat"; }
  bool is_sandbox() const override { return true; }
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
  Result<Notification> parse_resource(std::string_view event_type, std::string_view plain) const override;
  bool matches(const OrderFacts& facts, const PaymentIntent& intent) const override;
  Millis refund_spacing() const override { return Millis(60'000); }

 private:
  sandbox::Answer noted(std::string what, std::string number, std::string body, sandbox::Answer answer);
  UtcTime now() const { return clock_.durable(); }

  const sandbox::SandboxCredentials& credentials_;
  Clock& clock_;
  wechat::Merchant merchant_;
  sandbox::SandboxSettings settings_;
  sandbox::OrderBook orders_;
  sandbox::RefundDesk refunds_;
};

}  // namespace purser::test
