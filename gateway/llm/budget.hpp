// What may still be spent on models today. An attempt reserves what it could cost before it is sent and settles what it
// did cost after; a reservation nobody settled (the daemon stopped) stays spent. So settled and reserved together never
// exceed a cap, in whatever order turns interleave. Pure and synchronous; the journal makes it survive a restart.
#pragma once

#include "gateway/llm/model.hpp"
#include "validation/money/result.hpp"
#include "validation/money/time.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace purser::llm {

// Pico-USD for each UTC day; 0: no cap.
struct BudgetCaps {
  std::int64_t thread = 0;
  std::int64_t user = 0;
  std::int64_t tenant = 0;
  std::int64_t total = 0;

  bool any() const { return thread > 0 || user > 0 || tenant > 0 || total > 0; }
};

class Budget {
 public:
  using Ticket = std::int64_t;  // rises by one

  explicit Budget(BudgetCaps caps) : caps_(caps) {}

  // Sets `picousd` aside for everyone in `scope`, or for nobody. Error: model_unavailable with param "budget", naming
  // whose budget is spent.
  Result<Ticket> reserve(const ModelScope& scope, std::int64_t picousd, UtcTime now);
  // What it cost in truth. More than was reserved is booked too: it has been spent. Unknown tickets, and those that
  // were settled before, are ignored.
  void settle(Ticket ticket, std::int64_t picousd);

  // Spent and reserved today; of a thread only where threads have a cap.
  std::int64_t spent_thread(const ModelScope& scope, UtcTime now) const;
  std::int64_t spent_total(UtcTime now) const;

  // The journal: a line for each change, and the way back.
  std::string reserve_line(Ticket ticket) const;
  static std::string settle_line(Ticket ticket, std::int64_t picousd);
  // Takes one line of an earlier process. Error: store_corrupt when it is none.
  Result<void> replay(std::string_view line, UtcTime now);
  // All of today in few lines, for a fresh journal: what is settled in one line for everyone who has a cap.
  std::vector<std::string> lines(UtcTime now) const;

 private:
  struct Reservation {
    ModelScope scope;
    std::int64_t picousd = 0;
  };
  using Someone = std::array<std::string, 3>;  // tenant, user, thread; empty where nobody has a cap
  Someone capped(const ModelScope& scope) const;
  std::array<std::int64_t, 4> caps() const { return {caps_.thread, caps_.user, caps_.tenant, caps_.total}; }
  std::string_view short_of(const ModelScope& scope, std::int64_t picousd) const;
  void book(const ModelScope& scope, std::int64_t picousd);
  void take(Ticket ticket, ModelScope scope, std::int64_t picousd);
  void begin_day(std::int64_t day);

  BudgetCaps caps_;
  std::int64_t day_ = 0;
  std::map<std::string, std::int64_t, std::less<>> spent_;  // of day_, with what is reserved
  std::map<Someone, std::int64_t> settled_;                 // of day_
  std::map<Ticket, Reservation> reservations_;              // of day_, not yet settled
  Ticket next_ = 1;
};

}  // namespace purser::llm
