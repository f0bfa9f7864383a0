// How much short CPU-bound work a loop does by itself. Handing 0.3 ms of it to a pool and being woken for its result
// costs a tenth of it again, and two threads of one core slow each other down; doing all of it here would keep
// everybody else waiting. So the loop rests after such work for as long as the work took: at most half of its time goes
// there.
#pragma once

#include "gateway/async/clock.hpp"

namespace purser {

class HalfTime {
 public:
  bool rested(Clock::time_point now) const { return now >= until_; }
  // Work was done here over this time.
  void worked(Clock::time_point from, Clock::time_point to) { until_ = to + (to - from); }

 private:
  Clock::time_point until_ = Clock::time_point::min();
};

}  // namespace purser
