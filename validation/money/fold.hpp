// Text as it is compared, never as it is shown: what reads the same to a person becomes the same characters, so that a
// rule about words is not dodged by letters of another alphabet, by signs between them or by markup.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace purser {

// Of UTF-8; bytes that are none are kept. Hidden characters are dropped; full-width, mathematical, circled, raised and
// foreign digits and letters become plain ones, and so do Cyrillic and Greek letters that look like Latin ones and
// letters with accents; every kind of space is a space and every dash a '-'; the traditional forms of the Chinese
// characters that money is spoken of with become the simplified ones. Punctuation of Chinese sentences stays. Not
// idempotent text processing for show: "éclair" becomes "eclair".
std::string folded(std::string_view text);

// The value of a digit in whatever script it is written ("7", "７", "٧", "⑦"), -1 when the character is none.
int digit_value(char32_t code);

// The first character of a text that is not empty; `bytes` is 1 and code the byte where it is not UTF-8.
struct CodePoint {
  char32_t code = 0;
  std::size_t bytes = 1;
};
CodePoint first_code_point(std::string_view text);

// Markup that leaves no trace in what a person reads: HTML entities become their characters, and the signs of emphasis
// and code of Markdown (** __ ~~ `) go.
std::string without_markup(std::string_view text);

}  // namespace purser
