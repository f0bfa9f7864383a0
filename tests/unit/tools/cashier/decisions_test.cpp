#include "tools/cashier/wish.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser::cashier {
namespace {

constexpr UtcTime kNow = UtcTime(Millis(1'767'607'200'000));
constexpr UtcTime kDeadline = kNow + Millis(300'000);

Money fen(std::int64_t amount) {
  return Money(amount, Currency::cny());
}

PaymentIntent intent(IntentState state) {
  PaymentIntent out;
  out.id = IntentId::trusted("pi_1");
  out.tenant = TenantId::trusted("shop");
  out.thread = ThreadId::trusted("thr_1");
  out.state = state;
  out.amount = fen(39'800);
  out.captured = out.refunded = out.refund_reserved = fen(0);
  out.channel = "wechat";
  out.order.out_trade_no = OutTradeNo::trusted("no1");
  out.order.may_be_open = true;
  out.created_at = kNow;
  out.expires_at = kDeadline;
  out.version = 4;
  return out;
}

OrderFacts paid_at(UtcTime when) {
  OrderFacts out;
  out.out_trade_no = OutTradeNo::trusted("no1");
  out.transaction_id = "4200001";
  out.state = TradeState::paid;
  out.total = fen(39'800);
  out.success_time = when;
  return out;
}

Refund refund_row(RefundState state, std::string origin = "turn_1:a:0") {
  Refund out;
  out.id = RefundId::trusted("re_1");
  out.intent = IntentId::trusted("pi_1");
  out.tenant = TenantId::trusted("shop");
  out.thread = ThreadId::trusted("thr_1");
  out.out_refund_no = OutRefundNo::trusted("rf1");
  out.amount = fen(19'900);
  out.state = state;
  out.origin = std::move(origin);
  return out;
}

template <class Op>
std::vector<Op> all(const Batch& batch) {
  std::vector<Op> out;
  for (const auto& operation : batch.operations)
    if (const auto* found = std::get_if<Op>(&operation)) out.push_back(*found);
  return out;
}

std::vector<std::string> told(const Batch& batch) {
  std::vector<std::string> out;
  for (const auto& add : all<op::AddWork>(batch))
    if (add.row.kind == WorkKind::resume_thread) out.push_back(add.row.subject);
  return out;
}

bool drops(const Batch& batch, WorkKind kind) {
  for (const auto& drop : all<op::DropWork>(batch))
    if (drop.kind == kind) return true;
  return false;
}

bool adds(const Batch& batch, WorkKind kind) {
  for (const auto& add : all<op::AddWork>(batch))
    if (add.row.kind == kind) return true;
  for (const auto& put : all<op::PutWork>(batch))
    if (put.row.kind == kind) return true;
  return false;
}

const IntentSettings kSettings{};

// --- the answer to an order ---

TEST(OrderReply, AcceptedWaitsForPaymentAndIsWatched) {
  OrderReply reply;
  reply.outcome = Outcome::succeeded;
  reply.code_url = "weixin://x";
  auto change = after_order_reply(intent(IntentState::created), reply, kNow, kSettings);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::awaiting_payment);
  EXPECT_EQ(change->intent.order.code_url, "weixin://x");
  EXPECT_TRUE(adds(change->batch, WorkKind::resolve_order));
  EXPECT_TRUE(told(change->batch).empty()) << "the turn that asked tells the user itself";
  const auto update = all<op::UpdateIntent>(change->batch).at(0).row;
  EXPECT_EQ(update.version, 4);
  EXPECT_EQ(change->intent.version, 5);
}

TEST(OrderReply, AcceptedAfterUnknownTellsTheThread) {
  OrderReply reply;
  reply.outcome = Outcome::succeeded;
  auto change = after_order_reply(intent(IntentState::unknown), reply, kNow, kSettings);
  ASSERT_TRUE(change);
  EXPECT_EQ(told(change->batch), std::vector<std::string>{"intent.awaiting_payment:pi_1"});
}

TEST(OrderReply, DeclinedEndsIt) {
  OrderReply reply;
  reply.outcome = Outcome::declined;
  reply.says.code = "NO_AUTH";
  auto change = after_order_reply(intent(IntentState::created), reply, kNow, kSettings);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::failed);
  EXPECT_EQ(change->intent.failure, "NO_AUTH");
  EXPECT_FALSE(change->intent.order.may_be_open);
  EXPECT_TRUE(drops(change->batch, WorkKind::expire_intent));
  EXPECT_TRUE(drops(change->batch, WorkKind::resolve_order));
}

TEST(OrderReply, UnclearIsUnknownAndAskedAbout) {
  for (Outcome outcome : {Outcome::unknown, Outcome::pending}) {
    OrderReply reply;
    reply.outcome = outcome;
    auto change = after_order_reply(intent(IntentState::created), reply, kNow, kSettings);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->intent.state, IntentState::unknown);
    EXPECT_TRUE(change->intent.order.may_be_open);
    EXPECT_TRUE(adds(change->batch, WorkKind::resolve_order));
  }
}

TEST(OrderReply, PaidAlreadyIsNeverAFailure) {
  OrderReply reply;
  reply.outcome = Outcome::declined;
  reply.already_paid = true;
  auto change = after_order_reply(intent(IntentState::created), reply, kNow, kSettings);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::unknown);
}

TEST(OrderReply, AnIntentThatMovedOnIsLeftAlone) {
  OrderReply reply;
  reply.outcome = Outcome::succeeded;
  for (IntentState state :
       {IntentState::succeeded, IntentState::expired, IntentState::canceled, IntentState::conflicted}) {
    auto change = after_order_reply(intent(state), reply, kNow, kSettings);
    ASSERT_FALSE(change);
    EXPECT_EQ(change.code(), Errc::illegal_transition);
  }
}

// --- the deadline ---

TEST(DeadlineOfAnIntent, NotOneMillisecondEarly) {
  EXPECT_FALSE(after_deadline(intent(IntentState::awaiting_payment), kDeadline - Millis(1)));
}

TEST(DeadlineOfAnIntent, AtTheInstantItIsExpiredAndTheOrderIsClosed) {
  auto change = after_deadline(intent(IntentState::awaiting_payment), kDeadline);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::expired);
  EXPECT_TRUE(adds(change->batch, WorkKind::close_order));
  EXPECT_EQ(all<op::TakeWork>(change->batch).size(), 1u);
  EXPECT_TRUE(told(change->batch).empty()) << "only once the rail has said that it was not paid";
}

TEST(DeadlineOfAnIntent, AfterTheCloseTheThreadIsToldOnce) {
  auto change = after_close(intent(IntentState::expired), kDeadline, Untold::conversation);
  EXPECT_EQ(told(change.batch), std::vector<std::string>{"intent.expired:pi_1"});
  EXPECT_FALSE(change.intent.order.may_be_open);
  EXPECT_TRUE(told(after_close(intent(IntentState::expired), kDeadline, Untold::nobody).batch).empty());
  EXPECT_TRUE(told(after_close(intent(IntentState::canceled), kDeadline, Untold::conversation).batch).empty());
}

TEST(CancelOfAnIntent, OnlyOpenOnes) {
  for (IntentState state : {IntentState::created, IntentState::awaiting_payment, IntentState::unknown}) {
    auto change = after_cancel(intent(state), kNow, false, false);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->intent.state, IntentState::canceled);
    EXPECT_TRUE(adds(change->batch, WorkKind::close_order));
    EXPECT_TRUE(told(change->batch).empty());
  }
  for (IntentState state :
       {IntentState::succeeded, IntentState::expired, IntentState::failed, IntentState::conflicted}) {
    auto change = after_cancel(intent(state), kNow, false, false);
    ASSERT_FALSE(change);
    EXPECT_EQ(change.code(), Errc::cancel_not_allowed);
  }
}

TEST(CancelOfAnIntent, FromOutsideTheThreadHearsOfIt) {
  EXPECT_EQ(told(after_cancel(intent(IntentState::awaiting_payment), kNow, true, false)->batch).size(), 1u);
  EXPECT_FALSE(after_cancel(intent(IntentState::awaiting_payment), kNow, false, true)->intent.order.may_be_open);
}

// --- payments ---

TEST(Payment, OpenIntentsSucceedWithOnePosting) {
  for (IntentState state : {IntentState::created, IntentState::awaiting_payment, IntentState::unknown}) {
    auto change = after_payment(intent(state), paid_at(kNow), true, kNow, kSettings, std::nullopt);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->intent.state, IntentState::succeeded);
    EXPECT_EQ(change->intent.captured, fen(39'800));
    const auto lines = all<op::PostLedger>(change->batch);
    ASSERT_EQ(lines.size(), 1u);
    EXPECT_EQ(lines[0].row.kind, "capture");
    EXPECT_EQ(lines[0].row.amount, fen(39'800));
    EXPECT_EQ(lines[0].row.reference, "4200001");
    EXPECT_EQ(told(change->batch), std::vector<std::string>{"intent.succeeded:pi_1"});
    EXPECT_TRUE(drops(change->batch, WorkKind::expire_intent));
  }
}

TEST(Payment, ToldAgainChangesNothing) {
  PaymentIntent paid = intent(IntentState::succeeded);
  paid.captured = paid.amount;
  EXPECT_FALSE(after_payment(paid, paid_at(kNow), true, kNow, kSettings, std::nullopt));
  PaymentIntent returned = intent(IntentState::expired);
  returned.captured = returned.amount;
  EXPECT_FALSE(after_payment(returned, paid_at(kDeadline), true, kDeadline, kSettings, std::nullopt));
}

TEST(Payment, FactsThatDifferAreNeverSuccess) {
  for (IntentState state : {IntentState::created, IntentState::awaiting_payment, IntentState::unknown,
                            IntentState::expired, IntentState::canceled, IntentState::failed}) {
    auto change = after_payment(intent(state), paid_at(kNow), false, kNow, kSettings, std::nullopt);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->intent.state, IntentState::conflicted);
    EXPECT_TRUE(all<op::PostLedger>(change->batch).empty());
    EXPECT_TRUE(change->intent.captured.zero());
  }
  EXPECT_FALSE(after_payment(intent(IntentState::succeeded), paid_at(kNow), false, kNow, kSettings, std::nullopt));
}

TEST(Payment, PaidBeforeTheDeadlineAndToldAfterItIsHonoured) {
  const auto facts = paid_at(kDeadline - Millis(1));
  EXPECT_FALSE(returns_late_payment(intent(IntentState::expired), facts, true, kSettings));
  auto change =
      after_payment(intent(IntentState::expired), facts, true, kDeadline + Millis(5'000), kSettings, std::nullopt);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::succeeded);
}

TEST(Payment, PaidAtTheDeadlineIsLateAndGivenBackOnce) {
  const auto facts = paid_at(kDeadline);
  ASSERT_TRUE(returns_late_payment(intent(IntentState::expired), facts, true, kSettings));
  Refund back = refund_row(RefundState::created, "late:pi_1");
  back.amount = fen(39'800);
  auto change = after_payment(intent(IntentState::expired), facts, true, kDeadline, kSettings, back);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::expired);
  EXPECT_EQ(change->intent.captured, fen(39'800));
  EXPECT_EQ(change->intent.refund_reserved, fen(39'800));
  EXPECT_EQ(all<op::PostLedger>(change->batch).at(0).row.kind, "late_capture");
  EXPECT_EQ(all<op::InsertRefund>(change->batch).size(), 1u);
  EXPECT_TRUE(adds(change->batch, WorkKind::submit_refund));
  // The update that is written holds the reservation.
  EXPECT_EQ(all<op::UpdateIntent>(change->batch).at(0).row.refund_reserved, fen(39'800));
}

// A rail that is slow to close lets the expiry be told before a late payment ends the closing.
TEST(Payment, AnExpiryThatWasToldIsNotToldAgain) {
  PaymentIntent expired = intent(IntentState::expired);
  expired.order.may_be_open = true;
  Refund back = refund_row(RefundState::created, "late:pi_1");
  back.amount = fen(39'800);
  const auto told_again = [&](bool expiry_told) {
    const auto change =
        after_payment(expired, paid_at(kDeadline), true, kDeadline, kSettings, back, Wish{}, expiry_told);
    const auto events = all<op::AppendEvent>(change->batch);
    return std::count_if(events.begin(), events.end(),
                         [](const op::AppendEvent& one) { return one.row.type == "intent.expired"; });
  };
  EXPECT_EQ(told_again(false), 1);
  EXPECT_EQ(told_again(true), 0);
}

TEST(Payment, PolicyMayHonourALateOne) {
  IntentSettings keep;
  keep.honour_late_payment = true;
  auto change =
      after_payment(intent(IntentState::expired), paid_at(kDeadline + Millis(1)), true, kDeadline, keep, std::nullopt);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::succeeded);
  EXPECT_EQ(all<op::PostLedger>(change->batch).at(0).row.kind, "late_capture");
}

TEST(Payment, ACanceledIntentIsGivenBackHoweverEarlyItWasPaid) {
  EXPECT_TRUE(returns_late_payment(intent(IntentState::canceled), paid_at(kNow), true, kSettings));
}

TEST(Payment, ClosedByTheRailEndsOnlyWhatIsOpen) {
  EXPECT_EQ(after_rail_closed(intent(IntentState::awaiting_payment), kNow)->intent.state, IntentState::expired);
  EXPECT_EQ(after_rail_closed(intent(IntentState::unknown), kNow)->intent.state, IntentState::expired);
  EXPECT_EQ(after_rail_closed(intent(IntentState::created), kNow)->intent.state, IntentState::failed);
  EXPECT_FALSE(after_rail_closed(intent(IntentState::succeeded), kNow));
}

// --- refunds ---

PaymentIntent captured_with_reservation() {
  PaymentIntent out = intent(IntentState::succeeded);
  out.captured = fen(39'800);
  out.refund_reserved = fen(19'900);
  return out;
}

TEST(RefundNews, SuccessMovesTheReservationAndPostsOnce) {
  for (RefundState from :
       {RefundState::created, RefundState::processing, RefundState::unknown, RefundState::abnormal}) {
    Refund before = refund_row(from);
    before.failure = "NOT_ENOUGH";
    auto change = after_refund_news(std::move(before), captured_with_reservation(), RefundEvent::rail_succeeded, {}, "",
                                    kNow, Hears::by_event);
    ASSERT_TRUE(change);
    EXPECT_EQ(change->refund.state, RefundState::succeeded);
    EXPECT_EQ(all<op::UpdateRefund>(change->batch).at(0).row.failure, "");  // what once kept it is over
    const auto row = all<op::UpdateIntent>(change->batch).at(0).row;
    EXPECT_EQ(row.refunded, fen(19'900));
    EXPECT_EQ(row.refund_reserved, fen(0));
    EXPECT_EQ(all<op::PostLedger>(change->batch).at(0).row.reference, "rf1");
    EXPECT_EQ(told(change->batch), std::vector<std::string>{"refund.succeeded:re_1"});
  }
}

TEST(RefundNews, FailureReleasesTheReservationAndPostsNothing) {
  auto change = after_refund_news(refund_row(RefundState::processing), captured_with_reservation(),
                                  RefundEvent::rail_closed, {}, "closed", kNow, Hears::by_event);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->refund.state, RefundState::failed);
  const auto row = all<op::UpdateIntent>(change->batch).at(0).row;
  EXPECT_EQ(row.refunded, fen(0));
  EXPECT_EQ(row.refund_reserved, fen(0));
  EXPECT_TRUE(all<op::PostLedger>(change->batch).empty());
}

TEST(RefundNews, UnclearKeepsTheReservationAndIsAskedAbout) {
  auto change = after_refund_news(refund_row(RefundState::created), captured_with_reservation(),
                                  RefundEvent::rail_unclear, {}, "", kNow, Hears::in_this_turn);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->refund.state, RefundState::unknown);
  EXPECT_TRUE(all<op::UpdateIntent>(change->batch).empty());
  EXPECT_TRUE(adds(change->batch, WorkKind::resolve_refund));
}

TEST(RefundNews, AbnormalKeepsTheReservationAndCallsForAPerson) {
  auto change = after_refund_news(refund_row(RefundState::processing), captured_with_reservation(),
                                  RefundEvent::rail_abnormal, {}, "", kNow, Hears::by_event);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->refund.state, RefundState::abnormal);
  EXPECT_TRUE(all<op::UpdateIntent>(change->batch).empty());
  EXPECT_EQ(told(change->batch).size(), 1u);
}

// Refused for want of funds, sent again and accepted under an answer that was lost: by its number it can be mended.
TEST(RefundNews, AnAbnormalRefundThatTheRailHasByNowIsKnownByItsNumber) {
  RefundFacts facts;
  facts.rail_refund_id = "50000000382019052709732678859";
  auto change = after_refund_news(refund_row(RefundState::abnormal), captured_with_reservation(),
                                  RefundEvent::rail_abnormal, facts, "ABNORMAL", kNow, Hears::by_event);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->refund.state, RefundState::abnormal);
  EXPECT_EQ(change->refund.rail_refund_id, facts.rail_refund_id);
  EXPECT_EQ(change->refund.failure, "ABNORMAL");
  EXPECT_TRUE(all<op::UpdateIntent>(change->batch).empty());
  EXPECT_TRUE(told(change->batch).empty());
  EXPECT_TRUE(adds(change->batch, WorkKind::resolve_refund));
  EXPECT_FALSE(after_refund_news(change->refund, captured_with_reservation(), RefundEvent::rail_abnormal, facts, "",
                                 kNow, Hears::by_event));
}

// Paid and told of before the close had an end: the stream must say all the same what became of the order.
TEST(Payment, AReturnedPaymentOfAnOrderNobodyWasToldOfTellsThatItExpired) {
  for (const bool closed : {false, true}) {
    PaymentIntent ended = intent(IntentState::expired);
    ended.order.may_be_open = !closed;
    Refund back = refund_row(RefundState::created, "late:pi_1");
    const auto change = after_payment(ended, paid_at(kDeadline), true, kDeadline, kSettings, back);
    ASSERT_TRUE(change);
    std::size_t expired = 0;
    for (const auto& appended : all<op::AppendEvent>(change->batch)) expired += appended.row.type == "intent.expired";
    EXPECT_EQ(expired, closed ? 0u : 1u);
  }
}

// A no had been believed, and the money went out all the same.
TEST(RefundNews, TheBooksFollowMoneyThatWentOutAfterANo) {
  PaymentIntent given_up = captured_with_reservation();
  given_up.refund_reserved = fen(0);
  auto change = after_refund_news(refund_row(RefundState::failed), given_up, RefundEvent::rail_succeeded, {}, "", kNow,
                                  Hears::by_event);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->refund.state, RefundState::succeeded);
  const PaymentIntent row = all<op::UpdateIntent>(change->batch).at(0).row;
  EXPECT_EQ(row.refunded, fen(19'900));
  EXPECT_EQ(row.refund_reserved, fen(0));
  EXPECT_EQ(all<op::PostLedger>(change->batch).size(), 1u);

  // Where another refund has taken its place no row can hold it.
  PaymentIntent replaced = given_up;
  replaced.refunded = replaced.captured;
  EXPECT_FALSE(after_refund_news(refund_row(RefundState::failed), replaced, RefundEvent::rail_succeeded, {}, "", kNow,
                                 Hears::by_event));
}

TEST(RefundNews, FinalOnesStayAndRepeatsChangeNothing) {
  EXPECT_FALSE(after_refund_news(refund_row(RefundState::succeeded), captured_with_reservation(),
                                 RefundEvent::rail_closed, {}, "", kNow, Hears::by_event));
  EXPECT_FALSE(after_refund_news(refund_row(RefundState::succeeded), captured_with_reservation(),
                                 RefundEvent::rail_succeeded, {}, "", kNow, Hears::by_event));
  EXPECT_FALSE(after_refund_news(refund_row(RefundState::processing), captured_with_reservation(),
                                 RefundEvent::rail_accepted, {}, "", kNow, Hears::by_event));
}

TEST(RefundNews, TheTurnThatMadeItTellsTheUserItself) {
  auto change = after_refund_news(refund_row(RefundState::created), captured_with_reservation(),
                                  RefundEvent::rail_succeeded, {}, "", kNow, Hears::in_this_turn);
  ASSERT_TRUE(change);
  EXPECT_TRUE(told(change->batch).empty());
}

PaymentIntent renewal(std::string id, std::string of, IntentState state) {
  PaymentIntent out = intent(state);
  out.id = IntentId::trusted(std::move(id));
  if (!of.empty()) out.renewed_from = IntentId::trusted(std::move(of));
  return out;
}

TEST(Wish, is_what_renews_one_another_whatever_the_order) {
  const auto first = renewal("pi_1", "", IntentState::expired);
  const auto second = renewal("pi_2", "pi_1", IntentState::expired);
  const auto third = renewal("pi_3", "pi_2", IntentState::awaiting_payment);
  const auto other = renewal("pi_4", "", IntentState::succeeded);
  const std::vector<PaymentIntent> all{third, first, other, second};
  EXPECT_EQ(same_wish(first, all), (Wish{third, second}));
  EXPECT_EQ(same_wish(second, all), (Wish{third, first}));
  EXPECT_EQ(same_wish(third, all), (Wish{first, second}));
  EXPECT_TRUE(same_wish(other, all).empty());
}

TEST(Wish, that_is_paid_returns_every_other_payment_even_one_in_time) {
  IntentSettings keep;
  keep.honour_late_payment = true;
  const Wish paid{renewal("pi_2", "pi_1", IntentState::succeeded)};
  for (const IntentState state : {IntentState::expired, IntentState::canceled, IntentState::failed})
    EXPECT_TRUE(returns_late_payment(intent(state), paid_at(kNow), true, keep, paid));
  EXPECT_FALSE(returns_late_payment(intent(IntentState::expired), paid_at(kNow), true, keep));
  // A payment of the open one is not late, and nothing is paid twice that was not.
  EXPECT_FALSE(returns_late_payment(intent(IntentState::awaiting_payment), paid_at(kNow), true, keep, paid));
}

// The customer was told that it goes back, whatever holds for orders that merely ran out.
TEST(LatePayment, of_what_was_canceled_or_replaced_is_never_kept) {
  IntentSettings keep;
  keep.honour_late_payment = true;
  for (const UtcTime when : {kNow, kDeadline}) {
    EXPECT_TRUE(returns_late_payment(intent(IntentState::canceled), paid_at(when), true, keep));
    EXPECT_TRUE(returns_late_payment(intent(IntentState::failed), paid_at(when), true, keep));
    EXPECT_FALSE(returns_late_payment(intent(IntentState::expired), paid_at(when), true, keep));
  }
}

TEST(Wish, keeping_the_old_payment_ends_the_new_order) {
  const Wish open{renewal("pi_2", "pi_1", IntentState::awaiting_payment)};
  const auto change =
      after_payment(intent(IntentState::expired), paid_at(kNow), true, kDeadline, kSettings, std::nullopt, open);
  ASSERT_TRUE(change);
  EXPECT_EQ(change->intent.state, IntentState::succeeded);
  const auto rows = all<op::UpdateIntent>(change->batch);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[1].row.id.str(), "pi_2");
  EXPECT_EQ(rows[1].row.state, IntentState::canceled);
  EXPECT_TRUE(adds(change->batch, WorkKind::close_order));
  // One that ended is touched, so that its own late payment is decided after this one.
  const Wish ended{renewal("pi_2", "pi_1", IntentState::expired)};
  const auto touching =
      after_payment(intent(IntentState::expired), paid_at(kNow), true, kDeadline, kSettings, std::nullopt, ended);
  ASSERT_EQ(all<op::UpdateIntent>(touching->batch).size(), 2U);
  EXPECT_EQ(all<op::UpdateIntent>(touching->batch)[1].row, ended[0]);
}

RailOrder chosen_for(std::string openid, std::string metadata) {
  Thread thread;
  thread.openid = std::move(openid);
  thread.metadata_json = std::move(metadata);
  RailOrder order;
  choose_kind(order, thread);
  return order;
}

TEST(ChooseKind, the_openid_decides_between_mini_program_and_code) {
  EXPECT_EQ(chosen_for("oUser", "{}").kind, TradeKind::mini_program);
  EXPECT_EQ(chosen_for("oUser", "{}").payer_openid, "oUser");
  EXPECT_EQ(chosen_for("", "{}").kind, TradeKind::qr);
  EXPECT_EQ(chosen_for("", "{}").payer_openid, "");
}

TEST(ChooseKind, the_backend_may_ask_for_an_app_or_a_link) {
  const auto app = chosen_for("oUser", R"({"pay_with":"app","client_ip":"14.23.150.211"})");
  EXPECT_EQ(app.kind, TradeKind::app);
  EXPECT_EQ(app.payer_openid, "");  // an app's order names no payer
  EXPECT_EQ(app.payer_ip, "14.23.150.211");
  const auto link = chosen_for("oUser", R"({"pay_with":"h5","client_ip":"14.23.150.211"})");
  EXPECT_EQ(link.kind, TradeKind::h5);
  EXPECT_EQ(link.payer_ip, "14.23.150.211");
  EXPECT_EQ(link.payer_openid, "");
}

TEST(ChooseKind, a_screen_in_the_shop_shows_a_code_that_lives_shortly) {
  const auto order = chosen_for("oUser", R"({"pay_with":"in_store"})");
  EXPECT_EQ(order.kind, TradeKind::qr);
  EXPECT_EQ(order.payer_openid, "");
  Thread thread;
  thread.metadata_json = R"({"pay_with":"in_store"})";
  EXPECT_EQ(lifetime_of(thread, IntentSettings()), Millis(30'000));
  thread.metadata_json = "{}";
  EXPECT_EQ(lifetime_of(thread, IntentSettings()), Millis(300'000));
}

TEST(ChooseKind, a_link_needs_the_payers_address) {
  EXPECT_EQ(chosen_for("", R"({"pay_with":"h5"})").kind, TradeKind::qr);
  EXPECT_EQ(chosen_for("oUser", R"({"pay_with":"h5"})").kind, TradeKind::mini_program);
  for (const char* no_address : {"300.1.1.1", "localhost", "14.23.150.211:80", "x'; --", ""}) {
    const auto order = chosen_for("", nlohmann::json{{"pay_with", "h5"}, {"client_ip", no_address}}.dump());
    EXPECT_EQ(order.kind, TradeKind::qr) << no_address;
    EXPECT_EQ(order.payer_ip, "") << no_address;
  }
}

TEST(ChooseKind, the_payers_address_goes_with_every_kind) {
  const auto order = chosen_for("oUser", R"({"client_ip":"2606:4700::1111"})");
  EXPECT_EQ(order.kind, TradeKind::mini_program);
  EXPECT_EQ(order.payer_ip, "2606:4700::1111");
}

TEST(ChooseKind, what_cannot_be_read_changes_nothing) {
  for (const char* metadata :
       {"", "[]", "null", "not JSON", R"({"pay_with":7})", R"({"pay_with":"gold"})", R"({"client_ip":14})"}) {
    const auto order = chosen_for("oUser", metadata);
    EXPECT_EQ(order.kind, TradeKind::mini_program) << metadata;
    EXPECT_EQ(order.payer_ip, "") << metadata;
  }
}

}  // namespace
}  // namespace purser::cashier
