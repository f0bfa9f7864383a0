#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/row_reader.hpp"

namespace purser::sqlite {
namespace {

const std::string kLedger =
    "SELECT seq, tenant_id, intent_id, kind, reference, debit_account, credit_account, currency, amount, at, hash "
    "FROM ledger ";

Result<LedgerEntry> read_entry(Statement& row) {
  RowReader reader(row, "ledger");
  LedgerEntry entry;
  entry.seq = reader.integer();
  entry.tenant = reader.id<TenantId>();
  entry.intent = reader.id<IntentId>();
  entry.kind = reader.text();
  entry.reference = reader.text();
  entry.debit_account = reader.text();
  entry.credit_account = reader.text();
  const Currency currency = reader.parsed(&Currency::parse, "currency");
  entry.amount = Money(reader.integer(), currency);
  entry.at = reader.time();
  entry.hash = reader.text();
  return reader.finish(std::move(entry));
}

Error bad_row(std::int64_t seq, const std::string& why) {
  const std::string row = "ledger " + std::to_string(seq);
  return Error(Errc::store_corrupt, row + ": " + why, row);
}

Result<void> verify_chain(Database& db) {
  Statement query = db.statement(kLedger + "ORDER BY seq");
  std::string previous = ledger::genesis();
  for (std::int64_t seq = 1;; ++seq) {
    auto found = query.step();
    if (!found) return found.error();
    if (!*found) return success();
    if (query.integer(0) != seq) return bad_row(seq, "the row is missing");
    auto entry = read_entry(query);
    if (!entry) return bad_row(seq, entry.error().message);
    auto hash = ledger::hash_after(previous, *entry);
    if (!hash) return bad_row(seq, hash.error().message);
    if (*hash != entry->hash) return bad_row(seq, "the row or one before it is not what was written");
    previous = *std::move(hash);
  }
}

Result<void> verify_owners(Database& db) {
  Statement query = db.statement(
      "SELECT l.seq FROM ledger l WHERE NOT EXISTS (SELECT 1 FROM intents i WHERE i.id = l.intent_id)"
      " ORDER BY l.seq LIMIT 1");
  auto found = query.step();
  if (!found) return found.error();
  if (*found) return bad_row(query.integer(0), "its payment intent is missing");
  return success();
}

// Chain or no chain, what was posted for an intent must be what the intent says it captured and gave back. This also
// finds rows cut off at the end, which no chain can.
Result<void> verify_sums(Database& db) {
  Statement query = db.statement(
      "SELECT i.id, i.captured, i.refunded, coalesce(l.captured, 0), coalesce(l.refunded, 0), coalesce(l.foreign_rows, "
      "0)"
      " FROM intents i LEFT JOIN (SELECT e.intent_id,"
      "  sum(e.amount) FILTER (WHERE e.kind <> 'refund') AS captured,"
      "  sum(e.amount) FILTER (WHERE e.kind = 'refund') AS refunded,"
      "  count(*) FILTER (WHERE e.currency <> o.currency OR e.tenant_id <> o.tenant_id) AS foreign_rows"
      "  FROM ledger e JOIN intents o ON o.id = e.intent_id GROUP BY e.intent_id) l ON l.intent_id = i.id"
      " WHERE i.captured <> coalesce(l.captured, 0) OR i.refunded <> coalesce(l.refunded, 0) OR l.foreign_rows > 0"
      " ORDER BY i.row_no LIMIT 1");
  auto found = query.step();
  if (!found) return found.error();
  if (!*found) return success();
  const std::string row = "intents " + query.text(0);
  if (query.integer(5) > 0) {
    return Error(Errc::store_corrupt, row + ": the ledger holds rows of it in another currency or tenant", row);
  }
  return Error(Errc::store_corrupt,
               row + ": captured " + query.text(1) + " and refunded " + query.text(2) +
                   " do not match the ledger, which holds " + query.text(3) + " and " + query.text(4),
               row);
}

// A damaged index would hide rows from queries without touching a row.
Result<void> verify_pages(Database& db) {
  auto verdict = db.value_of("PRAGMA integrity_check(ledger)");
  if (!verdict) return verdict.error();
  if (*verdict != "ok") return Error(Errc::store_corrupt, "ledger: " + *verdict, "ledger");
  return success();
}

}  // namespace

Result<std::vector<LedgerEntry>> list_ledger_of_intent(Database& db, const IntentId& intent) {
  Statement query = db.statement(kLedger + "WHERE intent_id = ?1 ORDER BY seq");
  return all_rows(query.bind(intent), &read_entry);
}

Result<LedgerTotals> total_ledger(Database& db, const TenantId& tenant) {
  Statement query = db.statement(
      "SELECT coalesce(sum(amount) FILTER (WHERE kind <> 'refund'), 0),"
      " coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0), count(*) FROM ledger WHERE tenant_id = ?1");
  auto row = query.bind(tenant).step();
  if (!row) return row.error();
  LedgerTotals totals;
  totals.captured = query.integer(0);
  totals.refunded = query.integer(1);
  totals.entries = query.integer(2);
  return totals;
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
  if (auto begun = db.execute("BEGIN"); !begun) return begun;
  auto verdict = verify_chain(db);
  if (verdict.ok()) verdict = verify_owners(db);
  if (verdict.ok()) verdict = verify_sums(db);
  if (verdict.ok()) verdict = verify_pages(db);
  (void)db.execute("ROLLBACK");
  return verdict;
}

}  // namespace purser::sqlite
