// Sums of money as people write them, in English and Chinese: "¥25.90", "25.9元", "二十五块九", "CNY 25.90",
// "25 yuan 90", "2590 fen", "twenty-five yuan", "1.2万元", "$25".
#pragma once

#include "validation/money/money.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace purser::rules {

// In the order in which they stand. What is written as money but is no sum of it ("¥1.999", more than 64 bits) comes
// back as a negative amount, which is nobody's. Figures without a sign or unit of money are not sums. `text` is cleaned
// (clean()); letters of either case. Chinese sums without a currency are yuan.
std::vector<Money> money_figures(std::string_view text);

// The same, each with the bytes of the text that it takes up.
struct StatedSum {
  Money sum;
  std::size_t begin = 0;
  std::size_t end = 0;
};
std::vector<StatedSum> stated_sums(std::string_view text);

// Whole numbers in Chinese characters or English words, with or without a unit. `text` in letters of either case.
std::vector<std::int64_t> spelt_numbers(std::string_view text);

}  // namespace purser::rules
