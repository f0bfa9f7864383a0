// Scripts as text that people read: a step a line, keys in the order in which one thinks of them.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::replay {

// One line, as in a script written by hand: {"user": "...", "expect": {...}}.
std::string line_text(const nlohmann::json& value);

// A whole script; `root` without its steps.
std::string script_text(const nlohmann::json& root, const std::vector<nlohmann::json>& steps);

}  // namespace purser::replay
