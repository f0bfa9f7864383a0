#include "gateway/store/open/ledger_days.hpp"

#include "gateway/store/open/open.hpp"
#include "gateway/store/postgres/rows_of.hpp"
#include "gateway/store/sqlite/rows_of.hpp"
#include "gateway/store/sqlite/schema.hpp"

namespace purser {
namespace {

// The money of a capture moved when its intent was settled, that of a refund when the refund was.
constexpr std::string_view kLines =
    "SELECT l.seq, l.kind, i.out_trade_no, l.reference, l.currency, l.amount,"
    " CASE WHEN l.kind = 'refund' THEN coalesce(r.amount, 0) ELSE i.captured END, coalesce(f.amount, 0)"
    " FROM ledger l JOIN intents i ON i.id = l.intent_id"
    " LEFT JOIN refunds r ON l.kind = 'refund' AND r.out_refund_no = l.reference"
    " LEFT JOIN ledger f ON f.reference = l.reference"
    " AND f.kind = CASE WHEN l.kind = 'refund' THEN 'fee_return' ELSE 'fee' END"
    " WHERE l.kind IN ('capture', 'late_capture', 'duplicate_capture', 'refund')"
    " AND CASE WHEN l.kind = 'refund' THEN coalesce(r.settled_at, l.at) ELSE i.settled_at END >= {1}"
    " AND CASE WHEN l.kind = 'refund' THEN coalesce(r.settled_at, l.at) ELSE i.settled_at END < {2}"
    " ORDER BY l.seq";

// As each database writes its parameters.
std::string with_parameters(char mark) {
  std::string sql;
  for (std::size_t i = 0; i < kLines.size(); ++i) {
    const bool parameter = kLines[i] == '{';
    sql += parameter ? mark : kLines[i];
    if (parameter) sql += kLines[i + 1];
    if (parameter) i += 2;
  }
  return sql;
}

Result<books::OurLine> read_line(const sql::Row& row) {
  sql::RowReader reader(row, "ledger");
  reader.integer();
  books::OurLine line;
  line.movement = reader.text() == "refund" ? books::Movement::refund : books::Movement::capture;
  line.out_trade_no = reader.text();
  line.reference = reader.text();
  const Currency currency = reader.parsed(&Currency::parse, "currency");
  line.posted = Money(reader.integer(), currency);
  line.recorded = Money(reader.integer(), currency);
  line.fee = line.movement == books::Movement::refund ? -reader.integer() : reader.integer();
  return reader.finish(std::move(line));
}

}  // namespace

Result<std::vector<books::OurLine>> read_our_lines(const StoreSettings& settings, UtcTime from, UtcTime to) {
  const std::string& url = settings.url.reveal();
  if (url.starts_with("postgresql://")) {
    if (auto readable = postgres::check_url(url); !readable) return readable.error();
    postgres::Address address;
    address.url = url;
    postgres::Connection connection(address);
    return postgres::all_rows(connection, with_parameters('$'), postgres::Values::of(from, to), &read_line);
  }
  auto path = parse_sqlite_url(url);
  if (!path) return path.error();
  auto database = sqlite::Database::open(*path, "", settings.busy_time_max);
  if (!database) return database.error();
  if (auto set = sqlite::configure(**database, settings.busy_time_max); !set) return set.error();
  if (auto reader = (*database)->make_reader(); !reader) return reader.error();
  sqlite::Statement query = (*database)->statement(with_parameters('?'));
  return sqlite::all_rows(query.bind(from, to), &read_line);
}

}  // namespace purser
