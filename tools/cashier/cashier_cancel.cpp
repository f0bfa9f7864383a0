// How a payment ends before it is made: canceled by its user, and what the rail says when it is asked in between; and
// how one ends that was paid otherwise than ordered.
#include "tools/cashier/cashier.hpp"

#include <algorithm>

namespace purser {

using cashier::CountedOnce;
using cashier::kConflictRetries;
using cashier::lost_race;

namespace {

bool holds_mark(const std::vector<CountedOnce>& each, const std::string& scope) {
  return std::any_of(each.begin(), each.end(), [&](const CountedOnce& one) { return one.mark.scope == scope; });
}

}  // namespace

// Closed at the rail before the books say so: who paid a moment ago is a customer, not one who canceled. True when the
// rail closed it; false when it gave no answer.
Task<Result<bool>> Cashier::close_before_cancel(PaymentIntent intent) {
  const Deadline limit = rail_deadline();
  const CloseReply reply = co_await ports_.channel.close_order(intent.order.out_trade_no, limit);
  if (!reply.already_paid) co_return reply.outcome == Outcome::succeeded;
  auto asked = co_await settle_by_query(intent.id);
  if (!asked) co_return asked.error();
  // The no to a close is not signed; an answer that is signed and says otherwise is believed.
  if (asked->facts && asked->facts->state == TradeState::not_paid) co_return false;
  co_return Error(Errc::cancel_not_allowed, "the payment was made before it could be canceled", "payment_intent");
}

// All of them or none, each once: who comes again after a crash, or a moment after another, has been counted.
Task<Result<void>> Cashier::count(std::vector<CountedOnce> each) {
  for (int i = 0; i < kConflictRetries; ++i) {
    Batch batch("budgets.counted");
    for (const CountedOnce& one : each) {
      auto counted = co_await ports_.store.budget_used(one.mark.scope, one.mark.window);
      if (!counted) co_return counted.error();
      if (*counted > 0) continue;
      batch.add(one.mark);
      cashier::add(batch, one.spends);
    }
    if (batch.operations.empty()) co_return success();
    auto done = co_await ports_.store.commit(std::move(batch));
    if (done) co_return success();
    const std::string& spent = done.error().param;
    const bool by_another = done.code() == Errc::budget_spent && holds_mark(each, spent);
    if (!by_another) co_return cashier::without_scope(done.error());
  }
  co_return Error(Errc::store_conflict);
}

// True when the rail closed the order, or never had it open.
Task<Result<bool>> Cashier::end_at_rail(PaymentIntent intent) {
  if (!is_open(intent.state) || !intent.order.may_be_open) co_return !intent.order.may_be_open;
  co_return co_await close_before_cancel(std::move(intent));
}

// It is counted while it is open, before the rail hears of it; the mark of that stays.
Task<Result<bool>> Cashier::was_being_canceled(const PaymentIntent& intent) {
  const auto mark = cashier::canceling(intent, policies_.intent(intent.tenant), ports_.clock.durable()).mark;
  auto counted = co_await ports_.store.budget_used(mark.scope, mark.window);
  if (!counted) co_return counted.error();
  co_return *counted > 0;
}

Task<Result<PaymentIntent>> Cashier::cancel(IntentId id, Asked asked) {
  auto open = co_await ports_.store.intent(id);
  if (!open || open->state == IntentState::canceled) co_return open;
  const bool was_open = is_open(open->state);
  if (asked == Asked::once_more && open->state == IntentState::expired && !open->order.may_be_open) {
    auto closed_by_it = co_await was_being_canceled(*open);
    if (!closed_by_it) co_return closed_by_it.error();
    if (*closed_by_it) co_return open;
  }
  if (was_open) {
    std::vector<CountedOnce> each;
    each.push_back(cashier::canceling(*open, policies_.intent(open->tenant), ports_.clock.durable()));
    auto counted = co_await count(std::move(each));
    if (!counted) co_return counted.error();
  }
  auto closed = co_await end_at_rail(std::move(*open));
  if (!closed) co_return closed.error();
  Error last(Errc::store_conflict);
  for (int i = 0; i < kConflictRetries; ++i) {
    auto row = co_await ports_.store.intent(id);
    if (!row || row->state == IntentState::canceled) co_return row;
    // The janitor saw our own close, or the deadline, before we could record it: it has ended unpaid, as was asked.
    if (row->state == IntentState::expired && !row->order.may_be_open && was_open) co_return row;
    const UtcTime now = ports_.clock.durable();
    auto change = cashier::after_cancel(std::move(*row), now, asked != Asked::in_conversation, *closed);
    if (!change) co_return change.error();
    auto done = co_await ports_.store.commit(std::move(change->batch));
    if (done) co_return std::move(change->intent);
    if (!lost_race(done.error())) co_return done.error();
    last = done.error();
  }
  co_return last;
}

Task<Result<PaymentIntent>> Cashier::settle_conflict(IntentId id) {
  Error last(Errc::store_conflict);
  for (int i = 0; i < kConflictRetries; ++i) {
    auto row = co_await ports_.store.intent(id);
    if (!row) co_return row.error();
    if (row->state == IntentState::failed && row->failure == cashier::kConflictSettled) co_return row;
    auto change = cashier::after_settlement(std::move(*row), ports_.clock.durable());
    if (!change) co_return Error(change.code(), "only a conflicted payment is settled", "payment_intent");
    auto done = co_await ports_.store.commit(std::move(change->batch));
    if (done) co_return std::move(change->intent);
    if (!lost_race(done.error())) co_return done.error();
    last = done.error();
  }
  co_return last;
}

Task<Result<PaymentIntent>> Cashier::ask_rail(PaymentIntent intent) {
  if (!is_open(intent.state)) co_return intent;
  auto asked = co_await settle_by_query(intent.id);
  if (!asked) co_return asked.error();
  co_return co_await ports_.store.intent(intent.id);
}

}  // namespace purser
