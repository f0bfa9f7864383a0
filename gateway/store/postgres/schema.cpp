#include "gateway/store/postgres/schema.hpp"

#include <algorithm>
#include <string>

namespace purser::postgres {
namespace {

constexpr int kTriesMax = 20;

// Two processes that begin at once get in each other's way until one of them is through: the loser is told that a row
// of the catalogue or the table exists, or finds it changed under its hands.
bool may_try_again(const Connection& connection, const Error& error, bool making) {
  if (connection.trouble() == Trouble::retryable || error.code == Errc::store_duplicate) return true;
  return making && error.code == Errc::internal;
}

struct Version {
  int version = 0;
  int oldest_program = 0;
};

// Locks the row, so that one process at a time goes on from what it reads.
Result<Version> locked_version(Connection& connection) {
  auto rows = connection.query("SELECT version, oldest_program FROM purser_schema FOR UPDATE");
  if (!rows) return rows.error();
  Version version;
  if (rows->size() == 0) return Error(Errc::store_corrupt, "the table purser_schema is empty", "purser_schema");
  version.version = static_cast<int>(rows->row(0).integer(0));
  version.oldest_program = static_cast<int>(rows->row(0).integer(1));
  return version;
}

Result<void> make_ours(Connection& connection) {
  auto found = connection.query(
      "SELECT to_regclass('purser_schema') IS NOT NULL,"
      " to_regclass('threads') IS NOT NULL OR to_regclass('intents') IS NOT NULL OR to_regclass('ledger') IS NOT NULL");
  if (!found) return found.error();
  if (found->row(0).integer(0) != 0) return success();
  if (found->row(0).integer(1) != 0) {
    return Error(Errc::store_corrupt, "the database is not purser's: it holds tables of another program", "store.url");
  }
  const std::vector<Statement> statements{
      {"BEGIN", {}},
      {"CREATE TABLE purser_schema (one BOOLEAN NOT NULL PRIMARY KEY CHECK (one), version INTEGER NOT NULL,"
       " oldest_program INTEGER NOT NULL)",
       {}},
      {"INSERT INTO purser_schema (one, version, oldest_program) VALUES (TRUE, 0, 0)", {}},
      {"COMMIT", {}}};
  auto made = connection.exchange(statements);
  if (!made) return made.error();
  return success();
}

// One migration, or none when another process was faster. True: there is nothing left to do.
Result<bool> apply_next(Connection& connection, std::span<const Migration> steps) {
  const int known = static_cast<int>(steps.size());
  if (auto begun = connection.query("BEGIN"); !begun) return begun.error();
  auto at = locked_version(connection);
  if (!at) return at.error();
  if (at->oldest_program > known) {
    return Error(Errc::store_from_future, "the database has schema version " + std::to_string(at->version) +
                                              " and asks for a purser that knows version " +
                                              std::to_string(at->oldest_program) + "; this one knows versions up to " +
                                              std::to_string(known));
  }
  if (at->version >= known) return true;
  const Migration& step = steps[static_cast<std::size_t>(at->version)];
  std::vector<Statement> statements;
  for (const std::string_view sql : step.statements) statements.push_back(Statement{sql, Values()});
  statements.push_back(Statement{"UPDATE purser_schema SET version = $1::bigint, oldest_program = $2::bigint",
                                 Values::of(std::int64_t{step.version}, std::int64_t{step.oldest_program})});
  statements.push_back(Statement{"COMMIT", Values()});
  auto done = connection.exchange(statements);
  if (!done) return done.error();
  return false;
}

}  // namespace

Result<void> migrate(Connection& connection, std::span<const Migration> steps) {
  for (int tries = 0;;) {
    auto ours = make_ours(connection);
    Result<bool> done = ours ? apply_next(connection, steps) : Result<bool>(ours.error());
    if (connection.in_transaction()) (void)connection.query("ROLLBACK");
    if (done.ok() && *done) return success();
    if (done.ok()) continue;
    if (++tries >= kTriesMax || !may_try_again(connection, done.error(), !ours.ok())) return done.error();
  }
}

}  // namespace purser::postgres
