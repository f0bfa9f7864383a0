#include "validation/money/text.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>

namespace purser {
namespace {

std::string cleaned(std::string_view text) {
  return clean(text, TextRules()).value().text;
}
Removed removed_from(std::string_view text) {
  return clean(text, TextRules()).value().removed;
}

TEST(Utf8Test, AcceptsWellFormedText) {
  for (const char* text : {"", "abc", "é", "龙井茶", "😀", "\xF4\x8F\xBF\xBF", "\xEE\x80\x80", "\xED\x9F\xBF"}) {
    EXPECT_TRUE(valid_utf8(text)) << text;
  }
}

TEST(Utf8Test, RefusesEverythingElse) {
  for (const char* text : {"\x80",
                           "\xBF",
                           "\xC0\x80",
                           "\xC1\xBF",
                           "\xC3",
                           "\xC3(",
                           "\xE2\x82",
                           "\xE2(\xA1",
                           "\xE0\x80\x80",
                           "\xE0\x9F\xBF",
                           "\xED\xA0\x80",
                           "\xED\xBF\xBF",
                           "\xF0\x80\x80\x80",
                           "\xF0\x8F\xBF\xBF",
                           "\xF4\x90\x80\x80",
                           "\xF5\x80\x80\x80",
                           "\xF8\x88\x80\x80\x80",
                           "\xFE",
                           "\xFF",
                           "a\xFF",
                           "\xF0\x9F\x98",
                           "\xEF\xBF"}) {
    EXPECT_FALSE(valid_utf8(text)) << testing::PrintToString(std::string(text));
    EXPECT_EQ(clean(text, TextRules()).code(), Errc::malformed_text);
    EXPECT_FALSE(fits_rail(text));
  }
}

// Written apart from the code under test.
std::string encoded(std::uint32_t code) {
  const auto byte = [](std::uint32_t value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  const auto tail = [&](std::uint32_t shift) { return byte(0x80 + (code >> shift) % 0x40); };
  if (code <= 0x7F) return {byte(code)};
  if (code <= 0x7FF) return {byte(0xC0 + code / 0x40), tail(0)};
  if (code <= 0xFFFF) return {byte(0xE0 + code / 0x1000), tail(6), tail(0)};
  return {byte(0xF0 + code / 0x40000), tail(12), tail(6), tail(0)};
}

TEST(Utf8Test, EveryCharacterIsReadAndWrittenBack) {
  for (std::uint32_t code = 0; code <= 0x10FFFF;
       code += code < 0x3100 || code % 0x100 > 0xFB || code % 0x100 < 3 ? 1 : 3) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    const std::string text = encoded(code);
    ASSERT_TRUE(valid_utf8(text)) << code;
    ASSERT_EQ(code_points(text), 1u) << code;
    ASSERT_EQ(fits_rail(text), code <= 0xFFFF) << code;
    const auto kept = clean("<" + text + ">", TextRules{true, true});
    ASSERT_TRUE(kept.ok());
    const bool narrowed = (code >= 0xFF01 && code <= 0xFF5E) || code == 0x3000 || code == 0xFFE5;
    const bool line_break = code == '\r' || code == 0x2028 || code == 0x2029;
    if (!narrowed && !line_break) {
      ASSERT_EQ(kept->text, kept->removed.total() == 0 ? "<" + text + ">" : "<>") << code;
    }
  }
}

TEST(Utf8Test, CountsAndCutsByCharacters) {
  EXPECT_EQ(code_points(""), 0u);
  EXPECT_EQ(code_points("a茶é😀"), 4u);
  EXPECT_EQ(first_code_points("a茶é😀", 0), "");
  EXPECT_EQ(first_code_points("a茶é😀", 2), "a茶");
  EXPECT_EQ(first_code_points("a茶é😀", 4), "a茶é😀");
  EXPECT_EQ(first_code_points("a茶é😀", 9), "a茶é😀");
}

TEST(RailTextTest, TakesThreeBytesAndNotFour) {
  EXPECT_TRUE(fits_rail("龙井茶 é \xEF\xBF\xBD"));
  EXPECT_FALSE(fits_rail("茶😀"));
  EXPECT_FALSE(fits_rail("\xF0\x90\x80\x80"));
  EXPECT_EQ(without_wide_characters("龙😀井𠀀茶"), "龙井茶");
  EXPECT_EQ(without_wide_characters("a\xFF"
                                    "b"),
            "ab");
}

TEST(CleanTest, LeavesHonestTextAlone) {
  for (const char* text : {"", "two teas, please", "我要两包龙井茶，谢谢！（一共多少？）", "café", "😀", "a b"}) {
    EXPECT_EQ(cleaned(text), text);
    EXPECT_EQ(removed_from(text).total(), 0u);
  }
}

TEST(CleanTest, TakesOutBidiControls) {
  for (const char* mark : {"\u061C", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D", "\u202E", "\u2066",
                           "\u2067", "\u2068", "\u2069"}) {
    EXPECT_EQ(cleaned(std::string("a") + mark + "b"), "ab");
    EXPECT_EQ(removed_from(mark).bidi, 1u);
  }
}

TEST(CleanTest, TakesOutWhatHasNoWidth) {
  for (const char* mark : {"\u00AD", "\u034F", "\u115F", "\u180E", "\u200B", "\u200C", "\u200D", "\u2060", "\u2064",
                           "\u206A", "\u3164", "\uFE0F", "\uFEFF", "\uFFA0", "\U000E0100", "\U000E01EF"}) {
    EXPECT_EQ(cleaned(std::string("a") + mark + "b"), "ab");
    EXPECT_EQ(removed_from(mark).zero_width, 1u);
  }
}

TEST(CleanTest, TakesOutTheTagAlphabet) {
  EXPECT_EQ(cleaned("pay\U000E0001\U000E0041\U000E007F me"), "pay me");
  EXPECT_EQ(removed_from("\U000E0001\U000E0041\U000E007F").tags, 3u);
}

TEST(CleanTest, TakesOutControls) {
  EXPECT_EQ(cleaned(std::string("a\0b", 3)), "ab");
  EXPECT_EQ(cleaned("a\x1B[31mb\x7F\u0085\u009B\uFFF9"), "a[31mb");
  EXPECT_EQ(removed_from("\x01\x1B\x7F\u0080\u009F").controls, 5u);
}

TEST(CleanTest, LineBreaksAndTabsAreSpacesUnlessKept) {
  EXPECT_EQ(cleaned("a\nb\r\nc\rd\u2028e\tf"), "a b c d e f");
  EXPECT_EQ(clean("a\nb\r\nc\rd\u2029e\tf", TextRules{true, false})->text, "a\nb\nc\nd\ne f");
  EXPECT_EQ(clean("a\nb\tc", TextRules{false, true})->text, "a b\tc");
}

TEST(CleanTest, NarrowsFullWidthForms) {
  EXPECT_EQ(cleaned("ＰＡＹ１２．５　ｎｏｗ＠＜＞"), "PAY12.5 now@<>");
  EXPECT_EQ(cleaned("￥５"), "¥5");
  EXPECT_EQ(cleaned("＂｝"), "\"}") << "the first and the last";
  EXPECT_EQ(cleaned("，！？：；（）～"), "，！？：；（）～");
}

TEST(CleanTest, ComposesLatinLetters) {
  EXPECT_EQ(cleaned("e\u0301"), "é");
  EXPECT_EQ(cleaned("u\u0308\u030C"), "ǚ");
  EXPECT_EQ(cleaned("lo\u0301ngji\u030Cng"), "lóngjǐng");
  EXPECT_EQ(cleaned("c\u0327"), "ç");
  EXPECT_EQ(cleaned("A\u030A"), "Å");
  EXPECT_EQ(cleaned("x\u0301"), "x\u0301") << "no such letter: left as it came";
  EXPECT_EQ(cleaned("\u0301"), "\u0301");
}

// The first and the last letter that each mark makes another of.
TEST(CleanTest, EveryMarkComposesItsFirstAndItsLastLetter) {
  const std::pair<const char*, const char*> cases[] = {
      {"A\u0300", "À"}, {"ü\u0300", "ǜ"}, {"A\u0301", "Á"},       {"ü\u0301", "ǘ"},
      {"A\u0302", "Â"}, {"y\u0302", "ŷ"}, {"A\u0303", "Ã"},       {"u\u0303", "ũ"},
      {"A\u0304", "Ā"}, {"ü\u0304", "ǖ"}, {"A\u0306", "Ă"},       {"u\u0306", "ŭ"},
      {"C\u0307", "Ċ"}, {"z\u0307", "ż"}, {"A\u0308", "Ä"},       {"y\u0308", "ÿ"},
      {"A\u030A", "Å"}, {"u\u030A", "ů"}, {"O\u030B", "Ő"},       {"u\u030B", "ű"},
      {"A\u030C", "Ǎ"}, {"ü\u030C", "ǚ"}, {"C\u0327", "Ç"},       {"t\u0327", "ţ"},
      {"A\u0328", "Ą"}, {"u\u0328", "ų"}, {"À\u0300", "À\u0300"}, {"e\u0301\u0301", "é\u0301"}};
  for (const auto& [text, composed] : cases) EXPECT_EQ(cleaned(text), composed) << text;
}

TEST(CleanTest, WhatStandsBesideWhatIsTakenOutStays) {
  for (const char* mark :
       {"\u061B", "\u061D", "\u2010",     "\u202F",     "\u2070", "\u00AC", "\u00AE", "\u034E", "\u0350", "\u115E",
        "\u1161", "\u17B3", "\u17B6",     "\u180A",     "\u1810", "\u200A", "\u3163", "\u3165", "\uFDFF", "\uFE10",
        "\uFEFE", "\uFFA1", "\U000DFFFF", "\U000E1000", "\u00A0", "\u2027", "\uFFF8", "\uFFFC"}) {
    EXPECT_EQ(removed_from(mark).total(), 0U) << mark;
  }
  EXPECT_EQ(removed_from("\U000E0000\U000E00FF\U000E01F0\U000E0FFF").tags, 4U);
  EXPECT_EQ(removed_from("\u115F\u1160\u17B4\u17B5\u180B\u180F\u2060\u2065\u206A\u206F\uFE00").zero_width, 11U);
  EXPECT_EQ(removed_from("\uFFF9\uFFFB\x1F\x7F\u009F").controls, 5U);
}

TEST(CleanTest, HiddenCharactersDoNotKeepAMarkFromItsLetter) {
  EXPECT_EQ(cleaned("e\u200B\u0301"), "é");
}

TEST(CleanPropertyTest, CleaningTwiceChangesNothing) {
  std::mt19937 random(20260105);
  const std::string pieces[] = {"a",  "茶", "e",  "\u0301", "\u0308", "\u200D",     "\r",
                                "\n", "\t", "Ａ", "\u202E", "😀",      "\U000E0041", " "};
  for (int i = 0; i < 5'000; ++i) {
    std::string text;
    for (int j = 0; j < 12; ++j) text += pieces[random() % std::size(pieces)];
    const std::string once = cleaned(text);
    ASSERT_TRUE(valid_utf8(once));
    ASSERT_EQ(cleaned(once), once);
    ASSERT_EQ(removed_from(once).total(), 0u);
  }
}

TEST(CleanPropertyTest, AnyBytesGiveTextOrARefusal) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random() % 8, '\0');
    for (char& c : bytes) c = static_cast<char>(random() & 0xFF);
    const auto result = clean(bytes, TextRules());
    ASSERT_EQ(result.ok(), valid_utf8(bytes));
    if (result) {
      ASSERT_TRUE(valid_utf8(result->text));
    }
    ASSERT_TRUE(fits_rail(without_wide_characters(bytes)));
  }
}

}  // namespace
}  // namespace purser
