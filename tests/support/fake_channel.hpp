// A rail that says what the test wrote down, and remembers in which order it was asked. Without a script it is a rail
// on a quiet day: an order is taken, nobody has paid it, closing works, a refund is accepted and stays pending.
#pragma once

#include "gateway/pay/payment_channel.hpp"

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace purser::test {

// One call the rail received. `number` is the out_trade_no or out_refund_no, `body` the bytes as sent, where there are
// any.
struct RailCall {
  RailCall(std::string m, std::string n, std::string b)
      : method(std::move(m)), number(std::move(n)), body(std::move(b)) {}
  std::string method;  // "create_order", "query_order", "close_order", "refund", "query_refund", "mend_refund",
                       // "confirmation"
  std::string number;
  std::string body;
};

class FakeChannel final : public PaymentChannel {
 public:
  static constexpr std::string_view kMchid = "1900000001";
  static constexpr std::string_view kAppid = "wx0000000000000001";

  // Answers in order; when a list is empty the default stands.
  std::deque<OrderReply> orders;
  std::deque<QueryReply> queries;
  std::deque<CloseReply> closes;
  std::deque<RefundReply> refunds;
  std::deque<RefundReply> mends;
  std::deque<RefundReply> refund_queries;
  std::deque<Result<Confirmation>> confirmations;

  // Called when a call arrived and before it is answered: look at the store here, or throw to be a daemon that died.
  std::function<void(const RailCall&)> before;
  // The same, for a test that holds an answer back. Not owned by the call: leave it in place while one is in flight.
  std::function<Task<void>(RailCall)> gate;

  bool sandbox = true;
  Millis spacing{0};
  std::vector<RailCall> calls;

  std::size_t count(std::string_view method) const;
  // "create_order A", "query_order A", ... in the order they arrived.
  std::vector<std::string> order_of_calls() const;

  // Facts that match `intent`.
  static OrderFacts facts_of(const PaymentIntent& intent, TradeState state);
  static OrderFacts paid(const PaymentIntent& intent) { return facts_of(intent, TradeState::paid); }
  static RefundFacts facts_of(const PaymentIntent& intent, const Refund& refund, RefundEvent event);
  static QueryReply query_reply(OrderFacts facts);

  // Resources as they stand in NotificationRow.plain.
  static std::string plain_of(const OrderFacts& facts);
  static std::string plain_of(const RefundFacts& facts);
  // A webhook that read_notification accepts. Change the body and it does not verify; further values of the header
  // kSignatureHeader: "stale" is timestamp_skew, "unknown-serial", and "WECHATPAY/SIGNTEST/..." is a probe. The plain
  // text "sealed with another key" does not decrypt.
  static constexpr std::string_view kSignatureHeader = "Fake-Signature";
  static RawNotification webhook(std::string_view id, std::string_view event_type, std::string_view plain);

  std::string_view name() const override { return "wechat"; }
  bool is_sandbox() const override { return sandbox; }
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
  Millis refund_spacing() const override { return spacing; }

 private:
  Task<void> arrived(RailCall call);
  OrderReply default_order(const PaymentIntent& intent) const;
  RefundReply default_refund(const Refund& refund);

  std::map<std::string, RefundFacts> accepted_;  // by out_refund_no
};

}  // namespace purser::test
