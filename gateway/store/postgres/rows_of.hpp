// How the rows of an answer are taken: `read` turns one into a Result<Record>.
#pragma once

#include "gateway/store/postgres/connection.hpp"
#include "gateway/store/sql/rows.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser::postgres {

inline std::string of(const char* select, const char* rest) {
  return std::string(select) + rest;
}

template <class Record>
using Read = Result<Record> (*)(const sql::Row&);

template <class Record>
Result<std::vector<Record>> all_rows(Connection& db, const std::string& sql, Values values, Read<Record> read) {
  auto rows = db.query(sql, std::move(values));
  if (!rows) return rows.error();
  std::vector<Record> records;
  records.reserve(static_cast<std::size_t>(rows->size()));
  for (int i = 0; i < rows->size(); ++i) {
    auto record = read(rows->row(i));
    if (!record) return record.error();
    records.push_back(*std::move(record));
  }
  return records;
}

template <class Record>
Result<std::optional<Record>> optional_row(Connection& db, const std::string& sql, Values values, Read<Record> read) {
  auto rows = all_rows(db, sql, std::move(values), read);
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<Record>();
  return std::optional<Record>(std::move(rows->front()));
}

template <class Record>
Result<Record> required_row(Connection& db, const std::string& sql, Values values, Read<Record> read,
                            const std::string& missing) {
  auto row = optional_row(db, sql, std::move(values), read);
  if (!row) return row.error();
  if (!*row) return Error(Errc::not_found, "no such " + missing);
  return **std::move(row);
}

inline std::int64_t at_most(std::int64_t limit) {
  return limit < 0 ? 0 : limit;
}

}  // namespace purser::postgres
