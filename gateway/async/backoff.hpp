// How long to wait before the next attempt: base * factor^attempt, never above cap, the upper half of it jittered.
// Pure: the caller brings the randomness and sleeps on its clock. Only what is safe to repeat is retried.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace purser {

struct Backoff {
  std::chrono::milliseconds base{100};
  std::int64_t factor = 2;
  std::chrono::milliseconds cap{10'000};

  // `attempt` counts from 0; `jitter` is uniform in [0, 1024). Between half of the full delay and just below all of it.
  std::chrono::milliseconds delay(unsigned attempt, std::uint32_t jitter) const {
    std::int64_t full = std::min(base.count(), cap.count());
    for (unsigned i = 0; factor > 1 && i < attempt && full < cap.count(); ++i) {
      full = full > cap.count() / factor ? cap.count() : full * factor;
    }
    const std::int64_t half = full / 2;
    return std::chrono::milliseconds(half + (full - half) * static_cast<std::int64_t>(jitter % 1024) / 1024);
  }
};

}  // namespace purser
