// Sums that a reply states without a unit of money, and sums that it makes out of others.
#pragma once

#include "validation/money/money.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

// The text with the unit that a person reads into it: "请付100" is "请付100元", "it costs 80" is "it costs 80 yuan".
// Only a number tied to a word of price or paying is a sum; pieces, minutes, grams, degrees and numbers of orders are
// not. Writings of the unit that nobody else uses ("bucks", "C.N.Y.", "88k yuan", "8O yuan") become plain ones.
std::string with_units(std::string_view text);

// What one clause says with a word of adding or comparing, "together", "more than", and what such words may say: sums
// of a few things and differences of two. `counts` are the numbers that the whole reply names.
std::vector<Money> made_of(const std::vector<Money>& prices, const std::vector<Money>& totals,
                           const std::vector<std::int64_t>& counts, bool difference);
bool adds_up(std::string_view clause);
bool compares(std::string_view clause);

// Whole numbers from 2 to 99 that a text names, at most a handful, each once.
std::vector<std::int64_t> counts_of(std::string_view text);

// "负八十八元", "¥-88", "五十几块", "几十块钱": sums that nothing costs.
bool states_no_price(std::string_view text);

}  // namespace purser::rules
