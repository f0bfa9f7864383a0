// The words that numbers are written with in replies.
#pragma once

#include <string_view>

namespace purser::rules {

// The place of each is its value.
inline constexpr std::string_view kDigitsZh[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
inline constexpr std::string_view kSmallNumbers[] = {
    "zero", "one",    "two",    "three",    "four",     "five",    "six",     "seven",     "eight",    "nine",
    "ten",  "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
// From 20 on, in tens.
inline constexpr std::string_view kTens[] = {"twenty", "thirty",  "forty",  "fifty",
                                             "sixty",  "seventy", "eighty", "ninety"};

}  // namespace purser::rules
