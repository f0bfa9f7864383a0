// Reads the columns of one row in the order of its SELECT, keeps the first thing that cannot be, and names it. The same
// for every store that speaks SQL.
#pragma once

#include "validation/money/result.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace purser::sql {

// One row of an answer. A column that is NULL is an empty text or 0.
class Row {
 public:
  virtual ~Row() = default;
  virtual std::string text(int column) const = 0;
  virtual std::int64_t integer(int column) const = 0;
  virtual int columns() const = 0;

  // For rows that another program wrote: the value as the database holds it, and nothing when it is NULL or of another
  // type. A text is never read as a number, nor a fraction cut to one.
  virtual std::optional<std::int64_t> exact_integer(int column) const = 0;
  virtual std::optional<bool> exact_flag(int column) const = 0;
  virtual std::optional<std::string> exact_text(int column) const = 0;
  // The database's word for what stands there ("numeric", "REAL", "NULL"), for errors.
  virtual std::string type_of(int column) const = 0;
};

class RowReader {
 public:
  RowReader(const Row& row, const char* table) : row_(row), table_(table) {}

  std::string text() { return row_.text(next_++); }
  std::int64_t integer() { return row_.integer(next_++); }
  bool flag() { return integer() != 0; }
  // Whether the SELECT has one more column.
  bool more() const { return next_ < row_.columns(); }
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

  template <class Record>
  Result<Record> finish(Record record) const {
    if (error_) return *error_;
    return record;
  }

 private:
  const Row& row_;
  const char* table_;
  std::string name_;
  int next_ = 0;
  std::optional<Error> error_;
};

}  // namespace purser::sql
