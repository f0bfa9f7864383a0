// The last labels of host names that exist: the root zone of the Internet as of February 2023, those of other scripts
// in their own letters.
#pragma once

#include <string_view>

namespace purser::rules {

// `label` in lower case, without its dot. "xn--" forms are not listed: what looks like one is one.
bool is_top_level_domain(std::string_view label);

}  // namespace purser::rules
