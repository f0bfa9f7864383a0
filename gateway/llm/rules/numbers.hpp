// Numbers as customers write them: 2, 两, 十二, two, a dozen. And amounts of money: ¥12.50, 12.5元, 500 yuan, 三块.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace purser::dialogue {

struct Quantity {
  std::int64_t count = 0;
  std::size_t begin = 0;  // the bytes of the number and its measure word ("两包", "two packs of")
  std::size_t end = 0;
};

// The first quantity in `text` (lower case). Numbers that are amounts of money or part of a word are passed over.
std::optional<Quantity> first_quantity(std::string_view text);

// The first amount of money in `text` (lower case), in fen.
std::optional<std::int64_t> first_amount_fen(std::string_view text);

}  // namespace purser::dialogue
