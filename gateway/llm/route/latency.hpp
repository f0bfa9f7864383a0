// How long a model takes, as a peak-sensitive moving average: a slow answer counts at once and in full, a fast one
// only slowly. With the questions under way it makes the load by which the less loaded of two is chosen. Integers, so
// that a log replays to the same choices.
#pragma once

#include "validation/money/time.hpp"

#include <algorithm>
#include <cstdint>

namespace purser::llm {

class PeakLatency {
 public:
  void begun() { ++under_way_; }
  // `took` of an answer; a failure counts as what it cost, too.
  void ended(Millis took, Millis now) {
    under_way_ = std::max<std::int64_t>(0, under_way_ - 1);
    const std::int64_t sample = took.count() * 1'000;
    const std::int64_t passed = std::clamp<std::int64_t>((now - last_).count(), 0, kMemory.count());
    if (!known_ || sample >= average_) {
      average_ = sample;
    } else {
      average_ -= (average_ - sample) * std::max(passed, kLeastStep) / kMemory.count();
    }
    known_ = true;
    last_ = now;
  }
  void left() { under_way_ = std::max<std::int64_t>(0, under_way_ - 1); }

  // Zero for one that was never asked: it is tried.
  std::int64_t load() const { return average_ * (under_way_ + 1); }

 private:
  static constexpr Millis kMemory{10'000};
  static constexpr std::int64_t kLeastStep = 500;  // so that many fast answers at once count for something

  std::int64_t average_ = 0;  // microseconds
  std::int64_t under_way_ = 0;
  bool known_ = false;
  Millis last_{0};
};

}  // namespace purser::llm
