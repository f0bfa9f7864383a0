// Does what falls due in one lane: rows, not timers, so ten thousand waiting intents cost nothing and a restart loses
// none. Each row goes to its handler; a row whose handler fails or throws is tried again a little later, and one that
// goes on failing is put aside for the operator (parking.hpp), so that it is tried no more and holds up no other.
// Handlers are idempotent: a row that was dealt with by somebody else is simply gone.
#pragma once

#include "agent/resume/parking.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/async/signal.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>

namespace purser {

inline constexpr MetricFamily kWorkParked{"purser_work_parked_total", "Rows of work put aside, by kind."};

class Dispatcher {
 public:
  // When a row is put aside, and who counts it.
  struct Patience {
    std::int64_t tries_max = 20;
    Metrics* metrics = nullptr;  // may be null
    bool alone = false;  // no other process writes into the store: looks when rows are due or poked, hardly else
  };

  using Handler = std::function<Task<Result<void>>(WorkItem)>;

  // At most `at_once` handlers run at the same time. Lives on `executor`'s one thread.
  Dispatcher(Store& store, Clock& clock, asio::any_io_executor executor, WorkLane lane, std::size_t at_once,
             Patience patience);

  void handle(WorkKind kind, Handler handler);
  // Work may have been added: look now.
  void poke() { changed_.notify(); }
  // Until canceled. Run it in a task group; handlers that are under way finish in stop().
  Task<void> run();
  Task<void> stop(Clock::duration grace);

  // Handlers under way, for tests and /readyz.
  std::size_t under_way() const { return under_way_.size(); }

 private:
  struct Trouble {
    int failures = 0;
    std::int64_t own = 0;  // of those, the row's own
    Clock::duration pause{};
    Clock::time_point not_before{};
  };

  Task<void> round();
  Task<void> perform(WorkItem item);
  Task<Result<void>> attempt(WorkItem item);
  // Of all these the row is as it stands in the store. How often it was the row's own fault by now; 0: it was not.
  parking::Tried note_failure(WorkItem row, const Error& why);
  Task<void> write_down(WorkItem row, parking::Tried tried);
  Task<void> park(WorkItem row, parking::Tried tried);
  Task<Clock::time_point> next_look();
  bool may_start(const std::string& key) const;
  std::int64_t rows_read() const;

  Store& store_;
  Clock& clock_;
  Notifier changed_;
  TaskGroup group_;
  WorkLane lane_;
  std::size_t at_once_;
  Patience patience_;
  Clock::duration longest_sleep_;
  std::map<WorkKind, Handler> handlers_;
  std::map<std::string, bool> under_way_;
  std::set<std::string> ended_;             // while rows were being read, which may hold them still
  std::map<std::string, Trouble> trouble_;  // rows whose last try failed; cleared by success
};

}  // namespace purser
