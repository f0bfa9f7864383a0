#include "gateway/store/postgres/patience.hpp"

#include "gateway/log.hpp"

#include <utility>

namespace purser::postgres {
namespace {

// state_change rises with every message of a pipeline, so an old one says how long nothing has come. The function is
// called for what the inner question has found and for nothing else, whatever plan is chosen.
constexpr std::string_view kEndTheStill =
    "SELECT count(*) FILTER (WHERE ended) FROM (SELECT pg_terminate_backend(pid) AS ended FROM pg_stat_activity"
    " WHERE pid <> pg_backend_pid() AND datname = current_database() AND usename = session_user"
    " AND application_name = current_setting('application_name') AND xact_start IS NOT NULL"
    " AND wait_event_type = 'Client'"
    " AND state_change < clock_timestamp() - CAST($1 AS BIGINT) * INTERVAL '1 millisecond' OFFSET 0) still";

}  // namespace

void Patience::add_limits(std::vector<Statement>& statements) const {
  const std::string lock = std::to_string(lock_time_max_.count());
  const std::string still = std::to_string(still_max_.count());
  if (known_ == Known::both) {
    statements.push_back(
        {"SELECT set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $2, true)",
         Values::of(lock, still)});
  } else if (known_ == Known::of_locks) {
    statements.push_back({"SELECT set_config('lock_timeout', $1, true)", Values::of(lock)});
  }
}

Result<Rows> Patience::send(Connection& connection, bool begins, const std::vector<Statement>& more) {
  for (;;) {
    std::vector<Statement> statements;
    if (begins) statements.push_back({"BEGIN", {}});
    add_limits(statements);
    statements.insert(statements.end(), more.begin(), more.end());
    auto done = connection.exchange(statements);
    if (done.ok()) return done->back();
    const bool goes_without = connection.trouble() == Trouble::unsupported && known_ != Known::neither;
    if (!goes_without) return done.error();
    known_ = known_ == Known::both ? Known::of_locks : Known::neither;
    log::warn("store.without_limit",
              {{"limit", known_ == Known::of_locks ? "idle_in_transaction_session_timeout" : "lock_timeout"},
               {"message", done.error().message}});
    if (connection.in_transaction() && !connection.query("ROLLBACK")) connection.drop();
  }
}

Result<void> Patience::begin(Connection& connection, const std::vector<Statement>& more) {
  auto done = send(connection, true, more);
  if (!done) return done.error();
  return success();
}

// What stands before the end of one pipeline is one transaction.
Result<Rows> Patience::alone(Connection& connection, Statement last) {
  std::vector<Statement> one;
  one.push_back(std::move(last));
  return send(connection, false, one);
}

std::int64_t Patience::end_the_still(Connection& connection) const {
  auto ended = connection.query(kEndTheStill, Values::of(std::int64_t{still_max_.count()}));
  if (!ended || ended->size() != 1) return 0;
  const std::int64_t count = ended->row(0).integer(0);
  if (count > 0) log::warn("store.ended_what_stood_still", {{"sessions", count}});
  return count;
}

}  // namespace purser::postgres
