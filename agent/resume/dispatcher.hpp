// Does what falls due in one lane: rows, not timers, so ten thousand waiting intents cost nothing and a restart loses
// none. Each row goes to its handler; a row whose handler fails is tried again a little later. Handlers are idempotent:
// a row that was dealt with by somebody else is simply gone.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/signal.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <map>
#include <string>

namespace purser {

class Dispatcher {
 public:
  using Handler = std::function<Task<Result<void>>(WorkItem)>;

  // At most `at_once` handlers run at the same time. Lives on `executor`'s one thread. `alone`: no other process writes
  // into the store, so rows are looked at when they are due or poked and hardly in between.
  Dispatcher(Store& store, Clock& clock, asio::any_io_executor executor, WorkLane lane, std::size_t at_once,
             bool alone = false);

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
    Clock::time_point not_before{};
  };

  Task<void> round();
  Task<void> perform(WorkItem item);
  Task<Clock::time_point> next_look();
  bool may_start(const std::string& key) const;
  std::int64_t rows_read() const;

  Store& store_;
  Clock& clock_;
  Notifier changed_;
  TaskGroup group_;
  WorkLane lane_;
  std::size_t at_once_;
  Clock::duration longest_sleep_;
  std::map<WorkKind, Handler> handlers_;
  std::map<std::string, bool> under_way_;
  std::map<std::string, Trouble> trouble_;  // rows whose last try failed; cleared by success
};

}  // namespace purser
