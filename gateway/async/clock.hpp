// The only source of time. Three readings, because they answer different questions:
//   now()      monotonic, for time limits; never stored
//   wall()     what the clock on the wall says: signatures, logs, bills; may jump
//   durable()  UTC that is taken from the wall once, at start, and then moves with now(): expiry, due times, everything
//              stored. A wall clock that jumps moves no deadline.
#pragma once

#include "gateway/async/task.hpp"
#include "validation/money/time.hpp"

#include <chrono>

namespace purser {

class Clock {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  virtual ~Clock() = default;
  virtual time_point now() const = 0;
  virtual UtcTime wall() const = 0;
  virtual UtcTime durable() const = 0;
  // Reached at exactly `at`. Returns ok, or canceled when the waiting coroutine was canceled.
  virtual Task<Result<void>> sleep_until(time_point at) = 0;
  // +1/-1 around work that needs real time (pool jobs, socket writes): a virtual clock does not skip over it.
  virtual void real_work(int) noexcept {}
  // True: work for threads is done on the loop's own, in the order it was asked for, so that nothing depends on how
  // threads are scheduled. Never changes while anybody uses the clock.
  virtual bool works_inline() const noexcept { return false; }
};

// An instant after which nobody waits any more. Handed down; each step may only shorten it.
struct Deadline {
  Clock::time_point at;

  static Deadline after(const Clock& clock, Clock::duration d) { return {clock.now() + d}; }
  Deadline sooner(const Clock& clock, Clock::duration cap) const {
    auto capped = clock.now() + cap;
    return {capped < at ? capped : at};
  }
};

}  // namespace purser
