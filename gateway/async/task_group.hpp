// Owns background coroutines: nothing runs that nobody waits for. One thread, that of its executor. May be destroyed
// while children still run (the io_context then destroys them), but the regular end is stop().
#pragma once

#include "gateway/async/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace purser {

class TaskGroup {
 public:
  // Hears of each child that ended with an exception. That a child ended because stop() canceled it is no exception.
  using OnError = std::function<void(std::string_view name, std::exception_ptr error)>;

  TaskGroup(asio::any_io_executor executor, Clock& clock, OnError on_error);

  // Starts a child. What it holds by reference outlives the group. Also during the grace of stop(), so that work which
  // is being finished may still start what it needs. Error: shutting_down after that; the task never runs.
  Result<void> spawn(std::string name, Task<void> task);

  // Asks every child to finish (total cancellation, heard by those that enabled it), waits up to `grace`, then cancels
  // the rest (terminal) and waits until the last one has ended. Canceled: stops waiting, throws operation_aborted.
  Task<void> stop(Clock::duration grace);
  // Cancels every child (terminal) without waiting; later spawns are refused.
  void cut();
  // Waits until no child is left.
  Task<void> join();

  std::size_t size() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace purser
