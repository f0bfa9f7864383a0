#include "gateway/store/postgres/queries.hpp"

#include "gateway/store/postgres/rows_of.hpp"
#include "gateway/store/sql/ledger_check.hpp"

#include <algorithm>

namespace purser::postgres {
namespace {

// How many lines of the ledger are read at a time.
constexpr std::int64_t kLinesAtOnce = 5'000;

template <class Record>
Result<std::vector<Record>> turned_round(Result<std::vector<Record>> rows) {
  if (rows.ok()) std::reverse(rows->begin(), rows->end());
  return rows;
}

}  // namespace

Result<Thread> find_thread(Connection& db, const ThreadId& id) {
  return required_row(db, of(sql::kThreads, "WHERE id = $1"), Values::of(id), &sql::read_thread, "thread");
}

Result<Turn> find_turn(Connection& db, const TurnId& id) {
  return required_row(db, of(sql::kTurns, "WHERE id = $1"), Values::of(id), &sql::read_turn, "turn");
}

Result<std::optional<Turn>> find_running_turn(Connection& db, const ThreadId& thread) {
  return optional_row(db, of(sql::kTurns, "WHERE thread_id = $1 AND state = 'running'"), Values::of(thread),
                      &sql::read_turn);
}

Result<TurnLease> find_turn_lease(Connection& db, const TurnId& id) {
  auto rows = db.query(
      "SELECT token, CAST(ceil(extract(epoch FROM lease_until - clock_timestamp()) * 1000) AS BIGINT) FROM turns"
      " WHERE id = $1 AND state = 'running'",
      Values::of(id));
  if (!rows) return rows.error();
  if (rows->size() == 0) return Error(Errc::not_found, "no such running turn");
  TurnLease lease;
  lease.token = rows->row(0).integer(0);
  lease.left = Millis(rows->row(0).integer(1));
  return lease;
}

Result<std::vector<Turn>> list_running_turns(Connection& db, std::int64_t limit) {
  return all_rows(
      db, of(sql::kTurns, "WHERE state = 'running' AND lease_until <= clock_timestamp() ORDER BY row_no LIMIT $1"),
      Values::of(at_most(limit)), &sql::read_turn);
}

Result<std::vector<Message>> list_messages(Connection& db, const ThreadId& thread, std::int64_t after,
                                           std::int64_t limit) {
  return all_rows(db, of(sql::kMessages, "WHERE thread_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
                  Values::of(thread, after, at_most(limit)), &sql::read_message);
}

Result<std::vector<Message>> list_recent_messages(Connection& db, const ThreadId& thread, std::int64_t limit) {
  return turned_round(all_rows(db, of(sql::kMessages, "WHERE thread_id = $1 ORDER BY seq DESC LIMIT $2"),
                               Values::of(thread, at_most(limit)), &sql::read_message));
}

Result<std::vector<StreamEvent>> list_events(Connection& db, const ThreadId& thread, std::int64_t after,
                                             std::int64_t limit) {
  return all_rows(db, of(sql::kEvents, "WHERE thread_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
                  Values::of(thread, after, at_most(limit)), &sql::read_event);
}

Result<PaymentIntent> find_intent(Connection& db, const IntentId& id) {
  return required_row(db, of(sql::kIntents, "WHERE id = $1"), Values::of(id), &sql::read_intent, "payment intent");
}

Result<PaymentIntent> find_intent_by_number(Connection& db, const OutTradeNo& number) {
  return required_row(db, of(sql::kIntents, "WHERE out_trade_no = $1"), Values::of(number), &sql::read_intent,
                      "payment intent");
}

Result<std::optional<PaymentIntent>> find_intent_by_origin(Connection& db, const ThreadId& thread,
                                                           const std::string& origin) {
  return optional_row(db, of(sql::kIntents, "WHERE thread_id = $1 AND origin = $2"), Values::of(thread, origin),
                      &sql::read_intent);
}

Result<std::optional<PaymentIntent>> find_open_intent(Connection& db, const TenantId& tenant, const UserId& user) {
  return optional_row(
      db,
      of(sql::kIntents,
         "WHERE tenant_id = $1 AND user_id = $2 AND state IN ('created', 'awaiting_payment', 'unknown')"),
      Values::of(tenant, user), &sql::read_intent);
}

Result<std::vector<PaymentIntent>> list_intents_of_thread(Connection& db, const ThreadId& thread, std::int64_t limit) {
  return all_rows(db, of(sql::kIntents, "WHERE thread_id = $1 ORDER BY row_no DESC LIMIT $2"),
                  Values::of(thread, at_most(limit)), &sql::read_intent);
}

Result<Refund> find_refund(Connection& db, const RefundId& id) {
  return required_row(db, of(sql::kRefunds, "WHERE id = $1"), Values::of(id), &sql::read_refund, "refund");
}

Result<Refund> find_refund_by_number(Connection& db, const OutRefundNo& number) {
  return required_row(db, of(sql::kRefunds, "WHERE out_refund_no = $1"), Values::of(number), &sql::read_refund,
                      "refund");
}

Result<std::vector<Refund>> list_refunds_of_intent(Connection& db, const IntentId& intent) {
  return all_rows(db, of(sql::kRefunds, "WHERE intent_id = $1 ORDER BY row_no"), Values::of(intent), &sql::read_refund);
}

Result<std::vector<Refund>> list_refunds_of_thread(Connection& db, const ThreadId& thread, std::int64_t limit) {
  return turned_round(all_rows(db, of(sql::kRefunds, "WHERE thread_id = $1 ORDER BY row_no DESC LIMIT $2"),
                               Values::of(thread, at_most(limit)), &sql::read_refund));
}

Result<std::vector<LedgerEntry>> list_ledger_of_intent(Connection& db, const IntentId& intent) {
  return all_rows(db, of(sql::kLedger, "WHERE intent_id = $1 ORDER BY seq"), Values::of(intent), &sql::read_entry);
}

Result<LedgerTotals> total_ledger(Connection& db, const TenantId& tenant) {
  auto rows = db.query(std::string(sql::kTotals) + " FROM ledger WHERE tenant_id = $1", Values::of(tenant));
  if (!rows) return rows.error();
  return sql::read_totals(rows->row(0));
}

namespace {

Result<void> verify_chain(Connection& db) {
  sql::ChainWalk walk;
  for (std::int64_t after = 0;;) {
    auto rows = db.query(of(sql::kLedger, "WHERE seq > $1 ORDER BY seq LIMIT $2"), Values::of(after, kLinesAtOnce));
    if (!rows) return rows.error();
    for (int i = 0; i < rows->size(); ++i) {
      if (auto holds = walk.take(rows->row(i)); !holds) return holds;
    }
    if (rows->size() < kLinesAtOnce) break;
    after = rows->row(rows->size() - 1).integer(0);
  }
  // The end that the next line goes after is the last line's.
  auto end = db.query("SELECT seq, hash FROM ledger_end");
  if (!end) return end.error();
  const bool same = end->size() == 1 && end->row(0).integer(0) == walk.last_seq() && end->row(0).text(1) == walk.hash();
  if (same) return success();
  return Error(Errc::store_corrupt, "ledger_end is not the end of the ledger: lines are missing there", "ledger_end");
}

// A question that has no answer while all is well.
Result<void> verify_none(Connection& db, const char* question, Error (*about)(const sql::Row&)) {
  auto rows = db.query(question);
  if (!rows) return rows.error();
  if (rows->size() > 0) return about(rows->row(0));
  return success();
}

}  // namespace

Result<void> verify_ledger(Connection& db) {
  if (auto begun = db.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); !begun) return begun.error();
  auto verdict = verify_chain(db);
  if (verdict.ok()) verdict = verify_none(db, sql::kOrphanLine, &sql::orphan_line);
  if (verdict.ok()) verdict = verify_none(db, sql::kWrongSum, &sql::wrong_sum);
  if (verdict.ok()) verdict = verify_audit(db);
  if (db.in_transaction()) (void)db.query("ROLLBACK");
  return verdict;
}

Result<std::vector<WorkItem>> list_due_work(Connection& db, UtcTime now, std::int64_t limit) {
  return all_rows(db, of(sql::kWork, "WHERE due_at <= $1 ORDER BY due_at, kind, subject LIMIT $2"),
                  Values::of(now, at_most(limit)), &sql::read_work);
}

Result<std::vector<WorkItem>> list_work_of_kind(Connection& db, WorkKind kind, const std::string& prefix,
                                                const std::string& after, std::int64_t limit) {
  return all_rows(
      db,
      of(sql::kWork, "WHERE kind = $1 AND left(subject, length($2)) = $2 AND subject > $3 ORDER BY subject LIMIT $4"),
      Values::of(to_string(kind), prefix, after, at_most(limit)), &sql::read_work);
}

Result<std::vector<WorkItem>> claim_due_work(Connection& db, UtcTime now, std::int64_t limit, WorkLane lane,
                                             const std::string& claimer, Millis lease) {
  auto claimed =
      all_rows(db,
               "UPDATE work SET claimed_by = $3, claimed_until = clock_timestamp() + $4::bigint * interval "
               "'1 millisecond' WHERE (kind, subject) IN (SELECT kind, subject FROM work WHERE due_at <= $1"
               " AND (kind = 'deliver_webhook') = $5 AND (claimed_until <= clock_timestamp() OR claimed_by = $3)"
               " ORDER BY due_at, kind, subject LIMIT $2 FOR UPDATE SKIP LOCKED)"
               " RETURNING kind, subject, thread_id, payload, due_at, attempts",
               Values::of(now, at_most(limit), claimer, lease, lane == WorkLane::outbound), &sql::read_work);
  if (claimed.ok()) std::ranges::sort(*claimed, {}, &WorkItem::due_at);
  return claimed;
}

Result<std::optional<UtcTime>> find_next_due(Connection& db, UtcTime after, WorkLane lane) {
  auto rows =
      db.query("SELECT due_at FROM work WHERE due_at > $1 AND (kind = 'deliver_webhook') = $2 ORDER BY due_at LIMIT 1",
               Values::of(after, lane == WorkLane::outbound));
  if (!rows) return rows.error();
  if (rows->size() == 0) return std::optional<UtcTime>();
  return std::optional<UtcTime>(from_millis(rows->row(0).integer(0)));
}

Result<NotificationRow> find_notification(Connection& db, const std::string& channel, const std::string& id) {
  return required_row(db, of(sql::kNotifications, "WHERE channel = $1 AND id = $2"), Values::of(channel, id),
                      &sql::read_notification, "notification");
}

Result<std::optional<IdempotencyRow>> find_idempotency(Connection& db, const std::string& scope,
                                                       const std::string& key) {
  return optional_row(db, of(sql::kIdempotency, "WHERE scope = $1 AND key = $2"), Values::of(scope, key),
                      &sql::read_idempotency);
}

}  // namespace purser::postgres
