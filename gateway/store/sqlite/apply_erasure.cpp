#include "gateway/store/sql/erasure.hpp"
#include "gateway/store/sqlite/apply.hpp"

namespace purser::sqlite {
namespace {

// $1 as SQLite numbers it.
std::string numbered(std::string sql) {
  for (char& letter : sql)
    if (letter == '$') letter = '?';
  return sql;
}

class Erasable final : public sql::ErasableRows {
 public:
  Erasable(Database& db, Receipt& receipt) : db_(db), receipt_(receipt) {}

  Result<void> each(const char* select, const char* rest, const Given& values,
                    const std::function<Result<void>(const sql::Row&)>& take) override {
    Statement query = db_.statement(numbered(std::string(select) + rest));
    bind(query, values);
    for (;;) {
      auto found = query.step();
      if (!found) return found.error();
      if (!*found) return success();
      if (auto taken = take(query); !taken) return taken;
    }
  }
  Result<void> change(const char* statement, const Given& values, const std::string& must) override {
    Statement change = db_.statement(numbered(statement));
    bind(change, values);
    return must.empty() ? change.run() : run_conditional(db_, change, must);
  }
  Result<void> apply(const Operation& operation) override { return apply_recorded(db_, operation, receipt_); }
  const char* answers_that_name() const override {
    return "WHERE state = 'finished' AND body <> '{}' AND (turn_id IN (SELECT id FROM turns WHERE thread_id = $1)"
           " OR instr(scope, $1) > 0 OR instr(body, $1) > 0)";
  }
  const char* notifications_that_name() const override { return "WHERE plain <> '{}' AND instr(plain, $1) > 0"; }
  const char* old_notifications() const override {
    return "WHERE received_at < $1 AND applied = 1 AND plain <> '{}' ORDER BY received_at LIMIT $2";
  }

 private:
  static void bind(Statement& statement, const Given& values) {
    for (const auto& value : values) std::visit([&](const auto& one) { statement.bind(one); }, value);
  }

  Database& db_;
  Receipt& receipt_;
};

}  // namespace

Result<void> apply(Database& db, const op::EraseThread& operation, Receipt& receipt) {
  Erasable rows(db, receipt);
  return sql::erase(rows, operation);
}

Result<void> apply(Database& db, const op::EraseInboxes& operation, Receipt& receipt) {
  Erasable rows(db, receipt);
  return sql::erase(rows, operation);
}

}  // namespace purser::sqlite
