// What only the whole of a script shows: captures that are taken and never asked for, bounds that nothing can reach.
#pragma once

#include "agent/replay/script_rules.hpp"

#include <string>
#include <vector>

namespace purser::replay {

// A bound of "trajectory" that no run of this script breaks; pointers begin at the document.
void check_bounds(const Script& script, std::vector<ScriptMistake>& out);

// "file:line: pointer: rule", a line each, of captures that neither row of a table asks for again; empty: there are
// none. What an included part takes is for whoever includes it.
std::string unused_captures(const std::vector<Script>& rows);

}  // namespace purser::replay
