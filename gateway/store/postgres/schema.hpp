// What makes a PostgreSQL database purser's: its tables and how they grew.
//
// The table purser_schema has one row: the version of the schema, and the lowest version of the program that can work
// with it. A migration that only adds leaves that as it is, so old and new daemons serve together while the new ones
// are rolled out; one that takes something away raises it in a later release than the one that stopped using it.
#pragma once

#include "gateway/store/postgres/connection.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace purser::postgres {

// Brings a database from version - 1 to `version`. Once released, a migration never changes.
struct Migration {
  int version;
  int oldest_program;  // the lowest number of migrations known to a program that can work with the result
  std::vector<std::string_view> statements;
};
// In order, versions 1, 2, 3, ...
std::span<const Migration> migrations();

// Makes an empty database purser's and applies what is missing, each migration with its version in one transaction: a
// process killed in the middle finds the last whole one and goes on from there. Two processes may do it at once.
// Errors: store_from_future (the database asks for a newer program), store_corrupt (tables of another program stand in
// the way), store_unavailable.
Result<void> migrate(Connection& connection, std::span<const Migration> steps);

}  // namespace purser::postgres
