// From a plain value to a member of Settings, by the row of the table.
#pragma once

#include "config/definitions.hpp"
#include "config/settings_file.hpp"

#include <string>
#include <string_view>

namespace purser {

// What `text` of a variable or an argument means for this setting: "20" is an integer for an integer. Text that does
// not fit the type stays text, which assign() then refuses.
PlainValue typed(const Definition& definition, std::string_view text);

// False when the value breaks rule_of(definition); the settings are then as they were.
bool assign(const Definition& definition, const PlainValue& value, Settings& settings);

// The value as it stands in Settings; a secret as its text.
PlainValue read(const Definition& definition, const Settings& settings);

// Is this a value of a secret that holds nothing secret?
bool is_open_value(const Definition& definition, const PlainValue& value);

// For a mistake: as JSON would write it, cut to 80 bytes. Never for a secret.
std::string shown(const PlainValue& value);

}  // namespace purser
