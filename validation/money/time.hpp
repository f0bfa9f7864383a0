// Points in time as the product stores and shows them: UTC, milliseconds. Nothing here reads a clock.
#pragma once

#include "validation/money/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace purser {

using Millis = std::chrono::milliseconds;
using UtcTime = std::chrono::time_point<std::chrono::system_clock, Millis>;

inline std::int64_t to_millis(UtcTime t) {
  return t.time_since_epoch().count();
}
inline UtcTime from_millis(std::int64_t ms) {
  return UtcTime(Millis(ms));
}
inline std::int64_t to_seconds(UtcTime t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

// RFC 3339 in UTC, "2026-01-05T10:00:00Z"; milliseconds are written only when they are not zero.
std::string format_time(UtcTime t);
// The same moment on the clock of China, "2026-01-05T18:00:00+08:00", whole seconds: what the rail writes and reads.
std::string format_time_china(UtcTime t);
// Accepts any offset, `Z` and fractional seconds (cut to milliseconds). Error: malformed_time.
Result<UtcTime> parse_time(std::string_view text);

}  // namespace purser
