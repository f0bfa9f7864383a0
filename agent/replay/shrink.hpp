// A failure made small enough to read.
#pragma once

#include "agent/replay/runner.hpp"

#include <optional>
#include <string>

namespace purser::replay {

// The smallest part of the script found in which a derivation of the same kind still breaks a rule, as the text of a
// script that plays just that ("derived"). Nothing when only an expectation of the script was missed, which a part of
// it would not have.
std::optional<std::string> smallest_script(const Script& script, const std::string& derivation);

}  // namespace purser::replay
