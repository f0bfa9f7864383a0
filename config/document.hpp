// What the table of settings says, as documents. The committed copies (config/CONFIG.md, config/default.json) are
// compared with these by a test; UPDATE_GOLDEN=1 rewrites them.
#pragma once

#include <string>

namespace purser {

std::string config_markdown();
// All settings with their defaults, except secrets, as a configuration file. Loading it changes nothing.
std::string default_config_json();

}  // namespace purser
