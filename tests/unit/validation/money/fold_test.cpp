#include "validation/money/fold.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

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
}

TEST(FoldTest, DigitsHaveTheirValueInEveryScript) {
  const std::pair<char32_t, int> cases[] = {{U'0', 0}, {U'9', 9},  {U'７', 7},  {U'٣', 3},  {U'०', 0},  {U'९', 9},
                                            {U'①', 1}, {U'⑨', 9},  {U'⓪', 0},   {U'²', 2},  {U'³', 3},  {U'¹', 1},
                                            {U'⁰', 0}, {U'⁴', 4},  {U'₉', 9},   {U'𝟎', 0},  {U'𝟗', 9},  {U'𝟿', 9},
                                            {U'❶', 1}, {U'a', -1}, {U'一', -1}, {U':', -1}, {U'/', -1}, {U'⑩', -1}};
  for (const auto& [code, value] : cases) EXPECT_EQ(digit_value(code), value) << static_cast<std::uint32_t>(code);
}

TEST(FoldTest, MarkupLeavesNoTrace) {
  const std::pair<const char*, const char*> cases[] = {
      {"**paid**", "paid"},         {"pa**id**", "paid"},     {"p&#97;id", "paid"},       {"p&#x61;id", "paid"},
      {"&nbsp;x&YEN;5", " x¥5"},    {"a && b", "a && b"},     {"&unknown;", "&unknown;"}, {"&#;", "&#;"},
      {"&#x110000;", "&#x110000;"}, {"&#55296;", "&#55296;"}, {"~~a~~ `b` _c_", "a b c"}, {"&", "&"},
      {"&#xZ1;", "&#xZ1;"},         {"AT&T", "AT&T"}};
  for (const auto& [text, expected] : cases) EXPECT_EQ(without_markup(text), expected) << text;
}

TEST(FoldTest, ACharacterIsReadWhole) {
  EXPECT_EQ(first_code_point("a").code, U'a');
  EXPECT_EQ(first_code_point("é").code, U'é');
  EXPECT_EQ(first_code_point("退款").code, U'退');
  EXPECT_EQ(first_code_point("𝟎").bytes, 4U);
  EXPECT_EQ(first_code_point("\xFF").bytes, 1U);
  EXPECT_EQ(first_code_point("\xE9\x80").bytes, 1U);
}

}  // namespace
}  // namespace purser
