// What a character of ASCII is, whatever the locale says. Bytes of other characters are none of these.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace purser::ascii {

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_letter(char c) {
  return lower(c) >= 'a' && lower(c) <= 'z';
}
constexpr bool is_alnum(char c) {
  return is_letter(c) || is_digit(c);
}
// Neither a space nor a control character.
constexpr bool is_visible(char c) {
  return c > ' ' && c <= '~';
}
constexpr bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return is_visible(c); });
}

// As starts_with() and ==, for lists of short words: most differ in their first bytes, and calling memcmp for each
// costs more than looking at those.
constexpr bool begins_with(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (text[i] != word[i]) return false;
  return true;
}
constexpr bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && begins_with(a, b);
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

// Without the characters of `edge` at both ends.
constexpr std::string_view trimmed(std::string_view text, std::string_view edge = " \t\r") {
  const auto first = text.find_first_not_of(edge);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(edge) - first + 1);
}

}  // namespace purser::ascii
