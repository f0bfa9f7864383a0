// What makes a PostgreSQL database purser's: its tables and how they grew.
//
// The table purser_schema has one row: the version of the schema, and the lowest version of the program that can work
// with it. A migration that only adds leaves that as it is, so old and new daemons serve together while the new ones
// are rolled out; one that takes something away raises it in a later release than the one that stopped using it.
#pragma once

#include "gateway/store/postgres/connection.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace purser::postgres {

// For a row or a table that another process holds; then those that stand still are ended, and it is tried again.
inline constexpr Millis kLockTimeMax{5'000};

// Brings a database from version - 1 to `version`. Once released, a migration never changes.
struct Migration {
  int version;
  int oldest_program;  // the lowest number of migrations known to a program that can work with the result
  std::vector<std::string_view> statements;
};
// In order, versions 1, 2, 3, ...
std::span<const Migration> migrations();

// What the database itself refuses, whoever asks: hardening, without which all else works. An engine may not know it.
struct Guard {
  std::string_view name;
  int revision;                              // rises when the guard changes: then it is made anew
  std::vector<std::string_view> statements;  // may be said again
};
std::span<const Guard> guards();
inline constexpr std::string_view kBalanceGuard = "ledger_balance";

// A guard that the engine refused, and its words.
struct MissingGuard {
  std::string name;
  std::string why;
};

// Makes an empty database purser's and applies what is missing, each migration with its version in one transaction: a
// process killed in the middle finds the last whole one and goes on from there. Two processes may do it at once.
// Errors: store_from_future (the database asks for a newer program), store_corrupt (tables of another program stand in
// the way), store_unavailable.
Result<void> migrate(Connection& connection, std::span<const Migration> steps, Millis lock_time_max = kLockTimeMax);

// Makes what is not there yet, each guard with its row of schema_guards in one transaction, after the migrations. What
// the engine does not know (Trouble::unsupported) is written down with its words and asked for again the next time. Any
// other refusal is an error.
Result<std::vector<MissingGuard>> make_guards(Connection& connection, std::span<const Guard> wanted,
                                              Millis lock_time_max = kLockTimeMax);
// What was written down. Empty where nothing has been opened yet.
Result<std::vector<MissingGuard>> missing_guards(Connection& connection);

}  // namespace purser::postgres
