// A SQLite connection with its prepared statements, as owned objects. Not thread-safe: one thread at a time, and a
// Statement never outlives its Database.
#pragma once

#include "gateway/store/sql/row_reader.hpp"
#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"
#include "validation/money/time.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace purser::sqlite {

class Statement;

class Database {
 public:
  // Opens an existing file for reading and writing. `vfs` empty: the system's. Error: store_unavailable.
  static Result<std::unique_ptr<Database>> open(const std::string& path, const std::string& vfs, Millis busy_time_max);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // A statement ready for its values; prepared once per text. A text that cannot be prepared fails when stepped.
  Statement statement(std::string_view sql);
  // Any number of statements without values or rows.
  Result<void> execute(const std::string& sql);
  // The one value of a statement that gives one row ("PRAGMA user_version"), as text.
  Result<std::string> value_of(std::string_view sql);
  // Rows that the last statement changed.
  std::int64_t changes() const { return sqlite3_changes64(db_); }
  bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

  // The last failure as an Error:
  //   store_duplicate    a unique row exists; param is SQLite's "table.column, ..." list
  //   internal           a rule of the schema is broken (param names it), or a bug
  //   store_corrupt      pages or schema make no sense
  //   store_unavailable  locked too long, disk full, I/O error, no memory
  Error failure();
  // True from the first I/O error or damaged page on, for as long as the connection lives: nothing may be written
  // through it any more. A full disk does not count.
  bool broken() const { return broken_; }

  // Copies what the write-ahead log holds into the file as far as readers allow. Called by hand, because SQLite
  // swallows the errors of its automatic one.
  Result<void> checkpoint();
  // Pages in the write-ahead log after the last commit.
  int log_pages() const { return log_pages_; }
  // Transactions of this connection that changed something and became durable.
  std::int64_t commits() const { return commits_; }

  // From now on for reading only; and its closing leaves the log to the writer's.
  Result<void> make_reader();

  // Whether the transaction has broken a deferred foreign key that nothing has mended yet.
  bool owes_keys() const;

  sqlite3* handle() { return db_; }

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  Error failure_of(int code, const std::string& message);
  int write_errno() const;
  static int on_log_growth(void* self, sqlite3* db, const char* name, int pages);

  // A text is looked up as it comes, without a copy.
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*, TextHash, std::equal_to<>> statements_;
  bool broken_ = false;
  bool copying_log_ = false;
  int log_pages_ = 0;
  std::int64_t commits_ = 0;
};

// One use of a prepared statement: bind, step, read columns. Its end resets the statement, so no read stays open.
class Statement final : public sql::Row {
 public:
  Statement(Database& database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  ~Statement() override;
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // Values for ?1, ?2, ... in order; further calls go on counting.
  template <class... Values>
  Statement& bind(const Values&... values) {
    (put(values), ...);
    return *this;
  }

  // True: there is a row. False: the end.
  Result<bool> step();
  // Runs a statement that gives no rows to its end.
  Result<void> run();

  std::int64_t integer(int column) const override { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const override;
  int columns() const override { return sqlite3_column_count(statement_); }
  // By the storage class of the value, whatever type its column was declared with.
  std::optional<std::int64_t> exact_integer(int column) const override;
  std::optional<bool> exact_flag(int column) const override;  // the integers 0 and 1
  std::optional<std::string> exact_text(int column) const override;
  std::string type_of(int column) const override;

 private:
  void put(std::string_view text);
  void put(const std::string& text) { put(std::string_view(text)); }
  void put(const char* text) { put(std::string_view(text)); }
  void put(std::int64_t number) { note(sqlite3_bind_int64(statement_, ++bound_, number)); }
  void put(bool flag) { put(std::int64_t{flag}); }
  void put(UtcTime time) { put(to_millis(time)); }
  void put(Currency currency) { put(currency.code()); }
  void put(std::nullptr_t) { note(sqlite3_bind_null(statement_, ++bound_)); }
  template <class Tag>
  void put(const Id<Tag>& id) {
    put(std::string_view(id.str()));
  }
  void note(int code) {
    if (code != SQLITE_OK && bind_code_ == SQLITE_OK) bind_code_ = code;
  }

  Database& database_;
  sqlite3_stmt* statement_;  // nullptr: it could not be prepared
  int bound_ = 0;
  int bind_code_ = SQLITE_OK;
};

}  // namespace purser::sqlite
