// A SQLite file in a folder of its own, and a second pair of hands on it.
#pragma once

#include "tests/support/temp_folder.hpp"

#include <sqlite3.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace purser::test {

// A plain connection, as another program would have: no guard of the store's holds it back.
class RawSqlite {
 public:
  explicit RawSqlite(const std::string& path) {
    if (sqlite3_open(path.c_str(), &db_) != SQLITE_OK) throw std::runtime_error("cannot open " + path);
  }
  ~RawSqlite() { sqlite3_close(db_); }
  RawSqlite(const RawSqlite&) = delete;
  RawSqlite& operator=(const RawSqlite&) = delete;

  bool run(const std::string& sql) { return sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK; }
  // One column of each row.
  std::vector<std::string> column(const std::string& sql, std::size_t index = 0) {
    struct Rows {
      std::size_t index;
      std::vector<std::string> texts;
    } rows{index, {}};
    const auto take = [](void* to, int, char** values, char**) {
      auto* into = static_cast<Rows*>(to);
      into->texts.emplace_back(values[into->index] == nullptr ? "NULL" : values[into->index]);
      return 0;
    };
    if (sqlite3_exec(db_, sql.c_str(), take, &rows, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(db_));
    return rows.texts;
  }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace purser::test
