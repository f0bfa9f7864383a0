// What the schema cannot say of a script: steps that would do nothing, members that nobody looks at, expectations that
// everything meets, a world that cannot be made.
#pragma once

#include "agent/replay/script.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::replay {

// Where it stands, as a JSON pointer, and the rule that it breaks.
struct ScriptMistake {
  std::string at;
  std::string rule;
};

// Of a step that the schema has passed; pointers begin at the step.
std::vector<ScriptMistake> mistakes_of_step(const nlohmann::json& step);

// Of all beside the steps; pointers begin at the document. Reads the settings as the daemon does.
std::vector<ScriptMistake> mistakes_of_root(const Script& script);

// "file:line: pointer: " of the file that a script came from.
std::string place_in(const Script& script, const std::string& pointer);

}  // namespace purser::replay
