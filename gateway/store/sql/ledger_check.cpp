#include "gateway/store/sql/ledger_check.hpp"

#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/sql/rows.hpp"

namespace purser::sql {
namespace {

Error bad_row(std::int64_t seq, const std::string& why) {
  const std::string row = "ledger " + std::to_string(seq);
  return Error(Errc::store_corrupt, row + ": " + why, row);
}

}  // namespace

ChainWalk::ChainWalk() : previous_(ledger::genesis()) {}

Result<void> ChainWalk::take(const Row& row) {
  if (row.integer(0) != seq_) return bad_row(seq_, "the row is missing");
  auto entry = read_entry(row);
  if (!entry) return bad_row(seq_, entry.error().message);
  auto hash = ledger::hash_after(previous_, *entry);
  if (!hash) return bad_row(seq_, hash.error().message);
  if (*hash != entry->hash) return bad_row(seq_, "the row or one before it is not what was written");
  previous_ = *std::move(hash);
  ++seq_;
  return success();
}

Error orphan_line(const Row& row) {
  return bad_row(row.integer(0), "its payment intent is missing");
}

Error wrong_sum(const Row& row) {
  const std::string name = "intents " + row.text(0);
  if (row.integer(5) > 0) {
    return Error(Errc::store_corrupt, name + ": the ledger holds rows of it in another currency or tenant", name);
  }
  const auto number = [&](int column) { return std::to_string(row.integer(column)); };
  return Error(Errc::store_corrupt,
               name + ": captured " + number(1) + " and refunded " + number(2) +
                   " do not match the ledger, which holds " + number(3) + " and " + number(4),
               name);
}

LedgerTotals read_totals(const Row& row) {
  LedgerTotals totals;
  totals.captured = row.integer(0);
  totals.refunded = row.integer(1);
  totals.fees = row.integer(2);
  totals.tokens = row.integer(3);
  totals.entries = row.integer(4);
  return totals;
}

}  // namespace purser::sql
