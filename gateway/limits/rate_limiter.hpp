// Port: how often something may happen. Limits guard the service, never money: what holds money back is in the store.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace purser {

// So many in any stretch of `per`, as a burst or evenly. A count of 0: no limit.
struct Rate {
  std::int64_t count = 0;
  Millis per{60'000};
};

struct RateVerdict {
  bool allowed = true;
  std::int64_t remaining = 0;  // how many more at once, now
  Millis retry_after{0};       // when not allowed: until the next one is
  Millis full_after{0};        // until the whole count is there again
};

class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  // Takes one of `key`'s, if there is one. Never fails: where the shared count cannot be reached, this process counts
  // alone.
  virtual Task<RateVerdict> take(std::string key, Rate rate) = 0;
};

// The generic cell rate algorithm (ITU-T I.371): one time a key, the theoretical arrival time, is all it needs.
// `arrival` is that time before and after, on the same scale as `now`.
RateVerdict take_cell(std::chrono::microseconds& arrival, std::chrono::microseconds now, Rate rate);

// Counts in this process. At most `keys_max` keys are remembered; when there are more at once, some are forgotten and
// begin anew, so memory stays bounded under a flood of keys.
class LocalRateLimiter final : public RateLimiter {
 public:
  explicit LocalRateLimiter(Clock& clock, std::size_t keys_max = 100'000) : clock_(clock), keys_max_(keys_max) {}
  Task<RateVerdict> take(std::string key, Rate rate) override;
  std::size_t keys() const { return arrivals_.size(); }

 private:
  void make_room(std::chrono::microseconds now);

  Clock& clock_;
  std::size_t keys_max_;
  std::unordered_map<std::string, std::chrono::microseconds> arrivals_;
};

}  // namespace purser
