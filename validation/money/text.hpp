// Text from outside: is it UTF-8, how long is it in characters, and what is hidden in it. Everything that a model, a
// user or a file wrote goes through clean() before it is compared, stored or shown.
//
// What clean() normalises: full-width letters, digits and symbols become ASCII (the punctuation of Chinese sentences
// ，！？：；（） stays), the ideographic space becomes a space, and a Latin letter followed by one of the common
// combining marks becomes the composed letter (the letters of Western Europe and of pinyin). This is a part of NFC, not
// NFC: other scripts and rarer marks are left as they came.
#pragma once

#include "validation/money/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace purser {

// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool valid_utf8(std::string_view text);

// Characters (code points) of well-formed UTF-8.
std::size_t code_points(std::string_view text);

// The first `count` characters, as a part of `text`.
std::string_view first_code_points(std::string_view text, std::size_t count);

// The rail takes UTF-8 of at most three bytes a character, so no emoji.
bool fits_rail(std::string_view text);
// The text without the characters the rail does not take.
std::string without_wide_characters(std::string_view text);

struct TextRules {
  bool keep_newlines = false;  // otherwise a line break (also CR LF, U+2028, U+2029) becomes a space
  bool keep_tabs = false;      // otherwise a tab becomes a space
};

// How many characters of each kind were taken out.
struct Removed {
  std::size_t bidi = 0;        // marks, embeddings, overrides, isolates: text that reads other than it is stored
  std::size_t zero_width = 0;  // joiners, fillers, variation selectors, soft hyphen, byte order mark
  std::size_t tags = 0;        // U+E0000 to U+E007F: a second, invisible alphabet
  std::size_t controls = 0;    // C0 and C1, interlinear annotations

  std::size_t total() const { return bidi + zero_width + tags + controls; }
};

struct CleanText {
  std::string text;
  Removed removed;
};

// Error: malformed_text when it is not UTF-8.
Result<CleanText> clean(std::string_view text, TextRules rules);

}  // namespace purser
