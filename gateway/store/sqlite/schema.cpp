#include "gateway/store/sqlite/schema.hpp"

#include <map>
#include <vector>

namespace purser::sqlite {
namespace {

Result<std::int64_t> number_of(Database& database, std::string_view sql) {
  Statement query = database.statement(sql);
  auto row = query.step();
  if (!row) return row.error();
  return query.integer(0);
}

Result<void> apply(Database& database, const Migration& step) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto done = [&]() -> Result<void> {
    // Read under the lock: another process may have been faster.
    auto version = number_of(database, "PRAGMA user_version");
    if (!version) return version.error();
    if (*version >= step.version) return success();
    if (auto changed = database.execute(std::string(step.sql)); !changed) return changed;
    if (auto marked = database.execute("PRAGMA application_id = " + std::to_string(kApplicationId)); !marked) {
      return marked;
    }
    return database.execute("PRAGMA user_version = " + std::to_string(step.version));
  }();
  if (done.ok()) done = database.execute("COMMIT");
  if (!done && database.in_transaction()) (void)database.execute("ROLLBACK");
  return done;
}

}  // namespace

Result<void> check_identity(Database& database, const std::string& path, int version_known) {
  auto application = number_of(database, "PRAGMA application_id");
  if (!application) {
    if (application.code() != Errc::store_corrupt) return application.error();
    return Error(Errc::store_corrupt, path + " is not a purser database: " + application.error().message);
  }
  auto version = number_of(database, "PRAGMA user_version");
  if (!version) return version.error();
  auto objects = number_of(database, "SELECT count(*) FROM sqlite_schema");
  if (!objects) return objects.error();

  const bool empty = *application == 0 && *version == 0 && *objects == 0;
  if (!empty && *application != kApplicationId) {
    return Error(Errc::store_corrupt, path + " is not a purser database: it belongs to another program");
  }
  if (*version > version_known) {
    return Error(Errc::store_from_future, path + " has schema version " + std::to_string(*version) +
                                              ", but this purser knows versions up to " +
                                              std::to_string(version_known));
  }
  return success();
}

Result<void> configure(Database& database, Millis busy_time_max) {
  // temp_store and mmap: no temporary file outside the database's folder, and no I/O error that arrives as a signal.
  auto set = database.execute(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;"
      "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON");
  if (!set) return set;
  return check_settings(database, busy_time_max);
}

Result<void> check_settings(Database& database, Millis busy_time_max) {
  const std::pair<const char*, std::string> wanted[] = {
      {"journal_mode", "wal"},
      {"synchronous", "2"},  // FULL
      {"foreign_keys", "1"},
      {"busy_timeout", std::to_string(busy_time_max.count())},
  };
  for (const auto& [pragma, value] : wanted) {
    auto held = database.value_of(std::string("PRAGMA ") + pragma);
    if (!held) return held.error();
    if (*held == value) continue;
    return Error(Errc::store_unavailable,
                 std::string("the database does not hold the setting ") + pragma + " = " + value + ", it says " + *held,
                 pragma);
  }
  return success();
}

Result<void> migrate(Database& database, std::span<const Migration> steps) {
  auto version = number_of(database, "PRAGMA user_version");
  if (version && !steps.empty() && *version >= steps.back().version) return success();
  for (const Migration& step : steps) {
    if (auto applied = apply(database, step); !applied) return applied;
  }
  return success();
}

namespace {

using Objects = std::map<std::string, std::string>;  // what made it, by kind and name

Result<Objects> objects_of(Database& database) {
  Statement query = database.statement(
      "SELECT type || ' ' || name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'");
  Objects out;
  for (;;) {
    auto row = query.step();
    if (!row) return row.error();
    if (!*row) return out;
    out.emplace(query.text(0), query.text(1));
  }
}

Result<Objects> objects_made() {
  auto fresh = Database::open(":memory:", "", Millis(0));
  if (!fresh) return fresh.error();
  if (auto made = migrate(**fresh, migrations()); !made) return made.error();
  return objects_of(**fresh);
}

}  // namespace

Result<void> verify_schema(Database& database) {
  static const Result<Objects> made = objects_made();
  if (!made) return made.error();
  auto held = objects_of(database);
  if (!held) return held.error();
  const auto corrupt = [](const std::string& object, const char* how) {
    return Error(Errc::store_corrupt, "the schema's " + object + " " + how, object);
  };
  for (const auto& [object, sql] : *made) {
    const auto found = held->find(object);
    if (found == held->end()) return corrupt(object, "is missing");
    if (found->second != sql) return corrupt(object, "is not as it was made");
  }
  for (const auto& [object, sql] : *held)
    if (!made->contains(object)) return corrupt(object, "was added by somebody else");
  return success();
}

namespace {

// Emptying a table writes to all its trees, also when there is nothing in them.
Result<void> empty_table(Database& database, const std::string& table) {
  auto filled = database.statement("SELECT 1 FROM " + table + " LIMIT 1").step();
  if (!filled) return filled.error();
  if (!*filled) return success();
  return database.statement("DELETE FROM " + table).run();
}

}  // namespace

Result<void> delete_all_rows(Database& database) {
  std::vector<std::string> tables;
  {
    Statement query = database.statement(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'");
    for (;;) {
      auto row = query.step();
      if (!row) return row.error();
      if (!*row) break;
      tables.push_back(query.text(0));
    }
  }
  auto done = database.statement("BEGIN IMMEDIATE").run();
  for (auto it = tables.begin(); done.ok() && it != tables.end(); ++it) done = empty_table(database, *it);
  if (done.ok()) done = database.statement("COMMIT").run();
  if (!done && database.in_transaction()) (void)database.execute("ROLLBACK");
  return done;
}

}  // namespace purser::sqlite
