// How much may be given back without a person: each limit counts what was used of it before.
#pragma once

#include "validation/money/money.hpp"

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace purser::rules {

inline constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();

struct RefundLimit {
  std::string_view of;  // what it counts, for people
  std::int64_t max = kUnlimited;
  std::int64_t used = 0;
};

// Error: needs_operator, when the sum does not fit beneath one of the limits; everything else about it was right.
Result<void> refund_limits(Money sum, const std::vector<RefundLimit>& limits);

}  // namespace purser::rules
