// The clock of a running process. Declared before (outlives) the io_context whose coroutines sleep on it. Readings may
// be taken on any thread; sleep_until and skip belong to the io thread.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/sleepers.hpp"

#include <atomic>

namespace purser {

class SystemClock final : public Clock {
 public:
  SystemClock();

  time_point now() const override;
  UtcTime wall() const override;
  UtcTime durable() const override;
  Task<Result<void>> sleep_until(time_point at) override;

  // Advances time in the live process: now(), wall() and durable() jump forward together by `d`, then the sleepers that
  // have fallen due wake, earliest first; all of them see the time after the jump. Time limits of calls and connections
  // run out by it too. For the demo and for the sandbox's clock control. Zero or less does nothing: this clock never
  // goes back.
  void skip(duration d);

 private:
  duration skipped() const { return duration(skipped_.load(std::memory_order_relaxed)); }

  const time_point started_;
  const UtcTime wall_at_start_;
  std::atomic<duration::rep> skipped_{0};
  Sleeper::List sleepers_;
};

}  // namespace purser
