// Reads the columns of one row in the order of its SELECT, keeps the first thing that cannot be, and names it.
#pragma once

#include "gateway/store/sqlite/database.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace purser::sqlite {

class RowReader {
 public:
  RowReader(Statement& row, const char* table) : row_(row), table_(table) {}

  std::string text() { return row_.text(next_++); }
  std::int64_t integer() { return row_.integer(next_++); }
  bool flag() { return integer() != 0; }
  UtcTime time() { return from_millis(integer()); }
  // The first id that is read names the row in errors.
  template <class IdType>
  IdType id() {
    auto id = IdType::trusted(text());
    if (name_.empty()) name_ = id.str();
    return id;
  }
  // What `parse` makes of a text column.
  template <class T>
  T parsed(Result<T> (*parse)(std::string_view), const char* column) {
    auto value = parse(text());
    if (value.ok()) return *std::move(value);
    if (!error_) {
      const std::string row = std::string(table_) + " " + name_;
      error_ = Error(Errc::store_corrupt, row + ", " + column + ": " + value.error().message, row);
    }
    return T();
  }

  template <class Row>
  Result<Row> finish(Row row) const {
    if (error_) return *error_;
    return row;
  }

 private:
  Statement& row_;
  const char* table_;
  std::string name_;
  int next_ = 0;
  std::optional<Error> error_;
};

// How the rows of a query are taken: `read` turns the current row into a Result<Row>.
template <class Row>
Result<std::optional<Row>> optional_row(Statement& query, Result<Row> (*read)(Statement&)) {
  auto found = query.step();
  if (!found) return found.error();
  if (!*found) return std::optional<Row>();
  auto row = read(query);
  if (!row) return row.error();
  return std::optional<Row>(*std::move(row));
}

template <class Row>
Result<Row> required_row(Statement& query, Result<Row> (*read)(Statement&), const std::string& missing) {
  auto row = optional_row(query, read);
  if (!row) return row.error();
  if (!*row) return Error(Errc::not_found, "no such " + missing);
  return **std::move(row);
}

template <class Row>
Result<std::vector<Row>> all_rows(Statement& query, Result<Row> (*read)(Statement&)) {
  std::vector<Row> rows;
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
