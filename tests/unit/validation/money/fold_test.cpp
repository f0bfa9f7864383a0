#include "validation/money/fold.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

// A character from its code point, by the arithmetic of UTF-8.
std::string utf8_of(char32_t code) {
  const auto part = [&](int shift, unsigned lead) { return static_cast<char>(lead | (code >> shift & 0x3F)); };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), part(0, 0x80)};
  if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), part(6, 0x80), part(0, 0x80)};
  return {static_cast<char>(0xF0 | code >> 18), part(12, 0x80), part(6, 0x80), part(0, 0x80)};
}

TEST(FoldTest, WhatReadsTheSameBecomesTheSame) {
  const std::pair<const char*, const char*> cases[] = {{"paid", "paid"},
                                                       {"раid", "paid"},
                                                       {"Ραιd", "Paid"},
                                                       {"ｐａｉｄ", "paid"},
                                                       {"p\u0301aid", "paid"},
                                                       {"páíd", "paid"},
                                                       {"p\u200Baid", "paid"},
                                                       {"𝐩𝐚𝐢𝐝", "paid"},
                                                       {"𝓹𝓪𝓲𝓭", "paid"},
                                                       {"ⓟⓐⓘⓓ", "paid"},
                                                       {"refuпded", "refunded"},
                                                       {"kuài", "kuai"},
                                                       {"７٧७⑦₇⁷𝟟", "7777777"},
                                                       {"２５．９０", "25．90"},
                                                       {"a\u00A0b\u2009c\u3000d", "a b c d"},
                                                       {"1–2—3−4‐5", "1-2-3-4-5"},
                                                       {"您已付款", "您已付款"},
                                                       {"訂單已過期", "订单已过期"},
                                                       {"￥5", "¥5"},
                                                       {"it’s", "it's"},
                                                       {"", ""}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(folded(text), expected) << text;
  EXPECT_EQ(folded("a\xFF"
                   "b"),
            "a\xFF"
            "b")
      << "what is no text stays what it is";
  EXPECT_EQ(folded("\xE4\xB8"), "\xE4\xB8");
  EXPECT_EQ(folded("\x80"), "\x80") << "a byte is not the character of its number";
}

TEST(FoldTest, DigitsHaveTheirValueInEveryScript) {
  const std::pair<char32_t, int> cases[] = {{U'0', 0}, {U'9', 9},  {U'７', 7},  {U'٣', 3},  {U'०', 0},  {U'९', 9},
                                            {U'①', 1}, {U'⑨', 9},  {U'⓪', 0},   {U'²', 2},  {U'³', 3},  {U'¹', 1},
                                            {U'⁰', 0}, {U'⁴', 4},  {U'₉', 9},   {U'𝟎', 0},  {U'𝟗', 9},  {U'𝟿', 9},
                                            {U'❶', 1}, {U'a', -1}, {U'一', -1}, {U':', -1}, {U'/', -1}, {U'⑩', -1}};
  for (const auto& [code, value] : cases) EXPECT_EQ(digit_value(code), value) << static_cast<std::uint32_t>(code);
}

TEST(FoldTest, ARunOfDigitsHasItsEnds) {
  for (const char32_t zero : {0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66,
                              0x0CE6, 0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0xFF10, 0x1FBF0}) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(digit_value(zero + static_cast<char32_t>(i)), i) << std::uint32_t{zero};
    EXPECT_EQ(digit_value(zero - 1), -1) << std::uint32_t{zero};
    EXPECT_EQ(digit_value(zero + 10), -1) << std::uint32_t{zero};
  }
  for (const char32_t one : {0x2460, 0x2474, 0x2488, 0x24F5, 0x2776, 0x2780, 0x278A}) {
    for (int i = 1; i < 10; ++i) EXPECT_EQ(digit_value(one + static_cast<char32_t>(i) - 1), i) << std::uint32_t{one};
    EXPECT_EQ(digit_value(one + 9), -1) << std::uint32_t{one} << ": ten is no digit";
  }
  const std::pair<char32_t, int> cases[] = {
      {0xB1, -1},  {0xB2, 2},   {0xB3, 3},    {0xB4, -1},   {0xB9, 1},     {0x2070, 0},  {0x2071, -1},  {0x2073, -1},
      {0x2074, 4}, {0x2079, 9}, {0x207A, -1}, {0x2080, 0},  {0x2081, 1},   {0x2089, 9},  {0x208A, -1},  {0x24EA, 0},
      {0x24FF, 0}, {0x7F, -1},  {0x80, -1},   {0x1D7CE, 0}, {0x1D7CD, -1}, {0x1D7FF, 9}, {0x1D800, -1}, {0x245F, -1}};
  for (const auto& [code, value] : cases) EXPECT_EQ(digit_value(code), value) << static_cast<std::uint32_t>(code);
}

TEST(FoldTest, MarkupLeavesNoTrace) {
  const std::pair<const char*, const char*> cases[] = {{"**paid**", "paid"},
                                                       {"pa**id**", "paid"},
                                                       {"p&#97;id", "paid"},
                                                       {"p&#x61;id", "paid"},
                                                       {"&nbsp;x&YEN;5", " x¥5"},
                                                       {"a && b", "a && b"},
                                                       {"&unknown;", "&unknown;"},
                                                       {"&#;", "&#;"},
                                                       {"&#x110000;", "&#x110000;"},
                                                       {"&#55296;", "&#55296;"},
                                                       {"~~a~~ `b` _c_", "a b c"},
                                                       {"&", "&"},
                                                       {"&#xZ1;", "&#xZ1;"},
                                                       {"AT&T", "AT&T"},
                                                       {"&#xAf;", "\u00AF"},
                                                       {"&#xfFfD;", "\uFFFD"},
                                                       {"&#x;", "&#x;"},
                                                       {"&#X61;", "a"},
                                                       {"&#6X;", "&#6X;"},
                                                       {"&#xg;", "&#xg;"},
                                                       {"&#a;", "&#a;"},
                                                       {"&#0;", "&#0;"},
                                                       {"&#1;", "\x01"},
                                                       {"&#127;", "\x7F"},
                                                       {"&#128;", "\u0080"},
                                                       {"&#x7FF;", "\u07FF"},
                                                       {"&#x800;", "\u0800"},
                                                       {"&#xFFFF;", "\uFFFF"},
                                                       {"&#x10000;", "\U00010000"},
                                                       {"&#x10FFFF;", "\U0010FFFF"},
                                                       {"&#0000097;", "a"},
                                                       {"&#00000097;", "&#00000097;"},
                                                       {"&#xD800;", "&#xD800;"},
                                                       {"&#xDFFF;", "&#xDFFF;"},
                                                       {"&#xD7FF;", "\uD7FF"},
                                                       {"&#xE000;", "\uE000"},
                                                       {"&lt;b&gt;", "<b>"},
                                                       {"&hyphen;", "-"},
                                                       {"&;", "&;"},
                                                       {"&l;", "&l;"},
                                                       {"&amp", "&amp"},
                                                       {"&amp;amp;", "&amp;"},
                                                       {"&#x000061;", "a"},
                                                       {"a&shy;b", "ab"},
                                                       {"&aaaaaaaaaa;", "&aaaaaaaaaa;"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(without_markup(text), expected) << text;
}

// The last letter of every list, and what stands right beside a range: a range of letters is no wider than they are.
TEST(FoldTest, ARangeOfLettersHasItsEnds) {
  const std::pair<const char*, const char*> cases[] = {
      {"аæ", "aa"},          // the first and the last of the pairs
      {"ＡＺａｚ", "AZaz"},  // full width
      {"\uFF20\uFF3B\uFF40\uFF5B", "\uFF20\uFF3B\uFF40\uFF5B"},
      {"\u24B6\u24CF\u24D0\u24E9", "AZaz"},  // circled
      {"\u249C\u249D\u24B5", "abz"},         // in brackets
      {"\U0001F110\U0001F129\U0001F130\U0001F149\U0001F150\U0001F169\U0001F170\U0001F189", "AZAZAZAZ"},
      {"\U0001F10F\U0001F12A\U0001F14A\U0001F16A\U0001F18A", "\U0001F10F\U0001F12A\U0001F14A\U0001F16A\U0001F18A"},
      {"\U0001D400\U0001D419\U0001D41A\U0001D433\U0001D434\U0001D6A3", "AZazAz"},  // mathematical
      {"\U0001D3FF\U0001D6A4", "\U0001D3FF\U0001D6A4"},
      {"àằç", "aac"},
      {"àż", "az"},
      {"Ž", "Z"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(folded(text), expected) << text;
}

TEST(FoldTest, TraditionalCharactersAreFoundFromTheFirstToTheLast) {
  const std::pair<const char*, const char*> cases[] = {
      {"來", "来"}, {"個", "个"}, {"點", "点"}, {"麼", "么"},         {"款", "款"},    {"價", "价"},
      {"額", "额"}, {"一", "一"}, {"龍", "龍"}, {"\u3001", "\u3001"}, {"錢錢", "钱钱"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(folded(text), expected) << text;
}

TEST(FoldTest, EveryKindOfSpaceDashAndSignIsThePlainOne) {
  const std::pair<char32_t, const char*> cases[] = {
      {0xA0, " "},        {0x1680, " "},      {0x2000, " "},      {0x200A, " "},      {0x202F, " "},
      {0x205F, " "},      {0x3000, " "},      {0x2010, "-"},      {0x2015, "-"},      {0x2212, "-"},
      {0xFE58, "-"},      {0xFE63, "-"},      {0x2018, "'"},      {0x2019, "'"},      {0x02BC, "'"},
      {0x2032, "'"},      {0x201C, "\""},     {0x201D, "\""},     {0x2044, "/"},      {0x2215, "/"},
      {0x2024, "."},      {0xFFE5, "\u00A5"}, {0xFFE4, "\uFFE4"}, {0x1FFF, "\u1FFF"}, {0x2016, "\u2016"},
      {0x201A, "\u201A"}, {0x2023, "\u2023"}};
  for (const auto& [code, expected] : cases)
    EXPECT_EQ(folded(utf8_of(code)), expected) << static_cast<std::uint32_t>(code);
}

TEST(FoldTest, WhatTakesNoRoomIsLeftOutAndNothingBesideIt) {
  for (const char32_t code : {0x0300, 0x036F, 0x20D0, 0x20F0, 0x200B, 0x200F, 0x202A, 0x202E, 0x2060, 0x206F, 0xAD,
                              0xFEFF, 0xFE00, 0xFE0F, 0x061C, 0x180E, 0xE0000, 0xE0FFF})
    EXPECT_EQ(folded("a" + utf8_of(code) + "b"), "ab") << static_cast<std::uint32_t>(code);
  for (const char32_t code : {0x02FF, 0x0370, 0x20CF, 0x20F1, 0x2029, 0x2070, 0xFDFF, 0xFE10, 0x061B, 0xDFFFF, 0xE1000})
    EXPECT_NE(folded("a" + utf8_of(code) + "b"), "ab") << static_cast<std::uint32_t>(code);
}

TEST(FoldTest, ACharacterIsReadWhole) {
  EXPECT_EQ(first_code_point("a").code, U'a');
  EXPECT_EQ(first_code_point("é").code, U'é');
  EXPECT_EQ(first_code_point("退款").code, U'退');
  EXPECT_EQ(first_code_point("𝟎").bytes, 4U);
  EXPECT_EQ(first_code_point("\xFF").bytes, 1U);
  EXPECT_EQ(first_code_point("\xE9\x80").bytes, 1U);
  EXPECT_EQ(first_code_point("\x7F").code, 0x7FU);
  EXPECT_EQ(first_code_point("\u0080").code, 0x80U);
  EXPECT_EQ(first_code_point("\x80").code, 0x80U) << "a byte alone";
  EXPECT_EQ(first_code_point("退款").bytes, 3U);
  EXPECT_EQ(first_code_point("\U0010FFFFx").code, 0x10FFFFU);
  EXPECT_EQ(first_code_point("\xC0\xAF").bytes, 1U) << "overlong";
}

}  // namespace
}  // namespace purser
