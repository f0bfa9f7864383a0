#include "tools/cashier/cashier.hpp"

#include "tools/cashier/budgets.hpp"
#include "tools/cashier/wish.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser {

namespace {

// Longer than any channel's own limit: the channel decides when an answer is too late, this only bounds a bug.
constexpr std::chrono::seconds kRailPatience{40};
using cashier::kConflictRetries;
// How far back the renewals of one wish are looked for.
constexpr std::int64_t kIntentsOfAWish = 100;
using cashier::lost_race;

bool waits_for_rail(const PaymentIntent& intent) {
  return intent.state == IntentState::created || intent.state == IntentState::unknown;
}

}  // namespace

Cashier::Cashier(Ports ports, IntentSettings intents, RefundSettings refunds, TenantPolicies tenants)
    : ports_(ports), policies_(std::move(intents), std::move(refunds), std::move(tenants)) {}

Deadline Cashier::rail_deadline() const {
  return Deadline::after(ports_.clock, kRailPatience);
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
  Batch batch("intent.created");
  auto inserted = co_await insert(thread, std::move(*intent), std::move(batch));
  if (!inserted) co_return inserted.error();
  co_return co_await place_order(std::move(*inserted));
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

Task<Result<void>> Cashier::apply_facts(IntentId id, OrderFacts facts) {
  for (int i = 0; i < kConflictRetries; ++i) {
    auto row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    PaymentIntent intent = std::move(*row);
    const bool matches = ports_.channel.matches(facts, intent);
    const UtcTime now = ports_.clock.durable();
    cashier::Wish wish;
    if (!is_open(intent.state)) {
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
    auto change = cashier::after_payment(std::move(intent), facts, matches, now, policy, late, wish);
    if (!change) co_return success();
    auto done = co_await ports_.store.commit(std::move(change->batch));
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

// --- refunds
// -------------------------------------------------------------------------------------------------------------

Task<Result<std::vector<Refund>>> Cashier::refund(Thread thread, std::vector<CheckedRefund> list, std::string origin) {
  if (list.empty()) co_return Error(Errc::refund_total_mismatch, "the list of refunds is empty", "refunds");
  Money sum(0, list.front().amount.currency());
  for (const CheckedRefund& one : list) {
    auto more = sum.plus(one.amount);
    if (!more) co_return more.error();
    sum = *more;
  }
  Batch with("refund.created");
  cashier::add(with, cashier::refunding(thread, sum, policies_.refund(thread.tenant), ports_.clock.durable()));
  auto reserved =
      co_await reserve(std::move(thread), std::move(list), std::move(origin), std::move(with), Sends::by_caller);
  if (!reserved) co_return reserved.error();
  co_return co_await send_due(std::move(*reserved));
}

Task<Result<std::vector<Refund>>> Cashier::continue_refunds(Thread thread, std::vector<IntentId> intents,
                                                            std::string origin) {
  std::vector<Refund> made;
  for (std::size_t i = 0; i < intents.size(); ++i) {
    const std::string line_origin = origin + ":" + std::to_string(i);
    const OutRefundNo number = ports_.mint.out_refund_no(thread.tenant, intents[i], line_origin);
    auto known = co_await ports_.store.refund_by_number(number);
    if (known) made.push_back(std::move(*known));
    if (!known && known.code() != Errc::not_found) co_return known.error();
  }
  co_return co_await send_due(std::move(made));
}

Task<Result<std::vector<Refund>>> Cashier::send_due(std::vector<Refund> list) {
  bool first = true;
  for (Refund& refund : list) {
    if (refund.state != RefundState::created || refund.due_at > ports_.clock.durable()) continue;
    if (!first) {
      const auto next = ports_.clock.now() + policies_.refund(refund.tenant).gap;
      auto slept = co_await ports_.clock.sleep_until(next);
      if (!slept) break;  // stopping: the rows stay due and are sent after the restart
    }
    first = false;
    auto sent = co_await send_refund(refund, cashier::Hears::in_this_turn);
    if (!sent) co_return sent.error();
    refund = std::move(*sent);
  }
  co_return list;
}

Task<Result<UtcTime>> Cashier::earliest_refund(IntentId intent) {
  auto earlier = co_await ports_.store.refunds_of_intent(std::move(intent));
  if (!earlier) co_return earlier.error();
  UtcTime due = ports_.clock.durable();
  for (const Refund& refund : *earlier) due = std::max(due, refund.due_at + ports_.channel.refund_spacing());
  co_return due;
}

Task<Result<std::vector<Refund>>> Cashier::reserve(Thread thread, std::vector<CheckedRefund> list, std::string origin,
                                                   Batch with, Sends sends) {
  Error last(Errc::store_conflict);
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Batch batch = with;
    std::vector<Refund> out;
    std::vector<PaymentIntent> touched;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string line_origin = origin + ":" + std::to_string(i);
      const OutRefundNo number = ports_.mint.out_refund_no(thread.tenant, list[i].intent, line_origin);
      auto known = co_await ports_.store.refund_by_number(number);
      if (known) {  // the list was made before (one batch): go on with it
        out.push_back(std::move(*known));
        continue;
      }
      if (known.code() != Errc::not_found) co_return known.error();
      auto row = std::find_if(touched.begin(), touched.end(), [&](const auto& t) { return t.id == list[i].intent; });
      if (row == touched.end()) {
        auto read = co_await ports_.store.intent(list[i].intent);
        if (!read) co_return read.error();
        touched.push_back(std::move(*read));
        row = std::prev(touched.end());
      }
      if (row->state != IntentState::succeeded)
        co_return Error(Errc::refund_not_allowed, "only a paid payment can be refunded", "payment_intent");
      if (list[i].amount.currency() != row->amount.currency() || list[i].amount.minor() > refundable(*row).minor())
        co_return Error(Errc::refund_exceeds_remaining,
                        "only " + refundable(*row).display() + " of this payment is left", "amount_fen");
      auto due = co_await earliest_refund(row->id);
      if (!due) co_return due.error();
      for (const Refund& sibling : out)
        if (sibling.intent == row->id) *due = std::max(*due, sibling.due_at + ports_.channel.refund_spacing());
      Refund refund;
      refund.id = ports_.mint.refund_id();
      refund.intent = row->id;
      refund.tenant = row->tenant;
      refund.thread = row->thread;
      refund.out_refund_no = number;
      refund.amount = list[i].amount;
      refund.reason = list[i].reason;
      refund.origin = line_origin;
      refund.created_at = ports_.clock.durable();
      refund.due_at = *due;
      auto body = ports_.channel.refund_body(*row, refund);
      if (!body) co_return body.error();
      refund.request_body = std::move(*body);
      row->refund_reserved = row->refund_reserved.plus(refund.amount).value();
      out.push_back(std::move(refund));
    }
    if (touched.empty()) co_return out;
    for (const PaymentIntent& intent : touched) batch.add(op::UpdateIntent{intent});
    const UtcTime now = ports_.clock.durable();
    for (const Refund& refund : out) {
      batch.add(op::InsertRefund{refund});
      // Those that are due are sent by the caller; the row is the safety net should it not get there.
      const UtcTime net = std::max(refund.due_at, now + std::chrono::duration_cast<Millis>(kRailPatience));
      const bool waits = refund.due_at > now || sends == Sends::by_work;
      batch.add(op::AddWork{cashier::work(WorkKind::submit_refund, refund, waits ? refund.due_at : net)});
      batch.add(op::AppendEvent{cashier::event(refund, "refund.created", now)});
    }
    auto done = co_await ports_.store.commit(std::move(batch));
    if (done) co_return out;
    if (!lost_race(done.error())) co_return done.error();
    last = done.error();
  }
  co_return last;
}

Task<Result<Refund>> Cashier::send_refund(Refund refund, cashier::Hears hears) {
  const RefundId id = refund.id;
  const std::int64_t known = refund.version;
  const Deadline limit = rail_deadline();
  RefundReply reply = co_await ports_.channel.refund(std::move(refund), limit);
  RefundFacts facts;
  if (reply.facts) facts = *reply.facts;
  co_return co_await record_refund(id, known, cashier::event_of(reply), std::move(facts), reply.says.code, hears);
}

Task<Result<Refund>> Cashier::record_refund(RefundId id, std::int64_t known, RefundEvent event, RefundFacts facts,
                                            std::string why, cashier::Hears hears) {
  Error last(Errc::store_conflict);
  for (int i = 0; i < kConflictRetries; ++i) {
    auto row = co_await ports_.store.refund(id);
    if (!row) co_return row.error();
    // That it is under way is older than what became known while this answer was: an abnormal end that was told of
    // already would be taken back, and told again.
    if (event == RefundEvent::rail_accepted && row->version != known) co_return row;
    auto intent = co_await ports_.store.intent(row->intent);
    if (!intent) co_return intent.error();
    // Facts about another sum are not facts about this refund: it stays open and the rail is asked again.
    const bool other_sum = facts.refund.positive() && facts.refund != row->amount;
    const RefundEvent what = other_sum ? RefundEvent::rail_unclear : event;
    auto change = cashier::after_refund_news(*row, std::move(*intent), what, facts, why, ports_.clock.durable(), hears);
    if (!change) co_return row;
    auto done = co_await ports_.store.commit(std::move(change->batch));
    if (done) co_return std::move(change->refund);
    if (!lost_race(done.error())) co_return done.error();
    last = done.error();
  }
  co_return last;
}

Task<Result<void>> Cashier::take_refund_facts(RefundFacts facts) {
  auto row = co_await ports_.store.refund_by_number(facts.out_refund_no);
  if (!row) co_return row.error();
  const RefundEvent event = facts.event;
  std::string why = event == RefundEvent::rail_closed ? "closed by the rail" : "the money did not reach the payer";
  auto recorded =
      co_await record_refund(row->id, row->version, event, std::move(facts), std::move(why), cashier::Hears::by_event);
  if (!recorded) co_return recorded.error();
  co_return success();
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
  // 2, 4, 8 ... times the first interval, bounded: the rail is asked often at first and patiently afterwards.
  const auto doubled = policies_.for_all().intent.resolve_first * (1LL << std::min<std::int64_t>(item.attempts, 10));
  item.attempts += 1;
  item.due_at = ports_.clock.durable() + std::min<Millis>(doubled, policies_.for_all().intent.resolve_max);
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
  const Deadline limit = rail_deadline();
  CloseReply reply = co_await ports_.channel.close_order(row->order.out_trade_no, limit);
  if (reply.already_paid) {
    auto asked = co_await settle_by_query(id);
    if (!asked) co_return asked.error();
    row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    if (!row->order.may_be_open) co_return success();
  }
  // A number that the rail does not know may be a create that is still on its way: believed the second time.
  const bool nothing_there = reply.outcome == Outcome::declined && !reply.already_paid && item.attempts > 0;
  if (reply.outcome == Outcome::succeeded || nothing_there) {
    row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    auto change = cashier::after_close(std::move(*row), ports_.clock.durable(), told);
    auto done = co_await ports_.store.commit(std::move(change.batch));
    if (!done) co_return done.error();
    co_return success();
  }
  if (!told && row->state == IntentState::expired) {
    // The rail is slow to say; the user need not wait for it.
    item.payload_json = R"({"told":true})";
    const UtcTime now = ports_.clock.durable();
    Batch batch("intent.expiry_told");
    batch.add(op::TakeWork{item.kind, item.subject});
    batch.add(op::PutWork{item});
    batch.add(op::AppendEvent{cashier::event(*row, "intent.expired", now)});
    batch.add(op::AddWork{cashier::tell(*row, "intent.expired", now)});
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

Task<Result<void>> Cashier::submit_refund(WorkItem item) {
  auto row = co_await ports_.store.refund(RefundId::trusted(item.subject));
  if (!row) co_return row.error();
  if (row->state != RefundState::created) co_return co_await drop(std::move(item));
  auto sent = co_await send_refund(std::move(*row), cashier::Hears::by_event);
  if (!sent) co_return sent.error();
  if (sent->state == RefundState::created) co_return co_await later(std::move(item));
  co_return success();
}

Task<Result<void>> Cashier::resolve_refund(WorkItem item) {
  const RefundId id = RefundId::trusted(item.subject);
  auto row = co_await ports_.store.refund(id);
  if (!row) co_return row.error();
  if (is_final(row->state)) co_return co_await drop(std::move(item));
  const std::int64_t known = row->version;
  const Deadline limit = rail_deadline();
  RefundReply reply = co_await ports_.channel.query_refund(row->out_refund_no, limit);
  if (reply.not_known) {
    auto sent = co_await send_refund(std::move(*row), cashier::Hears::by_event);
    if (!sent) co_return sent.error();
  } else if (reply.facts) {
    RefundFacts facts = *reply.facts;
    const RefundEvent event = facts.event;
    auto recorded =
        co_await record_refund(id, known, event, std::move(facts), reply.says.code, cashier::Hears::by_event);
    if (!recorded) co_return recorded.error();
  }
  row = co_await ports_.store.refund(id);
  if (!row) co_return row.error();
  if (is_final(row->state)) co_return success();
  co_return co_await later(std::move(item));
}

}  // namespace purser
