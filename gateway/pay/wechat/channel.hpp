// WeChat Pay API v3, direct merchant, as a payment channel: orders by JSAPI (Mini Program), Native (QR), H5 and App,
// queries, closing, refunds, bills and webhooks. The same adapter talks to the live rail and to the sandbox.
#pragma once

#include "config/settings.hpp"
#include "gateway/metrics.hpp"
#include "gateway/pay/payment_channel.hpp"
#include "gateway/pay/wechat/rail_client.hpp"
#include "validation/books/flow_bill.hpp"
#include "validation/books/trade_bill.hpp"

#include <map>
#include <memory>
#include <optional>
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
  Task<RefundReply> mend_refund(Refund refund, RefundAccount account, Deadline deadline) override;
  Task<Result<Confirmation>> confirmation(PaymentIntent intent, Deadline deadline) override;

  Result<Notification> read_notification(const RawNotification& raw) const override;
  Result<Notification> parse_resource(std::string_view event_type, std::string_view plain) const override;
  bool matches(const OrderFacts& facts, const PaymentIntent& intent) const override;
  Millis refund_spacing() const override { return refund_spacing_; }

  Task<bool> refresh_keys(Deadline deadline) override;

  // A paid order by the rail's own number, which stands on receipts and bills.
  Task<QueryReply> query_transaction(std::string transaction_id, Deadline deadline);
  // What moved on one day in China, `date` = yyyy-MM-dd; ready at ten in the morning of the next. Errors:
  // rail_not_found when the rail has no bill of that day, reply_malformed when the file is not what its digest or its
  // sums say, rail_unknown otherwise.
  Task<Result<books::TradeBill>> trade_bill(std::string date, Deadline deadline);
  Task<Result<books::FlowBill>> flow_bill(std::string date, Deadline deadline);

  // Housekeeping until canceled: polls the certificates twice a day where they are in use, shows in `metrics` how many
  // days each certificate has left, and warns from 30 days on. Runs in a task group.
  Task<void> run(Metrics& metrics);
  // Other keys from now on, without a connection dropped. Error: the first of the mistakes; the old keys stay then.
  Result<void> reload(const WechatSettings& settings);

  // Keys may be added and removed while the daemon runs; counts are for metrics.
  Verifier& verifier() { return rail_.verifier(); }

 private:
  WechatChannel(RailClient rail, std::string notify_base, OrderExtras extras, Millis refund_spacing, bool sandbox);
  std::string notify_url(const TenantId& tenant) const;

  Task<OrderReply> create(PaymentIntent intent, Deadline deadline);
  Task<CloseReply> close(OutTradeNo number, Deadline deadline);
  Task<RefundReply> pay_back(Refund refund, Deadline deadline);
  Task<RefundReply> mend(Refund refund, RefundAccount account, Deadline deadline);
  Task<Result<std::string>> bill_file(BillOf what, std::string date, Deadline deadline);
  Task<Result<Confirmation>> sign_for_client(PaymentIntent intent);
  void watch_ends(Metrics& metrics);

  // What the rail handed out to pay with, and the card made of it.
  struct Handle {
    std::string prepay_id;
    std::string code_url;
    UtcTime at{};
    std::optional<Confirmation> card;
    Clock::time_point card_at{};
  };
  Handle& handle_of(const PaymentIntent& intent);
  void forget_old_handles();

  RailClient rail_;
  std::string notify_base_;
  OrderExtras extras_;
  std::map<std::string, Handle, std::less<>> handles_;  // by out_trade_no
  Millis refund_spacing_;
  bool sandbox_;
};

}  // namespace purser::wechat
