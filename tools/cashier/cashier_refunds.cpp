// Refunds, from the list that was checked to the end that the rail tells: made durable and reserved all or none, sent
// one after the other, asked about under their own numbers.
#include "tools/cashier/budgets.hpp"
#include "tools/cashier/cashier.hpp"

#include <algorithm>
#include <tuple>

namespace purser {

namespace {

// A sending that is this much later than planned is written down; the rail counts in minutes.
constexpr Millis kSendingNoticed{1'000};

}  // namespace

using cashier::kConflictRetries;
using cashier::lost_race;

Task<Result<std::vector<Refund>>> Cashier::refund(Thread thread, std::vector<CheckedRefund> list, std::string origin,
                                                  std::optional<op::HoldTurn> turn) {
  if (list.empty()) co_return Error(Errc::refund_total_mismatch, "the list of refunds is empty", "refunds");
  Money sum(0, list.front().amount.currency());
  for (const CheckedRefund& one : list) {
    auto more = sum.plus(one.amount);
    if (!more) co_return more.error();
    sum = *more;
  }
  Batch with("refund.created");
  if (turn) with.add(*turn);
  cashier::add(with, cashier::refunding(thread, sum, policies_.refund(thread.tenant), ports_.clock.durable()));
  auto reserved =
      co_await reserve(std::move(thread), std::move(list), std::move(origin), std::move(with), Sends::by_caller);
  if (!reserved) co_return reserved.error();
  co_return co_await send_due(std::move(*reserved), std::move(turn));
}

Task<Result<std::vector<Refund>>> Cashier::continue_refunds(Thread thread, std::vector<IntentId> intents,
                                                            std::string origin, std::optional<op::HoldTurn> turn) {
  std::vector<Refund> made;
  for (std::size_t i = 0; i < intents.size(); ++i) {
    const std::string line_origin = origin + ":" + std::to_string(i);
    const OutRefundNo number = ports_.mint.out_refund_no(thread.tenant, intents[i], line_origin);
    auto known = co_await ports_.store.refund_by_number(number);
    if (known) made.push_back(std::move(*known));
    if (!known && known.code() != Errc::not_found) co_return known.error();
  }
  co_return co_await send_due(std::move(made), std::move(turn));
}

Task<Result<std::vector<Refund>>> Cashier::send_due(std::vector<Refund> list, std::optional<op::HoldTurn> turn) {
  bool first = true;
  for (Refund& refund : list) {
    if (refund.state != RefundState::created || refund.due_at > ports_.clock.durable()) continue;
    if (!first) {
      const auto next = ports_.clock.now() + policies_.refund(refund.tenant).gap;
      auto slept = co_await ports_.clock.sleep_until(next);
      if (!slept) break;  // stopping: the rows stay due and are sent after the restart
    }
    first = false;
    auto free = co_await order_free_at(refund);
    if (!free) co_return free.error();
    if (*free > ports_.clock.durable()) continue;  // its work sends it then
    auto sent = co_await send_refund(refund, turn);
    if (!sent) co_return sent.error();
    refund = std::move(*sent);
  }
  co_return list;
}

// A row may be sent up to kSendingNoticed after its due_at unnoted, and the rail counts from what arrives there.
Millis Cashier::refund_distance() const {
  const Millis spacing = ports_.channel.refund_spacing();
  return spacing == Millis(0) ? spacing : spacing + kSendingNoticed;
}

Task<Result<UtcTime>> Cashier::earliest_refund(IntentId intent) {
  auto earlier = co_await ports_.store.refunds_of_intent(std::move(intent));
  if (!earlier) co_return earlier.error();
  UtcTime due = ports_.clock.durable();
  for (const Refund& refund : *earlier) due = std::max(due, refund.due_at + refund_distance());
  co_return due;
}

// One refund of an order goes out after the other, a while apart: when this one may. A row's due_at is when it was last
// sent, or is to be.
Task<Result<UtcTime>> Cashier::order_free_at(Refund refund) {
  const UtcTime now = ports_.clock.durable();
  if (refund_distance() == Millis(0)) co_return now;
  auto all = co_await ports_.store.refunds_of_intent(refund.intent);
  if (!all) co_return all.error();
  UtcTime free = now;
  for (const Refund& other : *all) {
    if (other.id == refund.id) continue;
    const bool unsent = other.state == RefundState::created;
    const bool before = std::tie(other.due_at, other.id) < std::tie(refund.due_at, refund.id);
    if (unsent && before) free = std::max(free, now + policies_.refund(refund.tenant).gap);
    if (!unsent) free = std::max(free, other.due_at + refund_distance());
  }
  co_return free;
}

// Written before it is sent late, so that the next one keeps its distance from this sending and not from the plan.
Task<Result<Refund>> Cashier::note_sending(Refund refund) {
  const UtcTime now = ports_.clock.durable();
  if (refund_distance() == Millis(0) || now - refund.due_at < kSendingNoticed) co_return refund;
  refund.due_at = now;
  Batch batch("refund.sending");
  batch.add(op::UpdateRefund{refund});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done) co_return done.error();
  refund.version += 1;
  co_return refund;
}

Task<Result<std::vector<Refund>>> Cashier::reserve(Thread thread, std::vector<CheckedRefund> list, std::string origin,
                                                   Batch with, Sends sends) {
  Error last(Errc::store_conflict);
  for (int attempt = 0; attempt < kConflictRetries; ++attempt) {
    Batch batch = with;
    std::vector<Refund> out;
    std::vector<Refund> fresh;
    std::vector<PaymentIntent> touched;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string line_origin = origin + ":" + std::to_string(i);
      const OutRefundNo number = ports_.mint.out_refund_no(thread.tenant, list[i].intent, line_origin);
      auto known = co_await ports_.store.refund_by_number(number);
      if (known) {  // made before: go on with it
        out.push_back(std::move(*known));
        continue;
      }
      if (known.code() != Errc::not_found) co_return known.error();
      auto row = std::find_if(touched.begin(), touched.end(), [&](const auto& t) { return t.id == list[i].intent; });
      if (row == touched.end()) {
        auto read = co_await ports_.store.intent(list[i].intent);
        if (!read) co_return read.error();
        if (list[i].left && refundable(*read) != *list[i].left)
          co_return Error(Errc::refund_not_allowed, "the payment is not what it was when a person was asked",
                          "payment_intent");
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
        if (sibling.intent == row->id) *due = std::max(*due, sibling.due_at + refund_distance());
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
      PaymentIntent given_back = *row;
      if (auto pieces = pieces_of(list[i]); !pieces.empty()) given_back.lines = std::move(pieces);
      auto body = ports_.channel.refund_body(given_back, refund);
      if (!body) co_return body.error();
      refund.request_body = std::move(*body);
      row->refund_reserved = row->refund_reserved.plus(refund.amount).value();
      fresh.push_back(refund);
      out.push_back(std::move(refund));
    }
    // Nothing is left to reserve; an operator's decision is written down all the same.
    if (fresh.empty() && sends == Sends::by_caller) co_return out;
    for (const PaymentIntent& intent : touched) batch.add(op::UpdateIntent{intent});
    const UtcTime now = ports_.clock.durable();
    for (const Refund& refund : fresh) {
      batch.add(op::InsertRefund{refund});
      // Those that are due are sent by the caller; the row is the safety net should it not get there.
      const UtcTime net = std::max(refund.due_at, now + std::chrono::duration_cast<Millis>(cashier::kRailPatience));
      const bool waits = refund.due_at > now || sends == Sends::by_work;
      batch.add(op::AddWork{cashier::work(WorkKind::submit_refund, refund, waits ? refund.due_at : net)});
      batch.add(op::AppendEvent{cashier::event(refund, "refund.created", now)});
    }
    auto done = co_await ports_.store.commit(std::move(batch));
    if (done) co_return out;
    if (!lost_race(done.error())) co_return cashier::without_scope(done.error());
    last = done.error();
  }
  co_return last;
}

Task<Result<Refund>> Cashier::send_refund(Refund refund, std::optional<op::HoldTurn> turn) {
  auto noted = co_await note_sending(std::move(refund));
  if (!noted) co_return noted.error();
  const RefundId id = noted->id;
  const std::int64_t known = noted->version;
  const Deadline limit = rail_deadline();
  RefundReply reply = co_await ports_.channel.refund(std::move(*noted), limit);
  RefundFacts facts;
  if (reply.facts) facts = *reply.facts;
  co_return co_await record_refund(id, known, cashier::event_of(reply), std::move(facts), reply.says.code,
                                   std::move(turn));
}

Task<Result<Refund>> Cashier::record_refund(RefundId id, std::int64_t known, RefundEvent event, RefundFacts facts,
                                            std::string why, std::optional<op::HoldTurn> turn) {
  Error last(Errc::store_conflict);
  for (int i = 0; i < kConflictRetries; ++i) {
    auto row = co_await ports_.store.refund(id);
    if (!row) co_return row.error();
    // That it is under way is older than what became known while this answer was: an abnormal end that was told of
    // already would be taken back, and told again.
    if (event == RefundEvent::rail_accepted && row->version != known) co_return row;
    auto intent = co_await ports_.store.intent(row->intent);
    if (!intent) co_return intent.error();
    // Facts about another sum, or of another payment, are not facts about this refund: it stays open and the rail is
    // asked again.
    const bool other_sum = facts.refund.positive() && facts.refund != row->amount;
    const bool other_total = facts.total.positive() && facts.total != intent->amount;
    const bool other_order = !facts.out_trade_no.empty() && facts.out_trade_no != intent->order.out_trade_no;
    const RefundEvent what = other_sum || other_total || other_order ? RefundEvent::rail_unclear : event;
    const bool contradicts = row->state == RefundState::failed && what == RefundEvent::rail_succeeded;
    const auto hears = turn ? cashier::Hears::in_this_turn : cashier::Hears::by_event;
    auto change = cashier::after_refund_news(*row, std::move(*intent), what, facts, why, ports_.clock.durable(), hears);
    if (!change && contradicts)
      co_return Error(Errc::facts_differ, "the rail has made a refund that was given up and replaced", row->id.str());
    if (!change) co_return row;
    if (turn) change->batch.add(*turn);
    auto done = co_await post(std::move(change->batch), change->refund.tenant, change->refund.intent);
    if (done) co_return std::move(change->refund);
    if (!lost_race(done.error())) co_return done.error();
    last = done.error();
    // Another daemon goes on with the turn, and may have told already that it is under way.
    if (turn && last.param == turn->turn.str()) turn.reset();
  }
  co_return last;
}

Task<Result<void>> Cashier::take_refund_facts(RefundFacts facts) {
  auto row = co_await ports_.store.refund_by_number(facts.out_refund_no);
  if (!row && row.code() == Errc::not_found) co_return co_await book_outside_refund(std::move(facts));
  if (!row) co_return row.error();
  const RefundEvent event = facts.event;
  std::string why = event == RefundEvent::rail_closed ? "closed by the rail" : "the money did not reach the payer";
  auto recorded = co_await record_refund(row->id, row->version, event, std::move(facts), std::move(why), kByEvent);
  if (!recorded) co_return recorded.error();
  co_return success();
}

Task<Result<void>> Cashier::submit_refund(WorkItem item) {
  auto row = co_await ports_.store.refund(RefundId::trusted(item.subject));
  if (!row) co_return row.error();
  if (row->state != RefundState::created) co_return co_await drop(std::move(item));
  auto free = co_await order_free_at(*row);
  if (!free) co_return free.error();
  if (*free > ports_.clock.durable()) co_return co_await put_off(std::move(item), *free);
  auto sent = co_await send_refund(std::move(*row), kByEvent);
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
    auto free = co_await order_free_at(*row);
    if (!free) co_return free.error();
    if (*free > ports_.clock.durable()) co_return co_await put_off(std::move(item), *free);
    auto sent = co_await send_refund(std::move(*row), kByEvent);
    if (!sent) co_return sent.error();
  } else if (reply.facts) {
    RefundFacts facts = *reply.facts;
    const RefundEvent event = facts.event;
    auto recorded = co_await record_refund(id, known, event, std::move(facts), reply.says.code, kByEvent);
    if (!recorded) co_return recorded.error();
  }
  row = co_await ports_.store.refund(id);
  if (!row) co_return row.error();
  if (is_final(row->state)) co_return success();
  co_return co_await later(std::move(item));
}

}  // namespace purser
