// Limits counted in Redis, so that several daemons count together, on Redis's own clock. While Redis is lost each
// daemon counts alone.
#pragma once

#include "gateway/limits/rate_limiter.hpp"
#include "gateway/redis/redis.hpp"

namespace purser {

class SharedRateLimiter final : public RateLimiter {
 public:
  // Both outlive it.
  SharedRateLimiter(Redis& redis, Clock& clock) : redis_(redis), alone_(clock) {}
  Task<RateVerdict> take(std::string key, Rate rate) override;

 private:
  Redis& redis_;
  LocalRateLimiter alone_;
};

}  // namespace purser
