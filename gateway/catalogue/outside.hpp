// What of a catalogue comes from another program as JSON: the values of a hash, a table's eighth column.
#pragma once

#include "validation/money/result.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace purser {

// The object in `text`, once it has passed the gate (json_gate.hpp): nothing else reads it before. `whose` names it in
// errors. Error: config_bad_value with the place and the rule of the gate, or that it is no object.
Result<nlohmann::json> read_outside_object(std::string_view text, const std::string& whose, const char* setting);

// Text of any length and any bytes, cut to what an error can show.
std::string shown_of(std::string_view text);

}  // namespace purser
