// What may still be spent on models today. An attempt reserves what it could cost before it is sent and settles what it
// did cost after; a reservation nobody settled (the daemon stopped) stays spent. So settled and reserved together never
// exceed a cap, in whatever order turns interleave. Pure and synchronous; the journal makes it survive a restart.
#pragma once

#include "gateway/llm/model.hpp"
#include "validation/money/result.hpp"
#include "validation/money/time.hpp"

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
  // What it cost in truth. More than was reserved is booked too: it has been spent. Unknown tickets are ignored.
  void settle(Ticket ticket, std::int64_t picousd);

  // Spent and reserved today. `scope` with empty members asks for less: {} for the total.
  std::int64_t spent_thread(const ModelScope& scope, UtcTime now) const;
  std::int64_t spent_total(UtcTime now) const;

  // The journal: a line for each change since `from` lines were taken, and the way back.
  std::string reserve_line(Ticket ticket) const;
  static std::string settle_line(Ticket ticket, std::int64_t picousd);
  // Takes one line of an earlier process. Error: store_corrupt when it is none.
  Result<void> replay(std::string_view line, UtcTime now);
  // Everything of today as lines, for a fresh journal.
  std::vector<std::string> lines(UtcTime now) const;

 private:
  struct Reservation {
    ModelScope scope;
    std::int64_t picousd = 0;
    std::int64_t day = 0;
    bool settled = false;
  };
  std::vector<std::string> keys(const ModelScope& scope) const;
  void book(const ModelScope& scope, std::int64_t day, std::int64_t picousd);
  void begin_day(std::int64_t day);

  BudgetCaps caps_;
  std::int64_t day_ = 0;
  std::map<std::string, std::int64_t, std::less<>> spent_;  // of day_
  std::map<Ticket, Reservation> reservations_;              // of day_, settled ones too
  Ticket next_ = 1;
};

}  // namespace purser::llm
