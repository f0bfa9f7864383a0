// Expectations that everything meets, and members of an expectation that nobody looks at.
#pragma once

#include "agent/replay/script_rules.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::replay {

// Of the words that match more than one value ("$re:...", "$as:x"); `at` is where the text stands.
void check_matching_word(const std::string& text, const std::string& at, std::vector<ScriptMistake>& out);

// Of one step's "expect"; pointers begin at the step.
void check_vacuous(const nlohmann::json& expect, std::vector<ScriptMistake>& out);

// Of one step's "sent"; pointers begin at the step.
void check_vacuous_sent(const nlohmann::json& sent, std::vector<ScriptMistake>& out);

// Of one "gateway" step's request; pointers begin at the step.
void check_vacuous_rail(const nlohmann::json& request, std::vector<ScriptMistake>& out);

// Of "finally" and "trajectory"; pointers begin at the document.
void check_vacuous_end(const Script& script, std::vector<ScriptMistake>& out);

}  // namespace purser::replay
