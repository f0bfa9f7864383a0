// Scripts as text that people read: a step a line, keys in the order in which one thinks of them.
#pragma once

#include "agent/replay/script.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::replay {

// One line, as in a script written by hand: {"user": "...", "expect": {...}}.
std::string line_text(const nlohmann::json& value);

// A whole script; `root` without its steps.
std::string script_text(const nlohmann::json& root, const std::vector<nlohmann::json>& steps);

// Text for a person, cut between characters.
std::string brief(const std::string& text, std::size_t bytes = 160);

// For a person who looks for what went wrong: step `at` and the three before it, a line each with its place in the
// file, the last one marked. All but the end when there is no such step.
std::vector<std::string> steps_up_to(const Script& script, std::size_t at);

}  // namespace purser::replay
