// How the rows of a SQLite query are taken.
#pragma once

#include "gateway/store/sql/rows.hpp"
#include "gateway/store/sqlite/database.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser::sqlite {

// `read` turns the current row into a Result<Record>.
template <class Record>
Result<std::optional<Record>> optional_row(Statement& query, Result<Record> (*read)(const sql::Row&)) {
  auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<Record>();
  auto row = read(query);
  if (!row) return row.error();
  return std::optional<Record>(*std::move(row));
}

template <class Record>
Result<Record> required_row(Statement& query, Result<Record> (*read)(const sql::Row&), const std::string& missing) {
  auto row = optional_row(query, read);
  if (!row) return row.error();
  if (!*row) return Error(Errc::not_found, "no such " + missing);
  return **std::move(row);
}

template <class Record>
Result<std::vector<Record>> all_rows(Statement& query, Result<Record> (*read)(const sql::Row&)) {
  std::vector<Record> rows;
  for (;;) {
    auto found = query.step();
    if (!found) return found.error();
    if (!*found) return rows;
    auto row = read(query);
    if (!row) return row.error();
    rows.push_back(*std::move(row));
  }
}

// SQLite reads a negative LIMIT as none at all.
inline std::int64_t at_most(std::int64_t limit) {
  return limit < 0 ? 0 : limit;
}

}  // namespace purser::sqlite
