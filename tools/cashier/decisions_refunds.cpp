#include "tools/cashier/decisions.hpp"

namespace purser::cashier {

namespace {

// First look at an unclear refund; further looks back off from here.
constexpr Millis kAskUnclearRefund{2'000};
// A refund that was accepted is asked about a minute later, as the rail recommends.
constexpr Millis kAskRefund{60'000};

std::string_view event_type(RefundState state) {
  switch (state) {
    case RefundState::created:
      return "refund.created";
    case RefundState::processing:
      return "refund.processing";
    case RefundState::succeeded:
      return "refund.succeeded";
    case RefundState::failed:
      return "refund.failed";
    case RefundState::abnormal:
      return "refund.abnormal";
    case RefundState::unknown:
      return "refund.unknown";
  }
  return "refund.unknown";
}

LedgerEntry given_back(const Refund& refund, const std::string& channel, UtcTime now) {
  LedgerEntry line;
  line.tenant = refund.tenant;
  line.intent = refund.intent;
  line.kind = "refund";
  line.reference = refund.out_refund_no.str();
  line.debit_account = "merchant:" + refund.tenant.str();
  line.credit_account = "rail:" + channel;
  line.amount = refund.amount;
  line.at = now;
  return line;
}

}  // namespace

RefundEvent event_of(const RefundReply& reply) {
  if (reply.facts) return reply.facts->event;
  // Nothing moves until somebody has topped up the account: that is for an operator, under the same number.
  if (reply.short_funds) return RefundEvent::rail_abnormal;
  switch (reply.outcome) {
    case Outcome::succeeded:
      return RefundEvent::rail_succeeded;
    case Outcome::pending:
      return RefundEvent::rail_accepted;
    case Outcome::declined:
      return RefundEvent::rail_declined;
    case Outcome::unknown:
      return RefundEvent::rail_unclear;
  }
  return RefundEvent::rail_unclear;
}

namespace {

// Nothing has changed but that the rail has it: by that number alone it can be sent to another account.
RefundChange known_at_rail(Refund refund, const std::string& rail_refund_id, const std::string& why, UtcTime now) {
  refund.rail_refund_id = rail_refund_id;
  if (refund.state == RefundState::abnormal) refund.failure = why;
  RefundChange change("refund.known_at_rail", std::move(refund));
  change.batch.add(op::PutWork{work(WorkKind::resolve_refund, change.refund, now + kAskRefund)});
  change.batch.add(op::UpdateRefund{change.refund});
  change.refund.version += 1;
  return change;
}

}  // namespace

std::optional<RefundChange> after_refund_news(Refund refund, PaymentIntent intent, RefundEvent what,
                                              const RefundFacts& facts, const std::string& why, UtcTime now,
                                              Hears hears) {
  auto state = next_state(refund.state, what);
  const bool named = !is_final(refund.state) && refund.rail_refund_id.empty() && !facts.rail_refund_id.empty();
  if (!state || (*state == refund.state && !named)) return std::nullopt;
  if (*state == refund.state) return known_at_rail(std::move(refund), facts.rail_refund_id, why, now);
  // Its reservation was given up with the no. Where another refund has taken that money since, no row can hold this.
  const bool came_back = refund.state == RefundState::failed;
  if (came_back && refundable(intent).minor() < refund.amount.minor()) return std::nullopt;
  if (came_back) intent.refund_reserved = intent.refund_reserved.plus(refund.amount).value();
  refund.state = *state;
  if (!facts.rail_refund_id.empty()) refund.rail_refund_id = facts.rail_refund_id;

  RefundChange change("refund." + std::string(to_string(*state)), std::move(refund));
  Refund& row = change.refund;
  Batch& batch = change.batch;
  batch.add(op::DropWork{WorkKind::submit_refund, row.id.str()});
  if (is_final(row.state)) {
    row.settled_at = facts.success_time == UtcTime{} ? now : facts.success_time;
    // Both figures were checked when the reservation was made; they cannot go below zero or overflow here.
    intent.refund_reserved = intent.refund_reserved.minus(row.amount).value();
    batch.add(op::DropWork{WorkKind::resolve_refund, row.id.str()});
    if (row.state == RefundState::succeeded) {
      intent.refunded = intent.refunded.plus(row.amount).value();
      batch.add(op::PostLedger{given_back(row, intent.channel, now)});
      row.failure.clear();
    } else {
      row.failure = why;
    }
    batch.add(op::UpdateIntent{intent});
  } else {
    row.failure = row.state == RefundState::abnormal ? why : std::string();
    batch.add(op::PutWork{work(WorkKind::resolve_refund, row,
                               now + (row.state == RefundState::unknown ? kAskUnclearRefund : kAskRefund))});
  }
  batch.add(op::UpdateRefund{row});
  batch.add(op::AppendEvent{event(row, event_type(row.state), now)});
  if (hears == Hears::by_event && (is_final(row.state) || row.state == RefundState::abnormal))
    batch.add(op::AddWork{tell(intent, event_type(row.state), now, &row)});
  row.version += 1;
  return change;
}

Batch after_outside_refund(Refund refund, PaymentIntent intent, const RefundFacts& facts, UtcTime now) {
  refund.state = RefundState::succeeded;
  refund.rail_refund_id = facts.rail_refund_id;
  refund.settled_at = facts.success_time == UtcTime{} ? now : facts.success_time;
  intent.refunded = intent.refunded.plus(refund.amount).value();
  Batch batch("refund.made_outside");
  batch.add(op::UpdateIntent{intent});
  batch.add(op::InsertRefund{refund});
  batch.add(op::PostLedger{given_back(refund, intent.channel, now)});
  batch.add(op::AppendEvent{event(refund, event_type(refund.state), now)});
  batch.add(op::AddWork{tell(intent, event_type(refund.state), now, &refund)});
  return batch;
}

}  // namespace purser::cashier
