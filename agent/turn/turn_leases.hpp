// Who drives a turn, when several daemons share a store: the one whose token the store knows, for as long as it says so
// often enough. Everything a turn writes begins with hold(), so a daemon that was stopped, lost its turn to another and
// went on without noticing writes nothing. A store of one daemon keeps the tokens too; there a turn that nobody here
// drives is free at once.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/store/store.hpp"

#include <map>

namespace purser {

class TurnLeases {
 public:
  // A turn belongs to its daemon for so long after it was last held, by the store's own time.
  static constexpr Millis kLease{6'000};

  TurnLeases(Store& store, Clock& clock) : store_(store), clock_(clock) {}
  TurnLeases(const TurnLeases&) = delete;
  TurnLeases& operator=(const TurnLeases&) = delete;

  // While it lives, keep() holds the turn.
  class Driving {
   public:
    Driving(TurnLeases& leases, TurnId turn, std::int64_t token) : leases_(leases), turn_(std::move(turn)) {
      leases_.driven_[turn_] = token;
    }
    ~Driving() { leases_.driven_.erase(turn_); }
    Driving(const Driving&) = delete;
    Driving& operator=(const Driving&) = delete;

   private:
    TurnLeases& leases_;
    const TurnId turn_;
  };

  // The first operation of everything that a turn writes.
  static op::HoldTurn hold(TurnId turn, std::int64_t token);

  // Makes this daemon the one that drives a running turn, and gives the token. Errors: thread_busy while another does;
  // the store's.
  Task<Result<std::int64_t>> take(TurnId turn);

  bool drives(const TurnId& turn) const { return driven_.contains(turn); }

  // Until canceled: holds the turns that are driven here, for one that waits for its model writes nothing meanwhile.
  Task<void> keep();

 private:
  Task<Result<void>> hold_all();

  Store& store_;
  Clock& clock_;
  std::map<TurnId, std::int64_t> driven_;  // with their tokens
};

}  // namespace purser
