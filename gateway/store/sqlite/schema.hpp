// What makes a file a purser database: its application id, its schema and how that grew, and the settings of a
// connection on which durability rests.
#pragma once

#include "gateway/store/sqlite/database.hpp"

#include <span>
#include <string>
#include <string_view>

namespace purser::sqlite {

inline constexpr std::int64_t kApplicationId = 0x70757273;  // "purs"

// Brings a database from version - 1 to `version` (PRAGMA user_version). Once released, a migration never changes.
struct Migration {
  int version;
  std::string_view sql;
};
// In order, versions 1, 2, 3, ...
std::span<const Migration> migrations();

// Refuses a file that is neither empty nor purser's (store_corrupt), and one of a newer purser (store_from_future,
// which names both versions). Writes nothing.
Result<void> check_identity(Database& database, const std::string& path, int version_known);

// Write-ahead log, fsync at every commit, foreign keys, and the rest; then reads them back. Error: store_unavailable
// naming the setting that did not hold. Must run before the connection is trusted with anything.
Result<void> configure(Database& database, Millis busy_time_max);
// The reading back alone.
Result<void> check_settings(Database& database, Millis busy_time_max);

// Applies what is missing, each migration with its version in one transaction: a process killed in the middle finds the
// last whole one and goes on from there. Two processes may do it at once.
Result<void> migrate(Database& database, std::span<const Migration> steps);

// Whether a database that has every migration holds exactly what they make: a lost index would let a second open
// payment pass, and a trigger would write what nobody decided. Error: store_corrupt naming the object.
Result<void> verify_schema(Database& database);

// Every row of every table, in one transaction. For a connection that heeds neither triggers nor foreign keys: the
// schema forbids to delete what was recorded.
Result<void> delete_all_rows(Database& database);

}  // namespace purser::sqlite
