// How long a transaction waits for a row that another one holds, and what becomes of the other one when its daemon
// stands still in the middle (stopped, suspended, cut off) and would hold the row for ever.
//
// A session that stands between two exchanges the database ends itself (idle_in_transaction_session_timeout). That does
// not run while a pipeline is half sent: the session has done some statements and waits for the next ones. Whoever has
// waited in vain for a row ends such sessions of its own role, database and application_name.
#pragma once

#include "gateway/store/postgres/connection.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace purser::postgres {

class Patience {
 public:
  // A transaction may stand still for half of `lock_time_max` (at least kStillMin, so that busy daemons do not end each
  // other): as a rule it has ended before those that wait for its rows give up. 0 is as little as can be asked for.
  explicit Patience(Millis lock_time_max)
      : lock_time_max_(std::max(lock_time_max, Millis(1))), still_max_(std::max(lock_time_max / 2, kStillMin)) {}

  static constexpr Millis kStillMin{50};

  // BEGIN, with limits that hold for this transaction alone, for that is all a pooler leaves us; then `more`. An engine
  // that does not know a limit goes without it from then on, which is logged once.
  Result<void> begin(Connection& connection, const std::vector<Statement>& more = {});
  // `last`, in a transaction of its own and under the same limits; its answer.
  Result<Rows> alone(Connection& connection, Statement last);
  // Ends the sessions that stand still. How many; 0 where the engine or the role does not let us.
  std::int64_t end_the_still(Connection& connection) const;

 private:
  Result<Rows> send(Connection& connection, bool begins, const std::vector<Statement>& more);
  void add_limits(std::vector<Statement>& statements) const;

  // Which limits the engine is asked for.
  enum class Known : std::uint8_t { both, of_locks, neither };

  const Millis lock_time_max_;
  const Millis still_max_;
  Known known_ = Known::both;
};

}  // namespace purser::postgres
