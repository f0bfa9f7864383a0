// Times that a sentence about paying states: how many minutes are left, and at what o'clock.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace purser::rules {

struct StatedTimes {
  std::vector<std::int64_t> minutes;         // "within 5 minutes", "五分钟内", "两小时", "half an hour", "today"
  std::vector<std::int64_t> seconds;         // "600 seconds", "300秒"
  std::vector<std::int64_t> minutes_of_day;  // "14:05", "下午2点05分"
};

// Only of texts that speak of paying, orders, expiry or refunds; hours only where nothing is said of refunds, which
// banks take hours for; days only where a clause speaks of paying and not of delivery.
StatedTimes stated_times(std::string_view text);

}  // namespace purser::rules
