// The channel against the simulated rail.
#include "tests/unit/gateway/pay/wechat/direct_rail.hpp"

namespace purser::wechat {
namespace {

using ChannelAndSandbox = DirectRail;

TEST_F(ChannelAndSandbox, FromOrderToRefund) {
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::succeeded) << made.says.code << " " << made.says.message;
  EXPECT_TRUE(made.code_url.starts_with("weixin://"));
  EXPECT_TRUE(made.says.request_id.ends_with("-0"));
  EXPECT_EQ(query().facts->state, TradeState::not_paid);
  pay();
  const QueryReply paid = query();
  EXPECT_EQ(paid.facts->state, TradeState::paid);
  EXPECT_TRUE(channel_->matches(*paid.facts, intent_));
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);
  ASSERT_TRUE(loop_.advance(seconds(2)));
  rail_.settle(now());
  const RefundReply done = query_refund();
  EXPECT_EQ(done.outcome, Outcome::succeeded);
  EXPECT_EQ(done.facts->refund, Money(300, Currency::cny()));
  EXPECT_EQ(query().facts->state, TradeState::refunded);
  for (const auto& entry : rail_.traffic()) EXPECT_EQ(entry.verdict, "ok") << entry.target;
}

TEST_F(ChannelAndSandbox, BothWebhooksAreRead) {
  pay_order();
  auto deliveries = rail_.take_deliveries(now());
  ASSERT_EQ(deliveries.size(), 1u);
  EXPECT_EQ(deliveries[0].url, "http://127.0.0.1:8080/webhooks/wechat/acme");
  const auto payment = channel_->read_notification({deliveries[0].headers, deliveries[0].body});
  ASSERT_TRUE(payment.ok());
  EXPECT_EQ(payment->event_type, "TRANSACTION.SUCCESS");
  EXPECT_TRUE(channel_->matches(*payment->order, intent_));
  EXPECT_EQ(pay_back(1299).outcome, Outcome::pending);
  ASSERT_TRUE(loop_.advance(seconds(2)));
  rail_.settle(now());
  deliveries = rail_.take_deliveries(now());
  ASSERT_EQ(deliveries.size(), 1u);
  const auto back = channel_->read_notification({deliveries[0].headers, deliveries[0].body});
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->refund->event, RefundEvent::rail_succeeded);
  EXPECT_EQ(back->refund->refund, Money(1299, Currency::cny()));
}

TEST_F(ChannelAndSandbox, AMiniProgramOrder) {
  use(TradeKind::mini_program);
  const OrderReply made = create();
  EXPECT_EQ(made.outcome, Outcome::succeeded) << made.says.code << " " << made.says.message;
  EXPECT_FALSE(made.prepay_id.empty());
  intent_.order.prepay_id = made.prepay_id;
  EXPECT_TRUE(loop_.play(channel_->confirmation(intent_, deadline())).ok());
}

TEST_F(ChannelAndSandbox, TheSameBytesAgainAreTheSameOrder) {
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  intent_.order.request_body += " ";  // JSON of the same meaning
  EXPECT_EQ(create().outcome, Outcome::succeeded);
  intent_.amount = Money(1300, Currency::cny());
  intent_.order.request_body = channel_->order_body(intent_).value();
  EXPECT_EQ(create().outcome, Outcome::unknown);  // refused, but the rail does hold an order of this number
}

TEST_F(ChannelAndSandbox, APaidOrderSaysSo) {
  pay_order();
  const OrderReply again = create();
  EXPECT_EQ(again.outcome, Outcome::unknown);
  EXPECT_TRUE(again.already_paid);
  const CloseReply closed = close();
  EXPECT_EQ(closed.outcome, Outcome::declined);
  EXPECT_TRUE(closed.already_paid);
}

TEST_F(ChannelAndSandbox, AClosedOrderIsClosed) {
  const CloseReply nothing = close();
  EXPECT_EQ(nothing.outcome, Outcome::declined);
  EXPECT_FALSE(nothing.already_paid);
  ASSERT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(close().outcome, Outcome::succeeded);
  EXPECT_EQ(close().outcome, Outcome::succeeded);
  EXPECT_EQ(query().facts->state, TradeState::closed);
  const OrderReply again = create();
  EXPECT_EQ(again.outcome, Outcome::declined);
  EXPECT_TRUE(again.closed);
}

TEST_F(ChannelAndSandbox, LostAnswersAreUnknownAndOneOrderResults) {
  for (const char* what : {"timeout_before", "timeout_after", "reset", "reset_after", "unsigned", "bad_signature",
                           "tampered", "signtest", "stale_timestamp", "unknown_serial", "malformed"}) {
    rail_.reset();
    fault("create", what);
    EXPECT_EQ(create().outcome, Outcome::unknown) << what;
    EXPECT_EQ(create().outcome, Outcome::succeeded) << what;
    EXPECT_EQ(rail_.orders(now()).size(), 1u) << what;
  }
}

TEST_F(ChannelAndSandbox, LostAnswersToARefundPayBackOnce) {
  for (const char* what : {"timeout_after", "reset_after", "unsigned", "tampered", "http_500_after", "wrong_amount"}) {
    rail_.reset();
    pay_order();
    fault("refund", what);
    const RefundReply first = pay_back(300);
    // After a 500 the same number is sent again within the call, and the rail knows it.
    EXPECT_EQ(first.outcome, std::string_view(what) == "http_500_after" ? Outcome::pending : Outcome::unknown) << what;
    // Eight seconds of silence are long enough for the refund to become final.
    EXPECT_EQ(pay_back(300).outcome, std::string_view(what) == "timeout_after" ? Outcome::succeeded : Outcome::pending)
        << what;
    EXPECT_EQ(rail_.refunds().size(), 1u) << what;
  }
}

TEST_F(ChannelAndSandbox, BusyAnswersAreRepeatedWithinTheCall) {
  for (const char* what : {"http_500", "http_500_after", "http_502", "http_503", "http_429"}) {
    rail_.reset();
    fault("create", what, 2);
    EXPECT_EQ(create().outcome, Outcome::succeeded) << what;
    EXPECT_EQ(rail_.traffic().size(), 3u) << what;
    EXPECT_EQ(rail_.orders(now()).size(), 1u) << what;
  }
  rail_.reset();
  fault("create", "http_429", 3);
  EXPECT_EQ(create().outcome, Outcome::unknown);
}

TEST_F(ChannelAndSandbox, BothKeysOfTheRailAreKnown) {
  fault("create", "other_key");
  EXPECT_EQ(create().outcome, Outcome::succeeded);
}

TEST_F(ChannelAndSandbox, SignedButWrongFactsDoNotMatch) {
  pay_order();
  for (const char* what : {"wrong_amount", "wrong_currency", "wrong_mchid", "wrong_appid"}) {
    fault("query", what);
    const QueryReply asked = query();
    ASSERT_EQ(asked.outcome, Outcome::succeeded) << what;
    EXPECT_FALSE(channel_->matches(*asked.facts, intent_)) << what;
  }
}

TEST_F(ChannelAndSandbox, RefundsTheRailDoesNotMake) {
  ASSERT_EQ(create().outcome, Outcome::succeeded);
  EXPECT_EQ(pay_back(300).outcome, Outcome::declined);  // not paid yet
  pay();
  fault("refund", "not_enough");
  EXPECT_TRUE(pay_back(300).short_funds);
  EXPECT_TRUE(query_refund().not_known);
  EXPECT_EQ(pay_back(300).outcome, Outcome::pending);  // topped up, same number
  EXPECT_EQ(rail_.effects().size(), 1u);               // the capture; the refund is under way
}

TEST_F(ChannelAndSandbox, RefundsThatEndBadly) {
  for (const auto& [what, outcome, event] : {std::tuple("abnormal", Outcome::pending, RefundEvent::rail_abnormal),
                                             std::tuple("closed", Outcome::declined, RefundEvent::rail_closed)}) {
    rail_.reset();
    pay_order();
    fault("refund", what);
    EXPECT_EQ(pay_back(300).outcome, Outcome::pending) << what;
    ASSERT_TRUE(loop_.advance(seconds(2)));
    rail_.settle(now());
    const RefundReply asked = query_refund();
    EXPECT_EQ(asked.outcome, outcome) << what;
    EXPECT_EQ(asked.facts->event, event) << what;
  }
}

TEST_F(ChannelAndSandbox, WebhooksThatAreNotRight) {
  const std::pair<const char*, Errc> faults[] = {
      {"bad_signature", Errc::signature_invalid}, {"signtest", Errc::signature_probe},
      {"stale_timestamp", Errc::timestamp_skew},  {"unknown_serial", Errc::unknown_serial},
      {"tampered", Errc::signature_invalid},      {"unsigned", Errc::signature_invalid},
      {"bad_ciphertext", Errc::decrypt_failed},
  };
  for (const auto& [what, code] : faults) {
    rail_.reset();
    pay_order();
    fault("webhook", what);
    const auto deliveries = rail_.take_deliveries(now());
    ASSERT_EQ(deliveries.size(), 1u) << what;
    EXPECT_EQ(channel_->read_notification({deliveries[0].headers, deliveries[0].body}).code(), code) << what;
  }
}

}  // namespace
}  // namespace purser::wechat
