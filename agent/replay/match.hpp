// Holding what happened against what a script expects: captures and wildcards, objects as subsets, arrays exactly.
#pragma once

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>

namespace purser::replay {

using Captures = std::map<std::string, nlohmann::json>;

// "$x" and "$x" within text become what was captured; "$$" is a dollar. What was never captured stays as it is.
nlohmann::json substituted(const nlohmann::json& value, const Captures& captures);

// Nothing when `actual` is as expected; otherwise where it differs and how ("amount.value: expected 5, found 7").
// "$as:x" captures. `at` names the value in the message.
std::optional<std::string> difference(const nlohmann::json& expected, const nlohmann::json& actual, Captures& captures,
                                      const std::string& at);

}  // namespace purser::replay
