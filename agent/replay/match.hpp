// Holding what happened against what a script expects: captures and wildcards, objects as subsets, arrays exactly.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace purser::replay {

using Captures = std::map<std::string, nlohmann::json>;

// "$x" and "$x" within text become what was captured; "$$" is a dollar. What was never captured stays as it is.
nlohmann::json substituted(const nlohmann::json& value, const Captures& captures);

// The first "$x" within text that was never captured; empty when there is none.
std::string untaken(const std::string& text, const Captures& captures);

// The same within all texts of a value.
std::string untaken_in(const nlohmann::json& value, const Captures& captures);

// The names x of all "$x" within text.
void named_in(const std::string& text, std::set<std::string>& into);

// Whether a row whose member has this value may be the one that is meant: by a capture that is yet to be taken any is.
bool may_be(const nlohmann::json& wanted, const nlohmann::json& value, const Captures& captures);

// Whether a member of this name holds a sum of money, which is compared exactly or not at all.
bool is_money(std::string_view member);
// A wildcard that more than one value satisfies: "$any", "$int", "$str", "$re:...", "$ge:n", "$le:n".
bool is_loose(std::string_view text);
// The n of "$ge:n" and "$le:n"; nothing when it is no whole number of 64 bits.
std::optional<std::int64_t> bound_of(std::string_view text);

// Nothing when `actual` is as expected; otherwise where it differs and how ("amount.value: expected 5, found 7").
// "$as:x" captures. `at` names the value in the message.
std::optional<std::string> difference(const nlohmann::json& expected, const nlohmann::json& actual, Captures& captures,
                                      const std::string& at);

}  // namespace purser::replay
