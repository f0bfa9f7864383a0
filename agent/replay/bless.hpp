// Expectations that are to say from now on what happened.
#pragma once

#include "agent/replay/runner.hpp"

#include <string>
#include <vector>

namespace purser::replay {

// The new value of an expectation: wildcards and captures that agree stay, members that were not looked at stay out.
json blessed_value(const json& expected, const json& actual, Captures& captures);

struct BlessOutcome {
  std::string diff;  // "-" and "+" lines under "file:line", as a person reviews them
  std::size_t rewritten = 0;
  std::vector<std::string> left;  // what could not be rewritten, and why
};
// Puts the values into the script's file (or the part that holds the step); nothing else of its text changes. Error:
// config_unreadable.
Result<BlessOutcome> bless(const Script& script, const std::vector<Blessing>& blessings);

}  // namespace purser::replay
