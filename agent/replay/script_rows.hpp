// What a script expects of rows and of ledger lines: members that they have, states that there are, and something of
// each that not every one meets.
#pragma once

#include "agent/replay/script_rules.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::replay {

enum class RowKind { intent, refund };

// One expected row; `at` is where it stands.
void check_row(const nlohmann::json& row, RowKind kind, const std::string& at, std::vector<ScriptMistake>& out);

// The "ledger" of a step: each line is of one kind, with its sum.
void check_ledger(const nlohmann::json& lines, const std::string& at, std::vector<ScriptMistake>& out);

// The states that "finally" lists, which are told as the API tells them.
void check_end_states(const nlohmann::json& states, RowKind kind, const std::string& at,
                      std::vector<ScriptMistake>& out);

}  // namespace purser::replay
