#include "gateway/store/audit_chain.hpp"
#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/row_digest.hpp"
#include "gateway/store/sqlite/apply.hpp"

namespace purser::sqlite {
namespace {

struct ChainEnd {
  std::int64_t next_seq = 1;
  std::string hash = ledger::genesis();
};

Result<ChainEnd> find_chain_end(Database& db, const ThreadId& thread) {
  Statement query = db.statement("SELECT seq, hash FROM audit_ends WHERE thread_id = ?1");
  auto row = query.bind(thread).step();
  if (!row) return row.error();
  ChainEnd end;
  if (!*row) return end;
  end.next_seq = query.integer(0) + 1;
  end.hash = query.text(1);
  return end;
}

// A posting belongs to the conversation of its intent.
Result<ThreadId> thread_of(Database& db, const std::string& intent) {
  Statement query = db.statement("SELECT thread_id FROM intents WHERE id = ?1");
  auto row = query.bind(intent).step();
  if (!row) return row.error();
  return *row ? ThreadId::trusted(query.text(0)) : ThreadId();
}

}  // namespace

Result<void> apply(Database& db, const op::InsertApproval& operation, Receipt&) {
  const Approval& row = operation.row;
  Statement insert = db.statement(
      "INSERT INTO approvals (id, tenant_id, thread_id, user_id, origin, terms, terms_hash, seal, currency, amount,"
      " state, decided_by, note, created_at, expires_at, decided_at, version)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)");
  insert.bind(row.id, row.tenant, row.thread, row.user, row.origin, row.terms_json, row.terms_hash, row.seal,
              row.amount.currency(), row.amount.minor(), to_string(row.state), row.decided_by, row.note, row.created_at,
              row.expires_at, row.decided_at, row.version);
  return run_insert(insert, "approvals.thread_id, approvals.origin", "origin");
}

Result<void> apply(Database& db, const op::UpdateApproval& operation, Receipt&) {
  const Approval& row = operation.row;
  Statement update = db.statement(
      "UPDATE approvals SET tenant_id = ?3, thread_id = ?4, user_id = ?5, origin = ?6, terms = ?7, terms_hash = ?8,"
      " seal = ?9, currency = ?10, amount = ?11, state = ?12, decided_by = ?13, note = ?14, created_at = ?15,"
      " expires_at = ?16, decided_at = ?17, version = version + 1 WHERE id = ?1 AND version = ?2");
  update.bind(row.id, row.version, row.tenant, row.thread, row.user, row.origin, row.terms_json, row.terms_hash,
              row.seal, row.amount.currency(), row.amount.minor(), to_string(row.state), row.decided_by, row.note,
              row.created_at, row.expires_at, row.decided_at);
  return run_conditional(db, update, row.id.str());
}

// One statement decides and counts, so of any number of racers exactly as many pass as there is room for.
Result<void> apply(Database& db, const op::SpendBudget& operation, Receipt&) {
  if (operation.by > operation.max) {
    return Error(Errc::budget_spent, "more than the whole budget at once", operation.scope);
  }
  Statement spend = db.statement(
      "INSERT INTO budgets (scope, window_start, used, mirror) VALUES (?1, ?2, max(0, ?3), ?5 - max(0, ?3))"
      " ON CONFLICT (scope, window_start) DO UPDATE SET used = max(0, used + ?3), mirror = ?5 - max(0, used + ?3)"
      " WHERE used + ?3 <= ?4");
  spend.bind(operation.scope, operation.window, operation.by, operation.max,
             digest::of_budget(operation.scope, operation.window));
  if (auto done = spend.run(); !done) return done;
  if (db.changes() != 1) return Error(Errc::budget_spent, std::string(meaning_of(Errc::budget_spent)), operation.scope);
  Statement forget = db.statement("DELETE FROM budgets WHERE scope = ?1 AND window_start < ?2");
  return forget.bind(operation.scope, operation.window).run();
}

Result<void> apply(Database& db, const op::AppendAudit& operation, Receipt&) {
  AuditRow row = operation.row;
  if (row.kind == "posting") {
    auto thread = thread_of(db, row.subject);
    if (!thread) return thread.error();
    row.thread = *std::move(thread);
  }
  auto end = find_chain_end(db, row.thread);
  if (!end) return end.error();
  row.seq = end->next_seq;
  auto hash = audit::hash_after(end->hash, row);
  if (!hash) return hash.error();
  Statement insert = db.statement(
      "INSERT INTO audit (thread_id, seq, kind, subject, detail, at, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  auto written = insert.bind(row.thread, row.seq, row.kind, row.subject, row.detail_json, row.at, *hash).run();
  if (!written) return written;
  Statement ends = db.statement(
      "INSERT INTO audit_ends (thread_id, seq, hash) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (thread_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash");
  return ends.bind(row.thread, row.seq, *hash).run();
}

}  // namespace purser::sqlite
