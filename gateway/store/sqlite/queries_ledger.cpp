#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/sql/ledger_check.hpp"
#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/rows_of.hpp"
#include "gateway/store/sqlite/schema.hpp"

namespace purser::sqlite {
namespace {

Result<void> verify_chain(Database& db) {
  Statement query = db.statement(std::string(sql::kLedger) + "ORDER BY seq");
  sql::ChainWalk walk;
  for (;;) {
    auto found = query.step();
    if (!found) return found.error();
    if (!*found) return success();
    if (auto holds = walk.take(query); !holds) return holds;
  }
}

// A question that has no answer while all is well.
Result<void> verify_none(Database& db, const char* question, Error (*about)(const sql::Row&)) {
  Statement query = db.statement(question);
  auto found = query.step();
  if (!found) return found.error();
  if (*found) return about(query);
  return success();
}

// What the keys between the ledger and the payments rest on.
constexpr char kWrongTotals[] =
    "SELECT s.intent_id FROM (SELECT * FROM ledger_sums UNION ALL SELECT * FROM intent_sums) s"
    " LEFT JOIN intents i ON i.id = s.intent_id AND i.captured = s.captured AND i.refunded = s.refunded"
    " WHERE i.id IS NULL UNION ALL SELECT id FROM intents WHERE captured > 0"
    " AND (NOT EXISTS (SELECT 1 FROM ledger_sums l WHERE l.intent_id = id)"
    " OR NOT EXISTS (SELECT 1 FROM intent_sums l WHERE l.intent_id = id)) LIMIT 1";
Error wrong_totals(const sql::Row& row) {
  const std::string name = "ledger_sums " + row.text(0);
  return Error(Errc::store_corrupt, name + ": the sums kept beside the payment are not what it says", name);
}

// A damaged index would hide rows from queries without touching a row. SQLite compiles such a check anew each time, so
// the ledger by itself is looked at only to name it, when there is something that the check of everything has found.
Result<void> verify_pages(Database& db) {
  auto everything = db.value_of("PRAGMA integrity_check(1)");
  if (!everything) return everything.error();
  if (*everything == "ok") return success();
  auto books = db.value_of("PRAGMA integrity_check(ledger)");
  if (!books) return books.error();
  if (*books != "ok") return Error(Errc::store_corrupt, "ledger: " + *books, "ledger");
  return Error(Errc::store_corrupt, *everything, *everything);
}

}  // namespace

Result<std::vector<LedgerEntry>> list_ledger_of_intent(Database& db, const IntentId& intent) {
  Statement query = db.statement(std::string(sql::kLedger) + "WHERE intent_id = ?1 ORDER BY seq");
  return all_rows(query.bind(intent), &sql::read_entry);
}

Result<LedgerTotals> total_ledger(Database& db, const TenantId& tenant) {
  Statement query = db.statement(std::string(sql::kTotals) + " FROM ledger WHERE tenant_id = ?1");
  auto row = query.bind(tenant).step();
  if (!row) return row.error();
  return sql::read_totals(query);
}

Result<LedgerEnd> find_ledger_end(Database& db) {
  Statement query = db.statement("SELECT seq, hash FROM ledger ORDER BY seq DESC LIMIT 1");
  auto row = query.step();
  if (!row) return row.error();
  LedgerEnd end;
  end.hash = *row ? query.text(1) : ledger::genesis();
  if (*row) end.next_seq = query.integer(0) + 1;
  return end;
}

Result<void> verify_ledger(Database& db) {
  if (auto begun = db.statement("BEGIN").run(); !begun) return begun;
  auto verdict = verify_chain(db);
  if (verdict.ok()) verdict = verify_none(db, sql::kOrphanLine, &sql::orphan_line);
  if (verdict.ok()) verdict = verify_none(db, sql::kWrongSum, &sql::wrong_sum);
  if (verdict.ok()) verdict = verify_none(db, kWrongTotals, &wrong_totals);
  if (verdict.ok()) verdict = verify_audit(db);
  if (verdict.ok()) verdict = verify_schema(db);
  if (verdict.ok()) verdict = verify_pages(db);
  (void)db.statement("ROLLBACK").run();
  return verdict;
}

}  // namespace purser::sqlite
