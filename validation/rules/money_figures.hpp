// Sums of money as people write them, in English and Chinese: "¥25.90", "25.9元", "二十五块九", "CNY 25.90",
// "25 yuan 90", "2590 fen", "twenty-five yuan", "1.2万元", "$25".
#pragma once

#include "validation/money/money.hpp"

#include <string_view>
#include <vector>

namespace purser::rules {

// In the order in which they stand. What is written as money but is no sum of it ("¥1.999", more than 64 bits) comes
// back as a negative amount, which is nobody's. Figures without a sign or unit of money are not sums. `text` is cleaned
// (clean()); letters of either case. Chinese sums without a currency are yuan.
std::vector<Money> money_figures(std::string_view text);

}  // namespace purser::rules
