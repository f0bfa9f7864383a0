// What happened at the rail and is not in the books: refunds from the merchant's own pages, payments of lost orders.
#include "tools/cashier/cashier.hpp"

namespace purser {

namespace {

constexpr std::string_view kOutside = "outside:";

Error no_answer(std::string_view about) {
  return Error(Errc::rail_unknown, "the rail does not say what became of " + std::string(about));
}

}  // namespace

Task<Result<void>> Cashier::book_outside_refund(RefundFacts facts) {
  auto known = co_await ports_.store.intent_by_number(facts.out_trade_no);
  if (!known) co_return known.error();
  const Deadline limit = rail_deadline();
  RefundReply reply = co_await ports_.channel.query_refund(facts.out_refund_no, limit);
  if (reply.outcome == Outcome::unknown) co_return no_answer("a refund that we did not make");
  if (!reply.facts || reply.facts->out_refund_no != facts.out_refund_no) co_return Errc::not_found;
  // Under way, or come to nothing: no money has moved. Its end is told by another notification.
  if (reply.facts->event != RefundEvent::rail_succeeded) co_return success();
  facts = *reply.facts;
  for (int i = 0; i < cashier::kConflictRetries; ++i) {
    auto intent = co_await ports_.store.intent(known->id);
    if (!intent) co_return intent.error();
    const bool ours = facts.out_trade_no == intent->order.out_trade_no && facts.total == intent->amount;
    const bool fits = facts.refund.positive() && facts.refund.currency() == intent->amount.currency() &&
                      facts.refund.minor() <= refundable(*intent).minor();
    if (!ours || !fits)
      co_return Error(Errc::facts_differ, "the rail has made a refund that this payment cannot bear", intent->id.str());
    const UtcTime now = ports_.clock.durable();
    Refund refund;
    refund.id = ports_.mint.refund_id();
    refund.intent = intent->id;
    refund.tenant = intent->tenant;
    refund.thread = intent->thread;
    refund.out_refund_no = facts.out_refund_no;
    refund.amount = facts.refund;
    refund.reason = "made by the merchant at the rail";
    refund.origin = std::string(kOutside) + facts.out_refund_no.str();
    refund.created_at = refund.due_at = now;
    Batch batch = cashier::after_outside_refund(std::move(refund), std::move(*intent), facts, now);
    auto done = co_await ports_.store.commit(std::move(batch));
    if (done) co_return success();
    // Told twice at the same time: the other one has booked it.
    if (done.code() == Errc::store_duplicate) co_return success();
    if (!cashier::lost_race(done.error())) co_return done.error();
  }
  co_return Errc::store_conflict;
}

Task<Result<void>> Cashier::return_unknown_payment(TenantId tenant, OrderFacts facts) {
  if (!policies_.intent(tenant).return_unknown_payment) co_return Errc::not_found;
  const OutTradeNo number = facts.out_trade_no;
  const Deadline limit = rail_deadline();
  QueryReply reply = co_await ports_.channel.query_order(number, limit);
  if (reply.outcome == Outcome::unknown) co_return no_answer("a payment of an order that is not in the books");
  if (!reply.facts || reply.facts->state != TradeState::paid) co_return Errc::not_found;
  facts = *reply.facts;
  // Every order of ours carries its intent's id; other systems of the merchant give their own money back.
  auto id = IntentId::parse(facts.attach);
  if (!id || !facts.total.positive()) co_return Errc::not_found;

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
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done && done.code() != Errc::store_duplicate) co_return done.error();
  co_return success();
}

}  // namespace purser
