// The cashier's part in what a person decides.
#include "tools/cashier/approvals.hpp"
#include "tools/cashier/cashier.hpp"

#include <nlohmann/json.hpp>

namespace purser {
namespace {

using nlohmann::json;

json told(const Approval& row) {
  return {{"type", "approval." + std::string(to_string(row.state))},
          {"approval", row.id.str()},
          {"state", to_string(row.state)},
          {"amount_fen", row.amount.minor()},
          {"currency", row.amount.currency().code()},
          {"note", row.note}};
}

StreamEvent event(const Approval& row, std::string type, UtcTime now) {
  StreamEvent out;
  out.thread = row.thread;
  out.type = std::move(type);
  json data = told(row);
  data["expires_at"] = format_time(row.expires_at);
  out.data_json = data.dump();
  out.at = now;
  return out;
}

WorkItem expiry(const Approval& row) {
  WorkItem item;
  item.kind = WorkKind::expire_approval;
  item.subject = row.id.str();
  item.thread = row.thread;
  item.due_at = row.expires_at;
  return item;
}

// The thread hears of an end that no refund tells of.
WorkItem news(const Approval& row, UtcTime now) {
  WorkItem item;
  item.kind = WorkKind::resume_thread;
  item.subject = "approval." + std::string(to_string(row.state)) + ":" + row.id.str();
  item.thread = row.thread;
  item.payload_json = told(row).dump();
  item.due_at = now;
  return item;
}

// What makes approved terms void: the payment is not what it was when they were written.
bool voids(Errc code) {
  return code == Errc::refund_exceeds_remaining || code == Errc::refund_not_allowed || code == Errc::not_found;
}

}  // namespace

Task<Result<Approval>> Cashier::ask_operator(Thread thread, std::vector<CheckedRefund> list, std::string origin) {
  auto known = co_await ports_.store.approval_by_origin(thread.id, origin);
  if (!known) co_return known.error();
  if (known->has_value()) co_return std::move(known->value());
  std::vector<PaymentIntent> payments;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto payment = co_await ports_.store.intent(list[i].intent);
    if (!payment) co_return payment.error();
    payments.push_back(std::move(*payment));
  }
  auto made = cashier::approval_of(thread, list, payments, std::move(origin));
  if (!made) co_return made.error();
  Approval row = std::move(*made);
  const UtcTime now = ports_.clock.durable();
  row.id = ports_.mint.approval_id();
  row.created_at = now;
  row.expires_at = now + policies_.refund(thread.tenant).approval_lifetime;
  cashier::seal(row, ports_.mint);
  Batch batch("approval.requested");
  batch.add(op::InsertApproval{row});
  batch.add(op::AddWork{expiry(row)});
  batch.add(op::AppendEvent{event(row, "approval.requested", now)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return row;
}

Task<Result<Approval>> Cashier::decide(ApprovalDecision decision) {
  auto read = co_await ports_.store.approval(decision.id);
  if (!read) co_return read.error();
  Approval row = std::move(*read);
  if (row.tenant != decision.tenant) co_return Error(Errc::not_found, "no such approval");
  const UtcTime now = ports_.clock.durable();
  const ApprovalEvent what = decision.approve ? ApprovalEvent::approve : ApprovalEvent::deny;
  auto state = next_state(row.state, what);
  if (!state) co_return state.error();
  if (now >= row.expires_at) co_return Error(Errc::approval_ended, "this approval has expired", "approval");
  if (!cashier::sealed(row, ports_.mint))
    co_return Error(Errc::store_corrupt, "the approval is not what was asked for", row.id.str());
  row.decided_by = std::move(decision.by);
  row.note = std::move(decision.note);
  row.decided_at = now;
  if (!decision.approve) co_return co_await end_approval(std::move(row), *state);

  auto list = cashier::list_of(row);
  if (!list) co_return list.error();
  auto thread = co_await ports_.store.thread(row.thread);
  if (!thread) co_return thread.error();
  Approval approved = row;
  approved.state = *state;
  // The decision and what it allows are one transaction: there is no approval left to be used again.
  Batch with("refund.approved");
  with.add(op::UpdateApproval{approved});
  with.add(op::DropWork{WorkKind::expire_approval, row.id.str()});
  with.add(op::AppendEvent{event(approved, "approval.approved", now)});
  const std::string origin = std::string(cashier::kApprovedOrigin) + row.origin;
  auto reserved = co_await reserve(std::move(*thread), std::move(*list), origin, std::move(with), Sends::by_work);
  if (reserved) {
    approved.version += 1;
    co_return approved;
  }
  if (voids(reserved.code())) co_return co_await end_approval(std::move(row), ApprovalState::voided);
  const bool decided_meanwhile = reserved.code() == Errc::store_conflict && reserved.error().param == row.id.str();
  if (decided_meanwhile) co_return Error(Errc::approval_ended, "somebody else has just decided", "approval");
  co_return reserved.error();
}

namespace {

Error sent_elsewhere() {
  return Error(Errc::refund_not_allowed, "this refund may be on its way to another account already", "refund");
}

}  // namespace

Task<Result<Refund>> Cashier::mend(RefundId id, RefundAccount account) {
  auto row = co_await ports_.store.refund(id);
  if (!row) co_return row.error();
  if (row->state != RefundState::abnormal || row->rail_refund_id.empty())
    co_return Error(Errc::refund_not_allowed, "only an abnormal refund can be sent to another account", "refund");
  const std::int64_t known = row->version;
  // Which account it is sent to is durable before the rail hears of it, as a digest that cannot be guessed back: while
  // it is not known whether the rail took it, and until it fails anew, it is sent to no other.
  IdempotencyRow pin;
  pin.scope = row->tenant.str() + " refund.mend";
  pin.key = id.str() + ':' + std::to_string(known);
  pin.fingerprint = ports_.mint.seal(account.bank_type + '\n' + account.number + '\n' + account.holder);
  pin.state = IdempotencyState::finished;
  pin.created_at = ports_.clock.durable();
  auto pinned = co_await ports_.store.idempotency(pin.scope, pin.key);
  if (!pinned) co_return pinned.error();
  const bool sent_before = pinned->has_value();
  if (sent_before && pinned->value().fingerprint != pin.fingerprint) co_return sent_elsewhere();
  if (!sent_before) {
    Batch batch("refund.mend");
    batch.add(op::InsertIdempotency{pin});
    auto written = co_await ports_.store.commit(std::move(batch));
    if (!written && written.code() == Errc::store_duplicate) co_return sent_elsewhere();
    if (!written) co_return written.error();
  }
  const Deadline limit = rail_deadline();
  RefundReply reply = co_await ports_.channel.mend_refund(std::move(*row), std::move(account), limit);
  if (reply.outcome == Outcome::unknown)
    co_return Error(Errc::rail_unknown, "whether the rail took it is not known; it is safe to repeat", "refund");
  if (reply.outcome == Outcome::declined) {
    Batch batch("refund.mend_refused");
    batch.add(op::DropIdempotency{std::move(pin.scope), std::move(pin.key), pin.owner});
    auto dropped = co_await ports_.store.commit(std::move(batch));
    if (!dropped) co_return dropped.error();
    co_return Error(Errc::rail_declined, "the rail refused: " + reply.says.code, "refund");
  }
  RefundFacts facts;
  if (reply.facts) facts = *reply.facts;
  co_return co_await record_refund(std::move(id), known, cashier::event_of(reply), std::move(facts), reply.says.code,
                                   kByEvent);
}

Task<Result<Refund>> Cashier::again(RefundId id) {
  auto failed = co_await ports_.store.refund(id);
  if (!failed) co_return failed.error();
  Refund fresh;
  fresh.origin = "again:" + id.str();
  fresh.out_refund_no = ports_.mint.out_refund_no(failed->tenant, failed->intent, fresh.origin);
  auto made = co_await ports_.store.refund_by_number(fresh.out_refund_no);
  if (made || made.code() != Errc::not_found) co_return made;
  if (failed->state != RefundState::failed)
    co_return Error(Errc::refund_not_allowed, "only a refund that has failed for good can be made again", "refund");
  auto intent = co_await ports_.store.intent(failed->intent);
  if (!intent) co_return intent.error();
  if (failed->amount.minor() > refundable(*intent).minor())
    co_return Error(Errc::refund_exceeds_remaining,
                    "only " + refundable(*intent).display() + " of this payment is left", "refund");
  auto due = co_await earliest_refund(failed->intent);
  if (!due) co_return due.error();
  const UtcTime now = ports_.clock.durable();
  fresh.id = ports_.mint.refund_id();
  fresh.intent = failed->intent;
  fresh.tenant = failed->tenant;
  fresh.thread = failed->thread;
  fresh.amount = failed->amount;
  fresh.reason = failed->reason;
  fresh.created_at = now;
  fresh.due_at = *due;
  auto body = ports_.channel.refund_body(*intent, fresh);
  if (!body) co_return body.error();
  fresh.request_body = std::move(*body);
  intent->refund_reserved = intent->refund_reserved.plus(fresh.amount).value();
  Batch batch("refund.again");
  batch.add(op::UpdateIntent{*intent});
  batch.add(op::InsertRefund{fresh});
  batch.add(op::AddWork{cashier::work(WorkKind::submit_refund, fresh, fresh.due_at)});
  batch.add(op::AppendEvent{cashier::event(fresh, "refund.created", now)});
  auto done = co_await ports_.store.commit(std::move(batch));
  auto row = co_await ports_.store.refund_by_number(fresh.out_refund_no);
  // Two who asked at once have made one.
  if (!done && !row) co_return done.error();
  co_return row;
}

Task<Result<Approval>> Cashier::end_approval(Approval row, ApprovalState state) {
  const UtcTime now = ports_.clock.durable();
  row.state = state;
  row.decided_at = now;
  Batch batch("approval." + std::string(to_string(state)));
  batch.add(op::UpdateApproval{row});
  batch.add(op::DropWork{WorkKind::expire_approval, row.id.str()});
  batch.add(op::AppendEvent{event(row, "approval." + std::string(to_string(state)), now)});
  batch.add(op::AddWork{news(row, now)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done && done.code() == Errc::store_conflict)
    co_return Error(Errc::approval_ended, "somebody else has just decided", "approval");
  if (!done) co_return done.error();
  row.version += 1;
  co_return row;
}

Task<Result<void>> Cashier::expire_approval(WorkItem item) {
  auto read = co_await ports_.store.approval(ApprovalId::trusted(item.subject));
  if (!read) co_return read.error();
  if (read->state != ApprovalState::pending) co_return co_await drop(std::move(item));
  if (ports_.clock.durable() < read->expires_at)
    co_return Error(Errc::illegal_transition, "the deadline has not come", item.subject);
  auto ended = co_await end_approval(std::move(*read), ApprovalState::expired);
  if (!ended && ended.code() != Errc::approval_ended) co_return ended.error();
  co_return success();
}

}  // namespace purser
