// The rail's notifications from the door to the ledger. The judge is the database, not the status that was answered.
#include "agent/resume/webhook_inbox.hpp"

#include "gateway/log.hpp"
#include "tests/support/desk.hpp"
#include "tests/support/stopped_store.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace purser::test {
namespace {

using nlohmann::json;

class WebhookTest : public testing::Test {
 protected:
  Desk& open(const std::string& failpoints = {}) {
    desk_.reset();
    desk_ = std::make_unique<Desk>(folder_.path(), failpoints);
    return *desk_;
  }
  static http::Request door(const RawNotification& raw) {
    http::Request sent;
    sent.method = "POST";
    sent.target = sent.path = "/webhooks/wechat/acme";
    sent.headers = raw.headers;
    sent.body = raw.body;
    return sent;
  }
  static RawNotification paid(const PaymentIntent& intent, std::string_view id = "N1") {
    return FakeChannel::webhook(id, "TRANSACTION.SUCCESS", FakeChannel::plain_of(FakeChannel::paid(intent)));
  }
  http::Response send(const RawNotification& raw) { return desk_->send(door(raw)); }
  std::uint64_t counted(std::string verdict) {
    return desk_->metrics.value(kWebhooks, {{"verdict", std::move(verdict)}});
  }
  std::size_t captures(const PaymentIntent& intent) {
    return desk_->loop.run(desk_->store->ledger_of_intent(intent.id)).value().size();
  }
  bool stored(std::string id) { return desk_->loop.run(desk_->store->notification("wechat", std::move(id))).ok(); }
  bool applied(std::string id) {
    auto row = desk_->loop.run(desk_->store->notification("wechat", std::move(id)));
    return row && row->applied;
  }
  // The thread's reply to the payment, how often it stands there.
  std::size_t replies(const PaymentIntent& intent) {
    const auto rows = desk_->loop.run(desk_->store->messages(intent.thread, 0, 1000)).value();
    return static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [](const Message& row) { return row.role == Role::event; }));
  }
  void expect_one_effect(const PaymentIntent& intent) {
    desk_->work_off();
    EXPECT_EQ(desk_->intent(intent.id.str()).state, IntentState::succeeded);
    EXPECT_EQ(captures(intent), 1U);
    EXPECT_EQ(replies(intent), 1U);
    EXPECT_TRUE(desk_->loop.run(desk_->store->verify_ledger()).ok());
  }
  void expect_no_effect(const PaymentIntent& intent) {
    EXPECT_FALSE(stored("N1"));
    desk_->work_off();
    EXPECT_EQ(desk_->intent(intent.id.str()).state, IntentState::awaiting_payment);
    EXPECT_EQ(captures(intent), 0U);
  }

  TempFolder folder_;
  std::unique_ptr<Desk> desk_;
};

TEST_F(WebhookTest, W1_one_delivery_has_one_effect) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  const auto answer = send(paid(intent));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(body_of(answer), json::parse(R"({"code":"SUCCESS","message":"成功"})"));
  EXPECT_EQ(desk.pokes, 1);
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::awaiting_payment);  // acknowledged, not yet applied
  expect_one_effect(intent);
  EXPECT_TRUE(applied("N1"));
  EXPECT_EQ(counted("stored"), 1U);
}

TEST_F(WebhookTest, W2_a_second_delivery_has_none) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  EXPECT_EQ(send(paid(intent)).status, 200);
  EXPECT_EQ(send(paid(intent)).status, 200);
  expect_one_effect(intent);
  EXPECT_EQ(send(paid(intent)).status, 200);  // after it was applied
  expect_one_effect(intent);
  EXPECT_EQ(send(paid(intent, "N2")).status, 200);  // the same payment under another id
  expect_one_effect(intent);
  EXPECT_EQ(counted("duplicate"), 2U);
}

TEST_F(WebhookTest, W3_deliveries_at_the_same_time_have_one) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  std::vector<Started<http::Response>> started;
  for (int i = 0; i < 20; ++i) started.push_back(desk.loop.start(desk.api.handle(door(paid(intent)))));
  ASSERT_TRUE(desk.loop.until(
      [&] { return std::all_of(started.begin(), started.end(), [](const auto& one) { return one.done(); }); }));
  for (auto& one : started) EXPECT_EQ(one.get().status, 200);
  expect_one_effect(intent);
}

TEST_F(WebhookTest, W4_events_in_the_wrong_order_end_in_the_right_state) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  // The order is over, and then its payment is told.
  desk.pass(std::chrono::minutes(6));
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::expired);
  auto late = FakeChannel::paid(intent);
  late.success_time = intent.expires_at + std::chrono::seconds(1);
  EXPECT_EQ(send(FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", FakeChannel::plain_of(late))).status, 200);
  desk.work_off();
  const auto refunds = desk.loop.run(desk.store->refunds_of_intent(intent.id)).value();
  ASSERT_EQ(refunds.size(), 1U);  // late money goes back, whole
  EXPECT_EQ(refunds[0].amount, intent.amount);

  // Of a refund the end is told before its beginning.
  const auto end = FakeChannel::facts_of(intent, refunds[0], RefundEvent::rail_succeeded);
  const auto begin = FakeChannel::facts_of(intent, refunds[0], RefundEvent::rail_accepted);
  EXPECT_EQ(send(FakeChannel::webhook("R2", "REFUND.SUCCESS", FakeChannel::plain_of(end))).status, 200);
  desk.work_off();
  EXPECT_EQ(send(FakeChannel::webhook("R1", "REFUND.PROCESSING", FakeChannel::plain_of(begin))).status, 200);
  desk.work_off();
  EXPECT_EQ(desk.loop.run(desk.store->refund(refunds[0].id)).value().state, RefundState::succeeded);
  EXPECT_TRUE(desk.loop.run(desk.store->verify_ledger()).ok());
}

TEST_F(WebhookTest, W5_W14_an_acknowledgement_that_is_lost_changes_nothing) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  auto lost = desk.loop.start(desk.api.handle(door(paid(intent))));
  desk.loop.ioc.restart();
  desk.loop.ioc.poll();
  lost.cancel();  // the rail has hung up while the row was on its way
  ASSERT_TRUE(desk.loop.until([&] { return lost.done() && desk.group.size() == 0; }));
  EXPECT_TRUE(stored("N1"));
  EXPECT_EQ(send(paid(intent)).status, 200);
  expect_one_effect(intent);
}

TEST_F(WebhookTest, W6_what_was_not_stored_is_not_acknowledged) {
  Desk& desk = open("before:notification.stored:1:fail");
  const PaymentIntent intent = desk.buy(desk.thread());
  const auto refused = send(paid(intent));
  EXPECT_EQ(refused.status, 500);
  EXPECT_EQ(body_of(refused)["code"], "FAIL");
  EXPECT_EQ(counted("not_stored"), 1U);
  EXPECT_FALSE(stored("N1"));
  EXPECT_EQ(send(paid(intent)).status, 200);
  expect_one_effect(intent);
}

TEST_F(WebhookTest, W6_stored_but_not_known_to_be_is_answered_by_the_retry) {
  Desk& desk = open("after:notification.stored:1:fail");
  const PaymentIntent intent = desk.buy(desk.thread());
  EXPECT_EQ(send(paid(intent)).status, 500);
  EXPECT_EQ(send(paid(intent)).status, 200);
  expect_one_effect(intent);
}

// A store that takes ten seconds for a commit.
class SlowStore final : public StoppedStore {
 public:
  explicit SlowStore(Clock& clock) : clock_(clock) {}
  Task<Result<Receipt>> commit(Batch batch) override {
    committing.push_back(batch.name);
    const auto later = clock_.now() + std::chrono::seconds(10);
    (void)co_await clock_.sleep_until(later);
    ++committed;
    co_return Receipt();
  }
  std::vector<std::string> committing;
  int committed = 0;

 private:
  Clock& clock_;
};

TEST_F(WebhookTest, a_store_that_stalls_is_not_waited_for_longer_than_the_rail_waits) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  SlowStore slow(desk.loop.clock);
  WebhookInbox inbox({slow, desk.channel, desk.cashier, desk.loop.clock, desk.group, desk.metrics}, [] {});
  auto sent = desk.loop.start(inbox.receive(door(paid(intent)), TenantId::trusted("acme")));
  desk.loop.advance(WebhookInbox::kAckLimit - Millis(1));
  EXPECT_FALSE(sent.done());
  desk.loop.advance(Millis(1));
  ASSERT_TRUE(sent.done());
  EXPECT_EQ(sent.get().status, 500);
  EXPECT_EQ(slow.committing, std::vector<std::string>{"notification.stored"});
  desk.loop.advance(std::chrono::seconds(10));
  EXPECT_EQ(slow.committed, 1);  // what was begun is finished, and the rail's next try finds it
}

TEST_F(WebhookTest, W7_to_W11_what_does_not_verify_has_no_effect) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  const RawNotification good = paid(intent);
  const auto with = [&](const char* signature) {
    http::Request sent = door(good);
    set_header(sent, std::string(FakeChannel::kSignatureHeader), signature);
    return sent;
  };
  http::Request unsigned_one = door(good);
  drop_header(unsigned_one, FakeChannel::kSignatureHeader);
  http::Request altered = door(good);
  altered.body.replace(altered.body.find("N1"), 2, "N2");
  const std::vector<std::pair<http::Request, std::string>> refused = {
      {unsigned_one, "signature_invalid"},   {with("not base64 \x01"), "signature_invalid"},
      {with("v1-123"), "signature_invalid"}, {with("unknown-serial"), "unknown_serial"},
      {with("stale"), "timestamp_skew"},     {altered, "signature_invalid"},
  };
  for (const auto& [sent, verdict] : refused) {
    const auto before = counted(verdict);
    const auto answer = desk.send(sent);
    EXPECT_EQ(answer.status, 401) << verdict;
    EXPECT_EQ(body_of(answer)["code"], "FAIL") << verdict;
    EXPECT_EQ(counted(verdict), before + 1) << verdict;
  }
  EXPECT_EQ(desk.pokes, 0);
  expect_no_effect(intent);
}

TEST_F(WebhookTest, a_probe_is_refused_and_counted_apart) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  http::Request probe = door(paid(intent));
  set_header(probe, std::string(FakeChannel::kSignatureHeader), "WECHATPAY/SIGNTEST/abc");
  std::vector<std::string> lines;
  {
    log::CaptureForTest capture([&](std::string line) { lines.push_back(std::move(line)); });
    EXPECT_EQ(desk.send(probe).status, 401);
  }
  EXPECT_EQ(counted("signature_probe"), 1U);
  EXPECT_EQ(counted("signature_invalid"), 0U);
  for (const std::string& line : lines) EXPECT_TRUE(line.starts_with("info ")) << line;
  expect_no_effect(intent);
}

TEST_F(WebhookTest, W12_what_is_no_notification_is_refused) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  http::Request text = door(paid(intent));
  set_header(text, "Content-Type", "text/plain");
  EXPECT_EQ(desk.send(text).status, 415);
  http::Request empty = door(paid(intent));
  empty.body.clear();
  EXPECT_EQ(desk.send(empty).status, 401);
  // Signed, and yet without what it must hold.
  RawNotification hollow = FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", "not json");
  EXPECT_EQ(send(hollow).status, 400);
  EXPECT_EQ(counted("notification_malformed"), 1U);
  expect_no_effect(intent);
}

TEST_F(WebhookTest, what_does_not_decrypt_should_come_again) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  const auto answer = send(FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", "sealed with another key"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(body_of(answer)["code"], "FAIL");
  EXPECT_EQ(counted("decrypt_failed"), 1U);
  expect_no_effect(intent);
}

TEST_F(WebhookTest, W13_a_restart_between_two_tries_loses_nothing) {
  open();
  const PaymentIntent intent = desk_->buy(desk_->thread());
  EXPECT_EQ(send(paid(intent)).status, 200);
  open();
  EXPECT_EQ(send(paid(intent)).status, 200);
  expect_one_effect(intent);
}

TEST_F(WebhookTest, W15_half_way_through_it_is_finished_once) {
  // The facts are in the ledger, that they are there was not noted.
  open("before:notification.applied:1:fail");
  const PaymentIntent intent = desk_->buy(desk_->thread());
  EXPECT_EQ(send(paid(intent)).status, 200);
  EXPECT_THROW(desk_->work_off(), std::runtime_error);
  EXPECT_EQ(desk_->intent(intent.id.str()).state, IntentState::succeeded);
  EXPECT_FALSE(applied("N1"));
  open();
  expect_one_effect(intent);
  EXPECT_TRUE(applied("N1"));
}

TEST_F(WebhookTest, W15_two_who_apply_the_same_row_make_one_effect) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  ASSERT_EQ(send(paid(intent)).status, 200);
  auto due = desk.loop.run(desk.store->due_work(desk.loop.clock.durable(), 10)).value();
  ASSERT_EQ(due.size(), 1U);
  auto one = desk.loop.start(desk.webhooks.apply(due[0]));
  auto two = desk.loop.start(desk.webhooks.apply(due[0]));
  ASSERT_TRUE(desk.loop.until([&] { return one.done() && two.done(); }));
  for (auto* started : {&one, &two}) {
    auto done = started->get();
    EXPECT_TRUE(done.ok()) << done.error().message << ' ' << done.error().param;
  }
  expect_one_effect(intent);
}

TEST_F(WebhookTest, W16_secrets_of_the_request_stand_in_no_log_and_no_answer) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread("bob", "openid-CANARY-of-bob"));
  http::Request sent = door(paid(intent));
  set_header(sent, "X-Token", "CANARY-header");
  http::Request bad = sent;
  set_header(bad, std::string(FakeChannel::kSignatureHeader), "CANARY-signature");
  std::string seen;
  {
    log::CaptureForTest capture([&](std::string line) { seen += line + '\n'; });
    seen += desk.send(sent).body;
    seen += desk.send(bad).body;
    desk.work_off();
  }
  EXPECT_NE(seen.find("webhook.stored"), std::string::npos);
  EXPECT_EQ(seen.find("CANARY"), std::string::npos) << seen;
}

TEST_F(WebhookTest, a_number_that_is_not_ours_is_kept_and_alarmed) {
  Desk& desk = open();
  PaymentIntent stranger = desk.buy(desk.thread());
  const IntentId ours = stranger.id;
  stranger.order.out_trade_no = OutTradeNo::trusted("NOTOURS123");
  std::string seen;
  {
    log::CaptureForTest capture([&](std::string line) { seen += line + '\n'; });
    EXPECT_EQ(send(paid(stranger)).status, 200);
    desk.work_off();
  }
  EXPECT_NE(seen.find("error webhook.unknown_number"), std::string::npos) << seen;
  EXPECT_TRUE(applied("N1"));
  EXPECT_EQ(desk.intent(ours.str()).state, IntentState::awaiting_payment);
}

// --- what happened at the rail without us --------------------------------------------------------

class OutsideTest : public WebhookTest {
 protected:
  // A payment of 4.00, and a refund of it that the books have never heard of.
  PaymentIntent paid_intent() {
    const PaymentIntent intent = desk_->buy(desk_->thread());
    desk_->pay(intent);
    desk_->work_off();
    return desk_->intent(intent.id.str());
  }
  RefundFacts by_hand(const PaymentIntent& intent, std::int64_t fen) {
    Refund refund;
    refund.out_refund_no = OutRefundNo::trusted("hand000000000000000000000001");
    refund.amount = Money(fen, intent.amount.currency());
    refund.created_at = desk_->loop.clock.wall();
    return FakeChannel::facts_of(intent, refund, RefundEvent::rail_succeeded);
  }
  void rail_confirms(RefundFacts facts) {
    RefundReply reply;
    reply.outcome = Outcome::succeeded;
    reply.facts = std::move(facts);
    desk_->channel.refund_queries.push_back(std::move(reply));
  }
  http::Response tell(const RefundFacts& facts, std::string_view id = "R1") {
    return send(FakeChannel::webhook(id, "REFUND.SUCCESS", FakeChannel::plain_of(facts)));
  }
  std::vector<Refund> refunds(const PaymentIntent& intent) {
    return desk_->loop.run(desk_->store->refunds_of_intent(intent.id)).value();
  }
  std::string log_of_work(Clock::duration after = Clock::duration(0)) {
    std::string seen;
    log::CaptureForTest capture([&](std::string line) { seen += line + '\n'; });
    desk_->pass(after);
    return seen;
  }
  // A refund through the conversation, of so many fen.
  void ours_of(const PaymentIntent& intent, std::int64_t fen) {
    CheckedRefund line;
    line.intent = intent.id;
    line.amount = Money(fen, intent.amount.currency());
    line.reason = "cold";
    const Thread thread = desk_->loop.run(desk_->store->thread(intent.thread)).value();
    std::vector<CheckedRefund> list{line};
    ASSERT_TRUE(desk_->loop.run(desk_->cashier.refund(thread, std::move(list), "turn:call", std::nullopt)).ok());
  }
  void ours_of_all(const PaymentIntent& intent) { ours_of(intent, intent.amount.minor()); }
  void lose_database() {
    desk_.reset();
    for (const auto& file : std::filesystem::directory_iterator(folder_.path())) std::filesystem::remove(file.path());
  }
};

TEST_F(OutsideTest, a_refund_made_by_hand_is_booked_once_and_told) {
  open();
  const PaymentIntent intent = paid_intent();
  const RefundFacts facts = by_hand(intent, 150);
  for (const char* id : {"R1", "R2"}) {
    rail_confirms(facts);
    EXPECT_EQ(tell(facts, id).status, 200);
    desk_->work_off();
  }
  ASSERT_EQ(refunds(intent).size(), 1U);
  EXPECT_EQ(refunds(intent)[0].state, RefundState::succeeded);
  EXPECT_EQ(refunds(intent)[0].amount.minor(), 150);
  EXPECT_EQ(desk_->intent(intent.id.str()).refunded.minor(), 150);
  EXPECT_EQ(refundable(desk_->intent(intent.id.str())).minor(), intent.amount.minor() - 150);
  EXPECT_EQ(captures(intent), 2U);  // the capture and the refund
  EXPECT_EQ(replies(intent), 2U);   // paid, refunded
  EXPECT_EQ(desk_->channel.count("refund"), 0U);
  EXPECT_TRUE(desk_->loop.run(desk_->store->verify_ledger()).ok());
}

TEST_F(OutsideTest, a_refund_is_asked_about_until_the_rail_confirms_it) {
  open();
  const PaymentIntent intent = paid_intent();
  const RefundFacts facts = by_hand(intent, 150);
  RefundReply not_known;
  not_known.outcome = Outcome::declined;
  not_known.not_known = true;
  RefundReply under_way;
  under_way.outcome = Outcome::pending;
  under_way.facts = facts;
  under_way.facts->event = RefundEvent::rail_accepted;
  RefundReply other_sum = under_way;
  other_sum.facts = by_hand(intent, 151);
  RefundReply closed = under_way;
  closed.facts->event = RefundEvent::rail_closed;
  EXPECT_EQ(tell(facts).status, 200);
  for (const RefundReply& reply : {RefundReply(), not_known, under_way, other_sum, closed}) {
    desk_->channel.refund_queries.push_back(reply);
    EXPECT_NE(log_of_work(std::chrono::minutes(2)).find("warn webhook.waits"), std::string::npos);
    EXPECT_FALSE(applied("R1"));
    EXPECT_EQ(desk_->intent(intent.id.str()).refunded.minor(), 0);
  }
  rail_confirms(facts);
  desk_->pass(std::chrono::minutes(2));
  EXPECT_TRUE(applied("R1"));
  EXPECT_EQ(desk_->intent(intent.id.str()).refunded.minor(), 150);
}

TEST_F(OutsideTest, what_the_rail_does_not_confirm_within_a_day_is_for_a_person) {
  open();
  const PaymentIntent intent = paid_intent();
  EXPECT_EQ(tell(by_hand(intent, 150)).status, 200);
  desk_->work_off();
  // A day in which nobody asked is none.
  for (int i = 0; i < 7; ++i) {
    EXPECT_NE(log_of_work(std::chrono::hours(24)).find("warn webhook.waits"), std::string::npos);
    EXPECT_FALSE(applied("R1"));
  }
  EXPECT_NE(log_of_work(std::chrono::hours(24)).find("error webhook.given_up"), std::string::npos);
  EXPECT_TRUE(applied("R1"));
  EXPECT_TRUE(refunds(intent).empty());
}

TEST_F(OutsideTest, a_refund_that_is_told_before_its_payment_waits_for_it) {
  open();
  const PaymentIntent intent = desk_->buy(desk_->thread());
  const RefundFacts facts = by_hand(intent, intent.amount.minor());
  EXPECT_EQ(tell(facts).status, 200);
  desk_->work_off();  // the rail says that nobody has paid
  EXPECT_FALSE(applied("R1"));
  desk_->channel.queries.push_back(FakeChannel::query_reply(FakeChannel::facts_of(intent, TradeState::refunded)));
  rail_confirms(facts);
  desk_->pass(std::chrono::seconds(10));
  const PaymentIntent row = desk_->intent(intent.id.str());
  EXPECT_EQ(row.state, IntentState::succeeded);
  EXPECT_EQ(row.captured, intent.amount);
  EXPECT_EQ(row.refunded, intent.amount);
}

TEST_F(OutsideTest, a_refund_of_ours_that_stands_in_the_way_is_waited_for) {
  open();
  const PaymentIntent intent = paid_intent();
  ours_of_all(intent);
  const RefundFacts facts = by_hand(intent, 150);
  EXPECT_EQ(tell(facts).status, 200);
  rail_confirms(facts);
  EXPECT_NE(log_of_work().find("stands in the way"), std::string::npos);
  EXPECT_FALSE(applied("R1"));
  RefundFacts ours = FakeChannel::facts_of(intent, refunds(intent)[0], RefundEvent::rail_closed);
  EXPECT_TRUE(desk_->loop.run(desk_->cashier.take_refund_facts(ours)).ok());
  rail_confirms(facts);
  desk_->pass(std::chrono::seconds(10));
  EXPECT_TRUE(applied("R1"));
  EXPECT_EQ(desk_->intent(intent.id.str()).refunded.minor(), 150);
  EXPECT_EQ(desk_->intent(intent.id.str()).refund_reserved.minor(), 0);
}

TEST_F(OutsideTest, news_about_other_money_are_not_news_of_a_refund_of_ours) {
  open();
  const PaymentIntent intent = paid_intent();
  ours_of(intent, 150);
  const RefundFacts right = FakeChannel::facts_of(intent, refunds(intent)[0], RefundEvent::rail_succeeded);
  RefundFacts other_sum = right;
  other_sum.refund = Money(151, intent.amount.currency());
  RefundFacts other_total = right;
  other_total.total = Money(intent.amount.minor() + 1, intent.amount.currency());
  RefundFacts other_order = right;
  other_order.out_trade_no = OutTradeNo::trusted("order_of_another_payment");
  for (const RefundFacts& facts : {other_sum, other_total, other_order}) {
    EXPECT_TRUE(desk_->loop.run(desk_->cashier.take_refund_facts(facts)).ok());
    EXPECT_NE(refunds(intent)[0].state, RefundState::succeeded);
    EXPECT_EQ(desk_->intent(intent.id.str()).refunded.minor(), 0);
  }
  EXPECT_TRUE(desk_->loop.run(desk_->cashier.take_refund_facts(right)).ok());
  EXPECT_EQ(refunds(intent)[0].state, RefundState::succeeded);
  EXPECT_EQ(desk_->intent(intent.id.str()).refunded.minor(), 150);
}

TEST_F(OutsideTest, a_refund_made_beside_one_of_ours_is_booked_and_alarmed_and_ours_goes_on) {
  open();
  const PaymentIntent intent = paid_intent();
  RefundReply short_of_money;
  short_of_money.outcome = Outcome::pending;
  short_of_money.short_funds = true;
  desk_->channel.refunds.push_back(short_of_money);
  ours_of(intent, 150);
  ASSERT_EQ(refunds(intent)[0].state, RefundState::abnormal);
  const RefundFacts facts = by_hand(intent, 150);
  EXPECT_EQ(tell(facts).status, 200);
  rail_confirms(facts);
  EXPECT_NE(log_of_work().find("are they the same money?"), std::string::npos);
  const PaymentIntent row = desk_->intent(intent.id.str());
  EXPECT_EQ(row.refunded.minor(), 150);
  EXPECT_EQ(row.refund_reserved.minor(), 150);
  EXPECT_TRUE(applied("R1"));
}

TEST_F(OutsideTest, a_refund_that_the_payment_cannot_bear_is_alarmed) {
  open();
  const PaymentIntent intent = paid_intent();
  RefundFacts too_much = by_hand(intent, intent.amount.minor() + 1);
  RefundFacts of_another_total = by_hand(intent, 150);
  of_another_total.total = Money(151, intent.amount.currency());
  RefundFacts not_arrived = by_hand(intent, 150);
  not_arrived.event = RefundEvent::rail_abnormal;
  int n = 0;
  for (const RefundFacts& facts : {too_much, of_another_total, not_arrived}) {
    rail_confirms(facts);
    EXPECT_EQ(tell(facts, "R" + std::to_string(n++)).status, 200);
    EXPECT_NE(log_of_work().find("error webhook.differs"), std::string::npos);
  }
  EXPECT_TRUE(refunds(intent).empty());
  EXPECT_EQ(desk_->intent(intent.id.str()).refunded.minor(), 0);
}

TEST_F(OutsideTest, a_payment_whose_row_is_lost_is_given_back_once_where_that_is_wanted) {
  DeskDoors doors;
  doors.intents.return_unknown_payment = true;
  open();
  const PaymentIntent lost = desk_->buy(desk_->thread());
  lose_database();
  desk_ = std::make_unique<Desk>(folder_.path(), std::string(), doors);
  for (const char* id : {"N1", "N2"}) {
    desk_->channel.queries.push_back(FakeChannel::query_reply(FakeChannel::paid(lost)));
    EXPECT_EQ(send(paid(lost, id)).status, 200);
  }
  EXPECT_NE(log_of_work().find("error webhook.unknown_payment"), std::string::npos);
  ASSERT_EQ(refunds(lost).size(), 1U);
  EXPECT_EQ(refunds(lost)[0].amount, lost.amount);
  EXPECT_EQ(desk_->channel.count("refund"), 1U);
  rail_confirms(FakeChannel::facts_of(lost, refunds(lost)[0], RefundEvent::rail_succeeded));
  desk_->pass(std::chrono::minutes(2));
  const PaymentIntent row = desk_->intent(lost.id.str());
  EXPECT_EQ(row.state, IntentState::expired);
  EXPECT_EQ(row.captured, lost.amount);
  EXPECT_EQ(row.refunded, lost.amount);
  EXPECT_EQ(replies(row), 0U);  // nobody is there to hear of it
  EXPECT_TRUE(desk_->loop.run(desk_->store->verify_ledger()).ok());
}

TEST_F(OutsideTest, a_lost_payment_that_cannot_be_given_back_is_an_alarm) {
  DeskDoors doors;
  doors.intents.return_unknown_payment = true;
  open();
  const PaymentIntent lost = desk_->buy(desk_->thread());
  lose_database();
  desk_ = std::make_unique<Desk>(folder_.path(), std::string(), doors);
  desk_->channel.queries.push_back(FakeChannel::query_reply(FakeChannel::paid(lost)));
  RefundReply refused;
  refused.outcome = Outcome::declined;
  refused.says.code = "NO_AUTH";
  desk_->channel.refunds.push_back(refused);
  EXPECT_EQ(send(paid(lost)).status, 200);
  const std::string seen = log_of_work();
  EXPECT_NE(seen.find("error unknown_payment.refund event=refund.failed"), std::string::npos);
  EXPECT_NE(seen.find("error refund.not_done event=refund.failed"), std::string::npos);
  const PaymentIntent row = desk_->intent(lost.id.str());
  EXPECT_EQ(row.captured, lost.amount);
  EXPECT_EQ(row.refunded.minor(), 0);
  EXPECT_EQ(replies(row), 0U);
}

TEST_F(OutsideTest, a_lost_payment_told_at_the_door_of_another_tenant_is_not_given_back_there) {
  DeskDoors doors;
  doors.intents.return_unknown_payment = true;
  open();
  const PaymentIntent lost = desk_->buy(desk_->thread());
  lose_database();
  desk_ = std::make_unique<Desk>(folder_.path(), std::string(), doors);
  desk_->channel.queries.push_back(FakeChannel::query_reply(FakeChannel::paid(lost)));
  http::Request request = door(paid(lost));
  request.target = request.path = "/webhooks/wechat/other";
  EXPECT_EQ(desk_->send(std::move(request)).status, 200);
  EXPECT_NE(log_of_work().find("error webhook.unknown_number"), std::string::npos);
  EXPECT_TRUE(refunds(lost).empty());
}

TEST_F(OutsideTest, a_payment_whose_row_is_lost_is_only_alarmed_of_without_the_policy_or_the_mark) {
  DeskDoors doors;
  open();
  const PaymentIntent lost = desk_->buy(desk_->thread());
  OrderFacts of_another_system = FakeChannel::paid(lost);
  of_another_system.attach = "table 12";
  OrderFacts of_a_mark_like_ours = FakeChannel::paid(lost);
  of_a_mark_like_ours.attach = "pi_3MtwBwLkdIwHu7ix28a3tqPa";
  OrderFacts of_another_merchant = FakeChannel::paid(lost);
  of_another_merchant.mchid = "1900000099";
  const struct {
    bool policy;
    OrderFacts facts;
  } cases[] = {{false, FakeChannel::paid(lost)},
               {true, of_another_system},
               {true, of_a_mark_like_ours},
               {true, of_another_merchant}};
  for (const auto& each : cases) {
    lose_database();
    doors.intents.return_unknown_payment = each.policy;
    desk_ = std::make_unique<Desk>(folder_.path(), std::string(), doors);
    desk_->channel.queries.push_back(FakeChannel::query_reply(each.facts));
    EXPECT_EQ(send(FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", FakeChannel::plain_of(each.facts))).status, 200);
    EXPECT_NE(log_of_work().find("error webhook.unknown_number"), std::string::npos);
    EXPECT_TRUE(refunds(lost).empty());
    EXPECT_EQ(desk_->channel.count("refund"), 0U);
  }
}

TEST_F(OutsideTest, a_lost_payment_of_which_a_part_went_back_is_for_a_person) {
  DeskDoors doors;
  doors.intents.return_unknown_payment = true;
  open();
  const PaymentIntent lost = desk_->buy(desk_->thread());
  lose_database();
  desk_ = std::make_unique<Desk>(folder_.path(), std::string(), doors);
  desk_->channel.queries.push_back(FakeChannel::query_reply(FakeChannel::facts_of(lost, TradeState::refunded)));
  EXPECT_EQ(send(paid(lost)).status, 200);
  EXPECT_NE(log_of_work().find("error webhook.differs"), std::string::npos);
  EXPECT_TRUE(refunds(lost).empty());
}

TEST_F(OutsideTest, a_lost_payment_is_asked_about_until_the_rail_confirms_it) {
  DeskDoors doors;
  doors.intents.return_unknown_payment = true;
  open();
  const PaymentIntent lost = desk_->buy(desk_->thread());
  lose_database();
  desk_ = std::make_unique<Desk>(folder_.path(), std::string(), doors);
  QueryReply not_known;
  not_known.outcome = Outcome::declined;
  OrderFacts other_sum = FakeChannel::paid(lost);
  other_sum.total = Money(lost.amount.minor() + 1, lost.amount.currency());
  EXPECT_EQ(send(paid(lost)).status, 200);
  for (const QueryReply& reply : {QueryReply(), not_known, FakeChannel::query_reply(other_sum),
                                  FakeChannel::query_reply(FakeChannel::facts_of(lost, TradeState::not_paid))}) {
    desk_->channel.queries.push_back(reply);
    EXPECT_NE(log_of_work(std::chrono::minutes(2)).find("warn webhook.waits"), std::string::npos);
    EXPECT_FALSE(applied("N1"));
  }
  desk_->channel.queries.push_back(FakeChannel::query_reply(FakeChannel::paid(lost)));
  desk_->pass(std::chrono::minutes(2));
  EXPECT_TRUE(applied("N1"));
  ASSERT_EQ(refunds(lost).size(), 1U);
  EXPECT_EQ(refunds(lost)[0].amount, lost.amount);
}

TEST_F(WebhookTest, an_event_type_that_is_not_known_is_kept_and_passed_over) {
  Desk& desk = open();
  EXPECT_EQ(send(FakeChannel::webhook("N1", "COUPON.USE", R"({"any":"thing"})")).status, 200);
  desk.work_off();
  EXPECT_TRUE(applied("N1"));
}

TEST_F(WebhookTest, another_amount_is_never_paid) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  auto facts = FakeChannel::paid(intent);
  facts.total = Money(1, Currency::cny());
  desk.channel.queries.push_back(FakeChannel::query_reply(facts));
  EXPECT_EQ(send(FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", FakeChannel::plain_of(facts))).status, 200);
  std::string lines;
  {
    log::CaptureForTest capture([&](std::string line) { lines += line + '\n'; });
    desk.work_off();
  }
  EXPECT_NE(lines.find("intent.conflicted intent=" + intent.id.str()), std::string::npos) << lines;
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::conflicted);
  EXPECT_EQ(captures(intent), 0U);
}

TEST_F(WebhookTest, what_the_rail_answers_to_a_question_wins_over_a_notification_that_differs) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  auto facts = FakeChannel::paid(intent);
  facts.total = Money(1, Currency::cny());
  desk.channel.queries.push_back(QueryReply());  // no answer at first: nothing is decided
  EXPECT_EQ(send(FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", FakeChannel::plain_of(facts))).status, 200);
  desk.work_off();
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::awaiting_payment);
  EXPECT_FALSE(applied("N1"));
  desk.channel.queries.push_back(FakeChannel::query_reply(FakeChannel::paid(intent)));
  desk.pass(std::chrono::seconds(3));
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::succeeded);
  EXPECT_EQ(captures(intent), 1U);
  EXPECT_EQ(counted("facts_differ"), 1U);
}

// Signed by the rail and untrue by its own word: somebody must look.
TEST_F(WebhookTest, a_notification_of_a_payment_that_the_rail_does_not_know_is_alarmed) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  auto facts = FakeChannel::paid(intent);
  facts.total = Money(1, Currency::cny());
  std::string lines;
  {
    log::CaptureForTest capture([&](std::string line) { lines += line + '\n'; });
    EXPECT_EQ(send(FakeChannel::webhook("N1", "TRANSACTION.SUCCESS", FakeChannel::plain_of(facts))).status, 200);
    desk.work_off();
  }
  EXPECT_EQ(desk.intent(intent.id.str()).state, IntentState::awaiting_payment);
  EXPECT_TRUE(applied("N1"));
  EXPECT_EQ(counted("facts_differ"), 1U);
  EXPECT_NE(lines.find("webhook.differs"), std::string::npos);
  EXPECT_NE(lines.find(intent.id.str()), std::string::npos);
}

// The rail made what was given up and made anew: no row can hold both, so a person must look.
TEST_F(WebhookTest, a_refund_made_although_it_was_replaced_is_alarmed) {
  Desk& desk = open();
  const std::string thread = desk.thread();
  const PaymentIntent intent = desk.buy(thread);
  desk.pay(intent);
  desk.work_off();
  RefundReply no;
  no.outcome = Outcome::declined;
  desk.channel.refunds.push_back(no);
  const std::string all = R"({"refunds":[{"payment_intent":")" + intent.id.str() + R"(","all":true,"reason":"cold"}]})";
  for (const char* key : {"first", "second"}) {
    desk.model.push(asks("refund", all));
    desk.model.push(says("Let me see."));
    ASSERT_EQ(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"refund all"})", key).status, 200);
  }
  const auto refunds = desk.loop.run(desk.store->refunds_of_intent(intent.id)).value();
  ASSERT_EQ(refunds.size(), 2U);
  const Refund& given_up = refunds[0].state == RefundState::failed ? refunds[0] : refunds[1];
  ASSERT_EQ(given_up.state, RefundState::failed);
  const auto facts = FakeChannel::facts_of(intent, given_up, RefundEvent::rail_succeeded);
  EXPECT_EQ(send(FakeChannel::webhook("N9", "REFUND.SUCCESS", FakeChannel::plain_of(facts))).status, 200);
  desk.work_off();
  EXPECT_EQ(counted("facts_differ"), 1U);
  EXPECT_TRUE(applied("N9"));
  EXPECT_EQ(desk.loop.run(desk.store->refund(given_up.id))->state, RefundState::failed);
}

TEST_F(WebhookTest, the_whole_ladder_of_retries_has_one_effect) {
  Desk& desk = open();
  const PaymentIntent intent = desk.buy(desk.thread());
  using namespace std::chrono_literals;
  for (const std::chrono::seconds pause :
       {0s, 15s, 15s, 30s, 180s, 600s, 1200s, 1800s, 1800s, 1800s, 3600s, 10800s, 10800s, 10800s, 21600s, 21600s}) {
    desk.pass(pause);
    EXPECT_EQ(send(paid(intent)).status, 200);
  }
  expect_one_effect(intent);
  EXPECT_EQ(counted("duplicate"), 15U);
}

TEST_F(WebhookTest, a_door_that_is_not_there_is_not_found) {
  Desk& desk = open();
  const RawNotification raw = FakeChannel::webhook("N1", "COUPON.USE", "{}");
  for (const char* path :
       {"/webhooks/alipay/acme", "/webhooks/wechat", "/webhooks/wechat/a%20b", "/webhooks/wechat/acme/x"}) {
    http::Request sent = door(raw);
    sent.path = sent.target = path;
    EXPECT_EQ(desk.send(sent).status, 404) << path;
  }
  http::Request get = door(raw);
  get.method = "GET";
  EXPECT_EQ(desk.send(get).status, 405);
}

}  // namespace
}  // namespace purser::test
