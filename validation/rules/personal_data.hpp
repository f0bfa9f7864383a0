// Numbers that must not travel: card numbers, identity numbers, phone numbers. Masked before a model sees a text and
// before a line is logged; card numbers are not even kept.
#pragma once

#include <nlohmann/json.hpp>

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

// Digits of every script count, and may stand in groups: with spaces of any kind and dashes between them, one or a few,
// or all with the same dot, slash or middle dot. Letters may be glued to the number ("tel13912345678"), but within an
// id of letters, digits and '_' in turns (an order number) digits are no number of a person.
Masked mask_personal_data(std::string_view text);
// Card numbers alone.
Masked mask_cards(std::string_view text);
// In every string of a document, also where the number stands as a number; the count of them.
std::size_t mask_cards_in(nlohmann::json& document);

}  // namespace purser::rules
