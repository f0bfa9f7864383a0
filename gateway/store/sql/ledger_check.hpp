// What the ledger must satisfy, for every store that speaks SQL: the walk along its chain, and the questions whose
// every answer is a row that does not hold.
#pragma once

#include "gateway/store/records.hpp"
#include "gateway/store/sql/row_reader.hpp"

#include <string>

namespace purser::sql {

// Takes the rows of kLedger in order of seq.
class ChainWalk {
 public:
  ChainWalk();
  // Error: store_corrupt naming the row ("ledger <seq>") that is missing or not what was written.
  Result<void> take(const Row& row);
  // Of the last row taken: 0 and the genesis when there was none.
  std::int64_t last_seq() const { return seq_ - 1; }
  const std::string& hash() const { return previous_; }

 private:
  std::int64_t seq_ = 1;  // of the row that comes next
  std::string previous_;
};

// The first line of an intent that is not there.
inline constexpr char kOrphanLine[] =
    "SELECT l.seq FROM ledger l WHERE NOT EXISTS (SELECT 1 FROM intents i WHERE i.id = l.intent_id)"
    " ORDER BY l.seq LIMIT 1";
Error orphan_line(const Row& row);

// The first intent whose amounts are not what was posted for it. Chain or no chain, these must agree; it also finds
// rows cut off at the end, which no chain can.
inline constexpr char kWrongSum[] =
    "SELECT i.id, i.captured, i.refunded, CAST(coalesce(l.captured, 0) AS BIGINT),"
    " CAST(coalesce(l.refunded, 0) AS BIGINT), coalesce(l.foreign_rows, 0)"
    " FROM intents i LEFT JOIN (SELECT e.intent_id,"
    "  sum(e.amount) FILTER (WHERE e.kind IN ('capture', 'late_capture', 'duplicate_capture')) AS captured,"
    "  sum(e.amount) FILTER (WHERE e.kind = 'refund') AS refunded,"
    "  count(*) FILTER (WHERE e.currency <> o.currency OR e.tenant_id <> o.tenant_id) AS foreign_rows"
    "  FROM ledger e JOIN intents o ON o.id = e.intent_id GROUP BY e.intent_id) l ON l.intent_id = i.id"
    " WHERE i.captured <> coalesce(l.captured, 0) OR i.refunded <> coalesce(l.refunded, 0) OR l.foreign_rows > 0"
    " ORDER BY i.row_no LIMIT 1";
Error wrong_sum(const Row& row);

// LedgerTotals, before a FROM.
inline constexpr char kTotals[] =
    "SELECT CAST(coalesce(sum(amount) FILTER (WHERE kind IN ('capture', 'late_capture', 'duplicate_capture')), 0)"
    " AS BIGINT), CAST(coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS BIGINT),"
    " CAST(coalesce(sum(CASE kind WHEN 'fee' THEN amount WHEN 'fee_return' THEN -amount END), 0) AS BIGINT),"
    " CAST(coalesce(sum(amount) FILTER (WHERE kind = 'token_cost'), 0) AS BIGINT), count(*)";
LedgerTotals read_totals(const Row& row);

}  // namespace purser::sql
