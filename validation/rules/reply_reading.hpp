// A reply as a person reads it, for the rules alone: what look-alike letters, markup, tables, lists and signs say in
// plain words and marks. Never shown.
#pragma once

#include <string>
#include <string_view>

namespace purser::rules {

// folded and without_markup of the text, and: a table's row "| a | b |" and "a — b" and "a → b" become "a: b"; marks of
// lists go; a tick is the word "successful" (or 成功), a cross "failed" (or 失败); spaces between Chinese characters
// go; the formal numerals 壹贰叁 become the plain ones; "已经" is "已". UTF-8 in, UTF-8 out.
std::string as_read(std::string_view text);

// With the formal Chinese numerals plain, and nothing else changed.
std::string plain_numerals(std::string_view text);

}  // namespace purser::rules
