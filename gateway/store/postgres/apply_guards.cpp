#include "gateway/store/audit_chain.hpp"
#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/postgres/apply.hpp"

namespace purser::postgres {
namespace {

// A posting belongs to the conversation of its intent.
Result<ThreadId> thread_of(Script& script, const std::string& intent) {
  if (auto sent = script.run(); !sent) return sent.error();
  auto rows = script.connection().query("SELECT thread_id FROM intents WHERE id = $1", Values::of(intent));
  if (!rows) return rows.error();
  return rows->size() == 1 ? ThreadId::trusted(rows->row(0).text(0)) : ThreadId();
}

}  // namespace

Result<void> apply(Script& script, const op::InsertApproval& operation) {
  const Approval& row = operation.row;
  script.add(
      "INSERT INTO approvals (id, tenant_id, thread_id, user_id, origin, terms, terms_hash, seal, currency, amount,"
      " state, decided_by, note, created_at, expires_at, decided_at, version)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      Values::of(row.id, row.tenant, row.thread, row.user, row.origin, row.terms_json, row.terms_hash, row.seal,
                 row.amount.currency(), row.amount.minor(), to_string(row.state), row.decided_by, row.note,
                 row.created_at, row.expires_at, row.decided_at, row.version));
  return success();
}

// Joined with itself, the row tells what it was before: what was decided stays decided.
Result<void> apply(Script& script, const op::UpdateApproval& operation) {
  const Approval& row = operation.row;
  script.add_update(
      "UPDATE approvals AS a SET state = $3, decided_by = $4, note = $5, decided_at = $6, version = a.version + 1"
      " FROM approvals AS was WHERE a.id = $1 AND a.version = $2 AND was.id = a.id"
      " RETURNING was.state = 'pending' AND a.tenant_id = $7 AND a.thread_id = $8 AND a.user_id = $9 AND a.origin = $10"
      " AND a.terms = $11 AND a.terms_hash = $12 AND a.seal = $13 AND a.currency = $14 AND a.amount = $15"
      " AND a.created_at = $16 AND a.expires_at = $17",
      Values::of(row.id, row.version, to_string(row.state), row.decided_by, row.note, row.decided_at, row.tenant,
                 row.thread, row.user, row.origin, row.terms_json, row.terms_hash, row.seal, row.amount.currency(),
                 row.amount.minor(), row.created_at, row.expires_at),
      row.id.str());
  return success();
}

// One statement decides and counts, so of any number of racers exactly as many pass as there is room for.
Result<void> apply(Script& script, const op::SpendBudget& operation) {
  if (operation.by > operation.max) {
    return Error(Errc::budget_spent, "more than the whole budget at once", operation.scope);
  }
  script.add(
      "INSERT INTO budgets AS b (scope, window_start, used, mirror)"
      " VALUES ($1, $2, greatest(0, $3::bigint), $5::bigint - greatest(0, $3::bigint))"
      " ON CONFLICT (scope, window_start) DO UPDATE SET used = greatest(0, b.used + $3::bigint),"
      " mirror = $5::bigint - greatest(0, b.used + $3::bigint)"
      " WHERE b.used + $3::bigint <= $4",
      Values::of(operation.scope, operation.window, operation.by, operation.max,
                 digest::of_budget(operation.scope, operation.window)),
      [scope = operation.scope](const Rows& rows) -> Result<void> {
        if (rows.changed() == 1) return success();
        return Error(Errc::budget_spent, std::string(meaning_of(Errc::budget_spent)), scope);
      });
  script.add("DELETE FROM budgets WHERE scope = $1 AND window_start < $2",
             Values::of(operation.scope, operation.window));
  return success();
}

// The database numbers and hashes the link under the lock of the chain's end, so nothing has to be read before: the
// hash is that of audit::hash_after.
Result<void> apply(Script& script, const op::AppendAudit& operation) {
  AuditRow row = operation.row;
  if (row.kind == "posting") {
    auto thread = thread_of(script, row.subject);
    if (!thread) return thread.error();
    row.thread = *std::move(thread);
  }
  auto form = audit::form_of(row);
  if (!form) return form.error();
  script.add(
      "WITH given AS (INSERT INTO audit_ends AS e (thread_id, seq, hash)"
      " VALUES ($1, 1, encode(sha256(convert_to($2::text || $3::text || '1' || $4::text, 'UTF8')), 'hex'))"
      " ON CONFLICT (thread_id) DO UPDATE SET seq = e.seq + 1,"
      " hash = encode(sha256(convert_to(e.hash || $3::text || CAST(e.seq + 1 AS TEXT) || $4::text, 'UTF8')), 'hex')"
      " RETURNING seq, hash)"
      " INSERT INTO audit (thread_id, seq, kind, subject, detail, at, hash)"
      " SELECT $1::text, given.seq, $5::text, $6::bytea, $7::bytea, $8::bigint, given.hash FROM given",
      Values::of(row.thread, ledger::genesis(), form->before, form->after, row.kind, row.subject, row.detail_json,
                 row.at));
  return success();
}

}  // namespace purser::postgres
