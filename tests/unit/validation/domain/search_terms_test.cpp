// The form in which texts are searched: words in small letters, parted by single spaces.
#include "validation/domain/search_terms.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace purser {
namespace {

TEST(SearchFormTest, WordsAreOfLettersAndDigits) {
  const std::pair<const char*, const char*> cases[] = {
      {"A-Z, a`z{0/9:", "a z a z 0 9"},
      {"Cafés", "café"},
      {"  Two   Teas ", "two tea"},
      {"glass gas teas", "glass gas tea"},
      {"2包龙井茶", "2 包龙井茶"},
      {"茶tea杯", "茶 tea 杯"},
      {"ÀɏÿX", "Àɏÿx"},
      {"", ""},
      {"\xFF", ""},
  };
  for (const auto& [text, form] : cases) EXPECT_EQ(search_form(text), form) << text;
}

TEST(SearchFormTest, MarksOfChineseTextsPartWords) {
  for (const char* mark : {"\u2000", "\u2026", "\u3001", "\u303F", "\uFE30", "\uFE4F", "\uFF00", "\uFF0C", "\uFFEF"})
    EXPECT_EQ(search_form(std::string("茶") + mark + "杯"), "茶 杯") << mark;
  for (const char* letter : {"\u2070", "\u3041", "\uFE2F", "\uFE50", "\uFDFF"})
    EXPECT_EQ(search_form(std::string("茶") + letter + "杯"), std::string("茶") + letter + "杯") << letter;
}

}  // namespace
}  // namespace purser
