// Times that a sentence about paying states: how many minutes are left, and at what o'clock.
#pragma once

#include "validation/rules/clauses.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

struct StatedTimes {
  std::vector<std::int64_t> minutes;         // "within 5 minutes", "五分钟内", "两小时", "half an hour", "today"
  std::vector<std::int64_t> seconds;         // "600 seconds", "300秒"
  std::vector<std::int64_t> minutes_of_day;  // "14:05"
  // "3 pm", "三点半", "noon": after noon or midnight, for the half of the day is often left out. Only where it is said
  // when something was paid or is to be.
  std::vector<std::int64_t> minutes_of_half_day;
  std::vector<std::int64_t> minutes_left;  // "还有10分钟" and nothing more; "pay whenever you like" is a day
};

// Only of texts that speak of paying, orders, expiry or refunds; hours only where nothing is said of refunds, which
// banks take hours for, nor of what comes after a payment; days only where a clause speaks of paying and not of what
// comes after it.
StatedTimes stated_times(std::string_view text);
// The same of a text in lower case and its clauses.
StatedTimes stated_times(const std::string& lower, const std::vector<Clause>& clauses);

}  // namespace purser::rules
