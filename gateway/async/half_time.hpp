// How much short CPU-bound work a loop does by itself. Handing 0.3 ms of it to a pool and being woken for its result
// costs a tenth of it again, and two threads of one core slow each other down; doing all of it here would keep
// everybody else waiting. So such work takes at most half of the loop's time, reckoned over a while: what the loop did
// not use of its half is kept, up to an allowance, and a short burst stays here whole.
#pragma once

#include "gateway/async/clock.hpp"

#include <algorithm>

namespace purser {

class HalfTime {
 public:
  // `allowance`: how much work may be done in one go before the loop must rest as long as it works.
  explicit HalfTime(Clock::duration allowance) : allowance_(allowance) {}

  bool rested(Clock::time_point now) const { return settled_ <= now + allowance_; }
  // Work was done here over this time.
  void worked(Clock::time_point from, Clock::time_point to) { settled_ = std::max(settled_, from) + 2 * (to - from); }

 private:
  Clock::duration allowance_;
  // When as much rest will have followed as there was work.
  Clock::time_point settled_ = Clock::time_point::min();
};

}  // namespace purser
