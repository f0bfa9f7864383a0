// Numbers that must not travel: card numbers, identity numbers, phone numbers. Masked before a model sees a text and
// before a line is logged; card numbers are not even kept.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace purser::rules {

struct Masked {
  std::string text;
  std::size_t cards = 0;       // 13 to 19 digits whose Luhn sum is right; the last four stay
  std::size_t identities = 0;  // 18 characters whose check character is right (GB 11643); nothing stays
  std::size_t phones = 0;      // 11 digits from 13 to 19, also with +86; the first three and last four stay

  std::size_t total() const { return cards + identities + phones; }
};

// Digits may stand in groups with one space or '-' between them. Digits within a longer word of letters and digits (an
// id, an order number) are no number of a person.
Masked mask_personal_data(std::string_view text);
// Card numbers alone.
Masked mask_cards(std::string_view text);

}  // namespace purser::rules
