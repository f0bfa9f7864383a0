#include "gateway/limits/rate_limiter.hpp"

#include <algorithm>

namespace purser {
namespace {

using Micros = std::chrono::microseconds;

Millis up_to_millis(Micros time) {
  return std::chrono::ceil<Millis>(std::max(time, Micros(0)));
}

}  // namespace

RateVerdict take_cell(Micros& arrival, Micros now, Rate rate) {
  RateVerdict verdict;
  if (rate.count <= 0) return verdict;
  const Micros whole = rate.per;
  const Micros each = whole / rate.count;
  const Micros begin = std::max(arrival, now);
  const Micros next = begin + each;
  verdict.allowed = next - now <= whole;
  if (verdict.allowed) arrival = next;
  const Micros used = std::max(arrival - now, Micros(0));
  verdict.remaining = each > Micros(0) ? (whole - used) / each : rate.count;
  verdict.full_after = up_to_millis(used);
  if (!verdict.allowed) verdict.retry_after = up_to_millis(next - whole - now);
  return verdict;
}

Task<RateVerdict> LocalRateLimiter::take(std::string key, Rate rate) {
  if (rate.count <= 0) co_return RateVerdict{};
  const auto now = std::chrono::floor<Micros>(clock_.now().time_since_epoch());
  if (arrivals_.size() >= keys_max_ && !arrivals_.contains(key)) make_room(now);
  co_return take_cell(arrivals_[std::move(key)], now, rate);
}

void LocalRateLimiter::make_room(Micros now) {
  std::erase_if(arrivals_, [now](const auto& entry) { return entry.second <= now; });
  if (arrivals_.size() < keys_max_) return;
  // All are in use: every second one begins anew.
  bool drop = false;
  std::erase_if(arrivals_, [&drop](const auto&) { return drop = !drop; });
}

}  // namespace purser
