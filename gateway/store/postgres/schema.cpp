#include "gateway/store/postgres/schema.hpp"

#include "gateway/store/postgres/patience.hpp"

#include <algorithm>
#include <string>

namespace purser::postgres {
namespace {

constexpr int kTriesMax = 20;

// Two processes that begin at once get in each other's way until one of them is through: the loser is told that a row
// of the catalogue or the table exists, or finds it changed under its hands.
bool may_try_again(Trouble trouble, const Error& error, bool making) {
  if (trouble == Trouble::retryable || trouble == Trouble::locked || error.code == Errc::store_duplicate) return true;
  return making && error.code == Errc::internal;
}

// After a failure, out of the transaction.
Trouble let_go(Connection& connection, const Patience& patience) {
  const Trouble trouble = connection.trouble();
  if (connection.in_transaction() && !connection.query("ROLLBACK")) connection.drop();
  if (trouble == Trouble::locked) (void)patience.end_the_still(connection);
  return trouble;
}

struct Version {
  int version = 0;
  int oldest_program = 0;
};

Result<Version> read_version(Connection& connection, std::string_view sql) {
  auto rows = connection.query(sql);
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

constexpr std::string_view kVersion = "SELECT version, oldest_program FROM purser_schema";
// One process at a time goes on from what it reads.
constexpr std::string_view kLockedVersion = "SELECT version, oldest_program FROM purser_schema FOR UPDATE";

// True: there is nothing left to do.
Result<bool> is_done(const Version& at, int known) {
  if (at.oldest_program <= known) return at.version >= known;
  return Error(Errc::store_from_future, "the database has schema version " + std::to_string(at.version) +
                                            " and asks for a purser that knows version " +
                                            std::to_string(at.oldest_program) + "; this one knows versions up to " +
                                            std::to_string(known));
}

// One migration, or none when another process was faster. True: there is nothing left to do. Looks before it locks: who
// has nothing to do is in nobody's way, and nobody is in his.
Result<bool> apply_next(Connection& connection, Patience& patience, std::span<const Migration> steps) {
  const int known = static_cast<int>(steps.size());
  auto at = read_version(connection, kVersion);
  if (!at) return at.error();
  if (auto done = is_done(*at, known); !done || *done) return done;
  if (auto begun = patience.begin(connection); !begun) return begun.error();
  at = read_version(connection, kLockedVersion);
  if (!at) return at.error();
  if (auto done = is_done(*at, known); !done || *done) return done;
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

constexpr std::string_view kPutGuard =
    "INSERT INTO schema_guards (name, revision, refused) VALUES ($1, $2::bigint, $3)"
    " ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, refused = excluded.refused";

Statement record_of(const Guard& guard, const std::string& refused) {
  return {kPutGuard, Values::of(guard.name, std::int64_t{guard.revision}, refused)};
}

// Under the lock that migrations are made under.
Result<void> make_guard(Connection& connection, Patience& patience, const Guard& guard) {
  if (auto begun = patience.begin(connection, std::vector<Statement>{{kLockedVersion, Values()}}); !begun) return begun;
  std::vector<Statement> statements;
  for (const std::string_view sql : guard.statements) statements.push_back(Statement{sql, Values()});
  statements.push_back(record_of(guard, ""));
  statements.push_back(Statement{"COMMIT", Values()});
  auto made = connection.exchange(statements);
  if (!made) return made.error();
  return success();
}

// Empty: it is there. Else why the engine has it not.
Result<std::string> make_or_record(Connection& connection, Patience& patience, const Guard& guard) {
  for (int tries = 0;;) {
    auto made = make_guard(connection, patience, guard);
    if (made.ok()) return std::string();
    const Trouble trouble = let_go(connection, patience);
    if (trouble == Trouble::unsupported) {
      const std::string why = made.error().message;
      const Statement record = record_of(guard, why);
      auto recorded = connection.query(record.sql, record.values);
      if (!recorded) return recorded.error();
      return why;
    }
    if (++tries >= kTriesMax || !may_try_again(trouble, made.error(), false)) return made.error();
  }
}

}  // namespace

Result<std::vector<MissingGuard>> missing_guards(Connection& connection) {
  auto there = connection.query("SELECT to_regclass('schema_guards') IS NOT NULL");
  if (!there) return there.error();
  std::vector<MissingGuard> missing;
  if (there->row(0).integer(0) == 0) return missing;
  auto rows = connection.query("SELECT name, refused FROM schema_guards WHERE refused <> '' ORDER BY name");
  if (!rows) return rows.error();
  for (int i = 0; i < rows->size(); ++i) missing.push_back({rows->row(i).text(0), rows->row(i).text(1)});
  return missing;
}

Result<std::vector<MissingGuard>> make_guards(Connection& connection, std::span<const Guard> wanted,
                                              Millis lock_time_max) {
  Patience patience(lock_time_max);
  auto rows = connection.query("SELECT name, revision FROM schema_guards WHERE refused = ''");
  if (!rows) return rows.error();
  const auto is_there = [&rows](const Guard& guard) {
    for (int i = 0; i < rows->size(); ++i) {
      if (rows->row(i).text(0) == guard.name && rows->row(i).integer(1) >= guard.revision) return true;
    }
    return false;
  };
  std::vector<MissingGuard> missing;
  for (const Guard& guard : wanted) {
    if (is_there(guard)) continue;
    auto why = make_or_record(connection, patience, guard);
    if (!why) return why.error();
    if (!why->empty()) missing.push_back({std::string(guard.name), *why});
  }
  return missing;
}

Result<void> migrate(Connection& connection, std::span<const Migration> steps, Millis lock_time_max) {
  Patience patience(lock_time_max);
  for (int tries = 0;;) {
    auto ours = make_ours(connection);
    Result<bool> done = ours ? apply_next(connection, patience, steps) : Result<bool>(ours.error());
    const Trouble trouble = let_go(connection, patience);
    if (done.ok() && *done) return success();
    if (done.ok()) continue;
    if (++tries >= kTriesMax || !may_try_again(trouble, done.error(), !ours.ok())) return done.error();
  }
}

}  // namespace purser::postgres
