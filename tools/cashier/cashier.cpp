#include "tools/cashier/cashier.hpp"

#include "tools/cashier/wish.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace purser {

namespace {

using cashier::kConflictRetries;
using cashier::lost_race;
// At the end of the schedule of a refund that stays under way.
constexpr Millis kRefundAskedEvery = std::chrono::minutes(30);
// How far back the renewals of one wish are looked for.
constexpr std::int64_t kIntentsOfAWish = 100;

bool waits_for_rail(const PaymentIntent& intent) {
  return intent.state == IntentState::created || intent.state == IntentState::unknown;
}

}  // namespace

Cashier::Cashier(Ports ports, IntentSettings intents, RefundSettings refunds, TenantPolicies tenants)
    : ports_(ports), policies_(std::move(intents), std::move(refunds), std::move(tenants)) {}

Deadline Cashier::rail_deadline() const {
  return Deadline::after(ports_.clock, cashier::kRailPatience);
}

// --- orders
// --------------------------------------------------------------------------------------------------------------

Task<Result<PaymentIntent>> Cashier::open(Thread& thread, CheckedOrder order, std::string origin,
                                          IntentId renewed_from) {
  auto known = co_await ports_.store.intent_by_origin(thread.id, origin);
  if (!known) co_return known.error();
  if (known->has_value()) {
    PaymentIntent intent = std::move(known->value());
    if (waits_for_rail(intent)) co_return co_await place_order(std::move(intent));
    co_return intent;
  }
  auto intent = intent_of(thread, std::move(order), std::move(origin), std::move(renewed_from));
  if (!intent) co_return intent.error();
  auto inserted = co_await insert_renewal(thread, std::move(*intent));
  if (!inserted) co_return inserted.error();
  co_return co_await place_order(std::move(*inserted));
}

// What it renews may be paid at this moment: the ended ones are touched, so that a payment that is kept comes before or
// after this, and either sees the other.
Task<Result<PaymentIntent>> Cashier::insert_renewal(Thread& thread, PaymentIntent intent) {
  Error last(Errc::store_conflict);
  for (int i = 0; i < kConflictRetries; ++i) {
    Batch batch("intent.created");
    std::set<std::string> touched;
    if (!intent.renewed_from.empty()) {
      auto of_thread = co_await ports_.store.intents_of_thread(thread.id, kIntentsOfAWish);
      if (!of_thread) co_return of_thread.error();
      const cashier::Wish wish = cashier::same_wish(intent, *of_thread);
      if (const PaymentIntent* paid = cashier::paid_of(wish))
        co_return Error(Errc::illegal_transition, "this order is paid already, by " + paid->id.str());
      for (const PaymentIntent& other : wish) {
        if (is_open(other.state)) continue;  // of an open one the store lets no second stand beside it
        touched.insert(other.id.str());
        batch.add(op::UpdateIntent{other});
      }
    }
    cashier::add(batch, cashier::opening(intent, policies_.intent(thread.tenant), intent.created_at));
    auto inserted = co_await insert(thread, intent, std::move(batch));
    if (inserted || inserted.code() != Errc::store_conflict || !touched.contains(inserted.error().param))
      co_return inserted;
    last = inserted.error();
  }
  co_return last;
}

Task<Result<PaymentIntent>> Cashier::place_order(PaymentIntent intent) {
  const IntentId id = intent.id;
  const Deadline limit = rail_deadline();
  OrderReply reply = co_await ports_.channel.create_order(std::move(intent), limit);
  const bool paid = reply.already_paid;
  auto recorded = co_await record_order_reply(id, std::move(reply));
  if (!recorded || !paid) co_return recorded;
  // The number is paid although we had not heard of it: the facts decide.
  auto asked = co_await settle_by_query(id);
  if (!asked) co_return asked.error();
  co_return co_await ports_.store.intent(id);
}

Task<Result<PaymentIntent>> Cashier::record_order_reply(IntentId id, OrderReply reply) {
  Error last(Errc::store_conflict);
  for (int i = 0; i < kConflictRetries; ++i) {
    auto row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    // Paid, expired or canceled while the rail was answering: that news is newer than this answer.
    if (!waits_for_rail(*row)) co_return row;
    const IntentSettings& policy = policies_.intent(row->tenant);
    auto change = cashier::after_order_reply(std::move(*row), reply, ports_.clock.durable(), policy);
    if (!change) co_return change.error();
    auto done = co_await ports_.store.commit(std::move(change->batch));
    if (done) co_return std::move(change->intent);
    if (!lost_race(done.error())) co_return done.error();
    last = done.error();
  }
  co_return last;
}

Task<Result<QueryReply>> Cashier::settle_by_query(IntentId id) {
  auto row = co_await ports_.store.intent(id);
  if (!row) co_return row.error();
  const Deadline limit = rail_deadline();
  QueryReply reply = co_await ports_.channel.query_order(row->order.out_trade_no, limit);
  if (reply.outcome != Outcome::succeeded || !reply.facts) co_return reply;
  const TradeState state = reply.facts->state;
  if (state == TradeState::paid || state == TradeState::refunded) {
    auto applied = co_await apply_facts(id, *reply.facts);
    if (!applied) co_return applied.error();
  } else if (state == TradeState::closed) {
    auto applied = co_await apply_rail_closed(id);
    if (!applied) co_return applied.error();
  }
  co_return reply;
}

// While the rail is slow to close an order that expired, the work that closes it says whether the expiry was told.
Task<Result<bool>> Cashier::expiry_is_told(IntentId id) {
  std::string subject = id.str();
  auto closing = co_await ports_.store.work_of_kind(WorkKind::close_order, subject, "", 1);
  if (!closing) co_return closing.error();
  if (closing->empty() || closing->front().subject != subject) co_return false;
  co_return nlohmann::json::parse(closing->front().payload_json, nullptr, false).value("told", false);
}

Task<Result<void>> Cashier::apply_facts(IntentId id, OrderFacts facts) {
  for (int i = 0; i < kConflictRetries; ++i) {
    auto row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    PaymentIntent intent = std::move(*row);
    const bool matches = ports_.channel.matches(facts, intent);
    const UtcTime now = ports_.clock.durable();
    cashier::Wish wish;
    bool expiry_told = false;
    if (!is_open(intent.state)) {
      auto told = co_await expiry_is_told(intent.id);
      if (!told) co_return told.error();
      expiry_told = *told;
      auto of_thread = co_await ports_.store.intents_of_thread(intent.thread, kIntentsOfAWish);
      if (!of_thread) co_return of_thread.error();
      wish = cashier::same_wish(intent, *of_thread);
    }
    cashier::LateRefund late;
    const IntentSettings& policy = policies_.intent(intent.tenant);
    if (cashier::returns_late_payment(intent, facts, matches, policy, wish)) {
      Refund refund;
      refund.id = ports_.mint.refund_id();
      refund.intent = intent.id;
      refund.tenant = intent.tenant;
      refund.thread = intent.thread;
      refund.origin = "late:" + intent.id.str();
      refund.out_refund_no = ports_.mint.out_refund_no(intent.tenant, intent.id, refund.origin);
      refund.amount = intent.amount;
      refund.reason = "paid after the order had ended";
      refund.created_at = refund.due_at = now;
      auto body = ports_.channel.refund_body(intent, refund);
      if (!body) co_return body.error();
      refund.request_body = std::move(*body);
      late = std::move(refund);
    }
    auto change = cashier::after_payment(std::move(intent), facts, matches, now, policy, late, wish, expiry_told);
    if (!change) co_return success();
    auto done = co_await post(std::move(change->batch), change->intent.tenant, change->intent.id);
    if (done) co_return success();
    if (!lost_race(done.error())) co_return done.error();
  }
  co_return Errc::store_conflict;
}

Task<Result<void>> Cashier::apply_rail_closed(IntentId id) {
  auto row = co_await ports_.store.intent(id);
  if (!row) co_return row.error();
  auto change = cashier::after_rail_closed(std::move(*row), ports_.clock.durable());
  if (!change) co_return success();
  auto done = co_await ports_.store.commit(std::move(change->batch));
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<Confirmation>> Cashier::confirmation(PaymentIntent intent) {
  const Deadline limit = rail_deadline();
  co_return co_await ports_.channel.confirmation(std::move(intent), limit);
}

Task<Result<void>> Cashier::take_order_facts(OrderFacts facts) {
  auto row = co_await ports_.store.intent_by_number(facts.out_trade_no);
  if (!row) co_return row.error();
  if (facts.state != TradeState::paid && facts.state != TradeState::refunded) co_return success();
  if (ports_.channel.matches(facts, *row)) co_return co_await apply_facts(row->id, std::move(facts));
  // Signed, and yet not about what was ordered: the rail's answer to our own question decides, and without one nothing
  // is decided.
  auto asked = co_await settle_by_query(row->id);
  if (!asked) co_return asked.error();
  if (asked->outcome == Outcome::unknown)
    co_return Error(Errc::rail_unknown,
                    "the rail does not say what became of an order that a notification told wrongly");
  co_return Error(Errc::facts_differ, "the notification is not about what was ordered", row->id.str());
}

// --- work that fell due
// --------------------------------------------------------------------------------------------------

Task<Result<void>> Cashier::drop(WorkItem item) {
  Batch batch("work.dropped");
  batch.add(op::DropWork{item.kind, item.subject});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<void>> Cashier::later(WorkItem item) {
  // 2, 4, 8 ... times the first interval, bounded: the rail is asked often at first and patiently afterwards. A refund
  // may take days, and the rail wants to be asked about it every half an hour at the end.
  const IntentSettings& intent = policies_.for_all().intent;
  const Millis most =
      item.kind == WorkKind::resolve_refund ? std::max(intent.resolve_max, kRefundAskedEvery) : intent.resolve_max;
  const auto doubled = intent.resolve_first * (1LL << std::min<std::int64_t>(item.attempts, 20));
  item.attempts += 1;
  const UtcTime due = ports_.clock.durable() + std::min<Millis>(doubled, most);
  co_return co_await put_off(std::move(item), due);
}

Task<Result<void>> Cashier::put_off(WorkItem item, UtcTime due) {
  item.due_at = due;
  Batch batch("work.later");
  // Taken first: an item that was ended meanwhile must not come back.
  batch.add(op::TakeWork{item.kind, item.subject});
  batch.add(op::PutWork{std::move(item)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done && done.code() != Errc::store_conflict) co_return done.error();
  co_return success();
}

Task<Result<void>> Cashier::expire(WorkItem item) {
  auto row = co_await ports_.store.intent(IntentId::trusted(item.subject));
  if (!row) co_return row.error();
  if (!is_open(row->state)) co_return co_await drop(std::move(item));
  auto change = cashier::after_deadline(std::move(*row), ports_.clock.durable());
  if (!change) co_return change.error();
  auto done = co_await ports_.store.commit(std::move(change->batch));
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<void>> Cashier::close(WorkItem item) {
  const IntentId id = IntentId::trusted(item.subject);
  auto row = co_await ports_.store.intent(id);
  if (!row) co_return row.error();
  if (!row->order.may_be_open) co_return co_await drop(std::move(item));
  const bool told = nlohmann::json::parse(item.payload_json, nullptr, false).value("told", false);
  cashier::Untold who = told ? cashier::Untold::nobody : cashier::Untold::conversation;
  const Deadline limit = rail_deadline();
  CloseReply reply = co_await ports_.channel.close_order(row->order.out_trade_no, limit);
  if (reply.already_paid) {
    auto asked = co_await settle_by_query(id);
    if (!asked) co_return asked.error();
    row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    if (!row->order.may_be_open) co_return success();
  }
  // A number that the rail does not know may be a create that is still on its way: believed the second time, and never
  // of an order that it has handed something out for.
  const bool handed_out = !row->order.prepay_id.empty() || !row->order.code_url.empty();
  const bool nothing_there =
      reply.outcome == Outcome::declined && !reply.already_paid && !handed_out && item.attempts > 0;
  if (!told && row->state == IntentState::expired) {
    auto of_thread = co_await ports_.store.intents_of_thread(row->thread, kIntentsOfAWish);
    if (!of_thread) co_return of_thread.error();
    const bool renewed = std::any_of(of_thread->begin(), of_thread->end(),
                                     [&id](const PaymentIntent& other) { return other.renewed_from == id; });
    if (renewed) who = cashier::Untold::stream;
  }
  if (reply.outcome == Outcome::succeeded || nothing_there) {
    row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    auto change = cashier::after_close(std::move(*row), ports_.clock.durable(), who);
    auto done = co_await ports_.store.commit(std::move(change.batch));
    if (!done) co_return done.error();
    co_return success();
  }
  if (!told && row->state == IntentState::expired && !reply.already_paid) {
    // The rail is slow to say; the user need not wait for it.
    item.payload_json = R"({"told":true})";
    Batch batch("intent.expiry_told");
    batch.add(op::TakeWork{item.kind, item.subject});
    batch.add(op::PutWork{item});
    cashier::tell_expired(batch, *row, ports_.clock.durable(), who);
    auto done = co_await ports_.store.commit(std::move(batch));
    if (!done) co_return done.error();
  }
  co_return co_await later(std::move(item));
}

Task<Result<void>> Cashier::resolve_order(WorkItem item) {
  const IntentId id = IntentId::trusted(item.subject);
  auto row = co_await ports_.store.intent(id);
  if (!row) co_return row.error();
  if (!is_open(row->state)) co_return co_await drop(std::move(item));
  auto reply = co_await settle_by_query(id);
  if (!reply) co_return reply.error();
  row = co_await ports_.store.intent(id);
  if (!row) co_return row.error();
  if (!is_open(row->state)) co_return co_await drop(std::move(item));
  const bool rail_sees_it_unpaid = reply->outcome == Outcome::succeeded;
  const bool rail_does_not_know = reply->outcome == Outcome::declined;
  if (waits_for_rail(*row) && (rail_sees_it_unpaid || rail_does_not_know)) {
    // Same number, same bytes: the rail takes it as the same order and hands out what the user pays with.
    auto placed = co_await place_order(std::move(*row));
    if (!placed) co_return placed.error();
    if (!waits_for_rail(*placed)) co_return success();
  }
  co_return co_await later(std::move(item));
}

}  // namespace purser
