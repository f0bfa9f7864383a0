// What the payer reads on the rail's own screens. It is composed from the server's data; the check is for whatever else
// may come to stand there.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

// The rail's limit for an order's description (WeChat Pay v3: string of 127).
inline constexpr std::size_t kDescriptionMax = 127;

// What the account was approved for, and what its payers see of it.
struct DescriptionRule {
  std::int64_t characters_max = static_cast<std::int64_t>(kDescriptionMax);  // fewer where a screen cuts: 32 on some
  std::string pattern;  // as it was approved, with {goods} in it once: "示例茶铺-{goods}"; empty: the goods alone
};
// Whether a description of this pattern is possible: {goods} stands in it once, and leaves the goods kGoodsMin
// characters or more of the maximum.
inline constexpr std::size_t kGoodsMin = 12;
bool usable(const DescriptionRule& rule);

// 1 to 127 characters or what the rule says, no control or invisible characters, none of four bytes; in the approved
// pattern where there is one. Error: description_invalid.
Result<void> check_description(std::string_view text, const DescriptionRule& rule = {});

// "龙井茶 ×2、茶杯 ×1": as many whole lines as fit, then how many more there are; a first line that does not fit is
// cut. Characters the rail does not take are left out.
std::string compose_description(const std::vector<IntentLine>& lines, std::string_view locale,
                                const DescriptionRule& rule = {});

}  // namespace purser::rules
