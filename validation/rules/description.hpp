// What the payer reads on the rail's own screens. It is composed from the server's data; the check is for whatever else
// may come to stand there.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

// The rail's limit for an order's description (WeChat Pay v3: string of 127).
inline constexpr std::size_t kDescriptionMax = 127;

// 1 to 127 characters, no control or invisible characters, none of four bytes. Error: description_invalid.
Result<void> check_description(std::string_view text);

// "龙井茶 ×2、茶杯 ×1": as many whole lines as fit, then how many more there are; a first line that does not fit is
// cut. Characters the rail does not take are left out.
std::string compose_description(const std::vector<IntentLine>& lines, std::string_view locale);

}  // namespace purser::rules
