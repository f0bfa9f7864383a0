// What happened at the rail and is not in the books: refunds from the merchant's own pages, payments of lost orders.
#include "tools/cashier/cashier.hpp"

#include <optional>

namespace purser {

namespace {

constexpr std::string_view kOutside = "outside:";

Error not_yet(std::string_view what) {
  return Error(Errc::rail_unknown, std::string(what));
}

Error cannot_be(const PaymentIntent& intent, std::string_view what) {
  return Error(Errc::facts_differ, std::string(what), intent.id.str());
}

// Nothing: it can be booked.
std::optional<Error> in_the_way(const PaymentIntent& intent, const RefundFacts& told, const RefundFacts& confirmed) {
  if (confirmed.out_refund_no != told.out_refund_no || confirmed.out_trade_no != told.out_trade_no ||
      confirmed.refund != told.refund || confirmed.total != told.total)
    return not_yet("what the rail answers of a refund is not what it told of it");
  if (confirmed.total != intent.amount) return cannot_be(intent, "the rail has made a refund of another payment");
  const Money& sum = confirmed.refund;
  if (!sum.positive() || sum.currency() != intent.amount.currency() ||
      sum.minor() > intent.captured.minor() - intent.refunded.minor())
    return cannot_be(intent, "the rail has made a refund that this payment cannot bear");
  // The rail will refuse ours, or has made it too: its end decides.
  if (sum.minor() > refundable(intent).minor())
    return not_yet("a refund of ours stands in the way of one made outside");
  return std::nullopt;
}

}  // namespace

Task<Result<void>> Cashier::book_outside_refund(RefundFacts told) {
  auto row = co_await ports_.store.intent_by_number(told.out_trade_no);
  if (!row) co_return row.error();
  if (told.event == RefundEvent::rail_closed) co_return success();  // no money has moved
  if (told.event != RefundEvent::rail_succeeded)
    co_return cannot_be(*row, "a refund that was made outside has not reached the payer");
  if (row->state == IntentState::conflicted) co_return cannot_be(*row, "the payment itself is not settled");
  const IntentId id = row->id;
  if (!row->captured.positive()) {  // told before the payment was
    auto asked = co_await settle_by_query(id);
    if (!asked) co_return asked.error();
    row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    if (row->state == IntentState::conflicted) co_return cannot_be(*row, "the payment itself is not settled");
    if (!row->captured.positive()) co_return not_yet("a refund was told of a payment that the rail does not confirm");
  }
  const Deadline limit = rail_deadline();
  RefundReply reply = co_await ports_.channel.query_refund(told.out_refund_no, limit);
  if (!reply.facts) co_return not_yet("the rail does not confirm a refund that it told of");
  if (reply.facts->event != RefundEvent::rail_succeeded)
    co_return not_yet("the rail is not done with a refund it told of");
  const RefundFacts confirmed = *reply.facts;
  for (int i = 0; i < cashier::kConflictRetries; ++i) {
    auto intent = co_await ports_.store.intent(id);
    if (!intent) co_return intent.error();
    if (auto obstacle = in_the_way(*intent, told, confirmed)) co_return std::move(*obstacle);
    const UtcTime now = ports_.clock.durable();
    Refund refund;
    refund.id = ports_.mint.refund_id();
    refund.intent = intent->id;
    refund.tenant = intent->tenant;
    refund.thread = intent->thread;
    refund.out_refund_no = confirmed.out_refund_no;
    refund.amount = confirmed.refund;
    refund.reason = "made by the merchant at the rail";
    refund.origin = std::string(kOutside) + confirmed.out_refund_no.str();
    refund.created_at = refund.due_at = now;
    const TenantId tenant = intent->tenant;
    Batch batch = cashier::after_outside_refund(std::move(refund), std::move(*intent), confirmed, now);
    auto done = co_await post(std::move(batch), tenant, id);
    if (done) co_return co_await beside_ours(id);
    // Told twice at the same time: the other one has booked it.
    if (done.code() == Errc::store_duplicate) co_return success();
    if (!cashier::lost_race(done.error())) co_return done.error();
  }
  co_return Errc::store_conflict;
}

// Whether the hand did what we have promised too is nothing that rows can tell: ours goes on, and a person hears of it.
Task<Result<void>> Cashier::beside_ours(IntentId id) {
  auto all = co_await ports_.store.refunds_of_intent(id);
  if (!all) co_return all.error();
  for (const Refund& other : *all)
    if (!is_final(other.state))
      co_return Error(Errc::facts_differ,
                      "a refund made by hand is booked, and one of ours is still to be made: are they the same money?",
                      id.str());
  co_return success();
}

Task<Result<void>> Cashier::return_unknown_payment(TenantId tenant, OrderFacts told) {
  if (!policies_.intent(tenant).return_unknown_payment) co_return Errc::not_found;
  const OutTradeNo number = told.out_trade_no;
  // Every order of ours carries its intent's id, and its number is made from that and our secret; other systems of the
  // merchant, and other tenants, give their own money back.
  auto id = IntentId::parse(told.attach);
  if (!id || ports_.mint.out_trade_no(tenant, *id) != number) co_return Errc::not_found;
  const Deadline limit = rail_deadline();
  QueryReply reply = co_await ports_.channel.query_order(number, limit);
  if (!reply.facts) co_return not_yet("the rail does not confirm a payment that it told of");
  const OrderFacts facts = *reply.facts;
  if (facts.state == TradeState::refunded)
    co_return Error(Errc::facts_differ, "an order that is not in the books was paid, and part or all of it went back",
                    id->str());
  const bool same = facts.total == told.total && facts.mchid == told.mchid && facts.appid == told.appid &&
                    facts.attach == told.attach;
  if (facts.state != TradeState::paid || !same)
    co_return not_yet("what the rail answers of a payment is not what it told");
  if (!facts.total.positive()) co_return Errc::not_found;

  const UtcTime now = ports_.clock.durable();
  Thread thread;
  thread.id = ports_.mint.thread_of(tenant, std::string(cashier::kUnknownPayment) + number.str());
  thread.tenant = tenant;
  thread.user = UserId::trusted("unknown-payer");
  thread.created_at = now;
  PaymentIntent intent;
  intent.id = *id;
  intent.tenant = tenant;
  intent.thread = thread.id;
  intent.user = thread.user;
  intent.state = IntentState::expired;
  intent.amount = facts.total;
  intent.captured = intent.refunded = intent.refund_reserved = Money(0, facts.total.currency());
  intent.description = "an order whose row was lost";
  intent.channel = std::string(ports_.channel.name());
  intent.order.out_trade_no = number;
  intent.created_at = intent.expires_at = now;
  intent.origin = std::string(cashier::kUnknownPayment) + number.str();
  if (!ports_.channel.matches(facts, intent)) co_return Errc::not_found;
  Refund back;
  back.id = ports_.mint.refund_id();
  back.intent = intent.id;
  back.tenant = tenant;
  back.thread = thread.id;
  back.origin = "late:" + intent.id.str();
  // From the intent's id alone: a second loss of the row asks for the same refund again, and not for another.
  back.out_refund_no = ports_.mint.out_refund_no(tenant, intent.id, back.origin);
  back.amount = intent.amount;
  back.reason = "the order could not be found";
  back.created_at = back.due_at = now;
  auto body = ports_.channel.refund_body(intent, back);
  if (!body) co_return body.error();
  back.request_body = std::move(*body);
  Batch batch = cashier::after_unknown_payment(std::move(thread), std::move(intent), facts, std::move(back), now);
  auto done = co_await post(std::move(batch), tenant, *id);
  if (done) co_return success();
  if (done.code() != Errc::store_duplicate) co_return done.error();
  // Told twice at the same time, and the other one has booked it; anything else would be two orders of one intent.
  auto booked = co_await ports_.store.intent_by_number(number);
  if (!booked) co_return booked.error();
  co_return success();
}

}  // namespace purser
