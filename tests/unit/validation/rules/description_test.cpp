// How long a description may be, and what of it is the goods.
#include "validation/rules/description.hpp"

#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using samples::fen;
using samples::sku;

IntentLine piece(const char* name, std::int64_t quantity = 1) {
  return {sku("TEA"), name, quantity, fen(1)};
}

TEST(DescriptionLimitsTest, APatternLeavesTheGoodsTwelveCharacters) {
  EXPECT_TRUE(usable({12, ""}));
  EXPECT_FALSE(usable({11, ""}));
  EXPECT_FALSE(usable({0, ""}));
  EXPECT_FALSE(usable({-1, ""}));
  EXPECT_TRUE(usable({16, "茶杯{goods}茶店"}));
  EXPECT_FALSE(usable({15, "茶杯{goods}茶店"}));
  EXPECT_TRUE(usable({13, "{goods}-"}));
  EXPECT_TRUE(usable({13, "-{goods}"}));
  EXPECT_FALSE(usable({12, "-{goods}"}));
  EXPECT_TRUE(usable({1'000, std::string(115, 'a') + "{goods}"}));
  EXPECT_FALSE(usable({1'000, std::string(116, 'a') + "{goods}"}));
  EXPECT_FALSE(usable({127, "goods"}));
  EXPECT_FALSE(usable({127, "{goods}{goods}"}));
  EXPECT_FALSE(usable({127, "a{goods}b{goods}"}));
  EXPECT_FALSE(usable({127, "😀{goods}"}));
  EXPECT_FALSE(usable({127, "a\n{goods}"}));
}

TEST(DescriptionLimitsTest, ADescriptionHasItsCharactersAndItsPattern) {
  EXPECT_TRUE(check_description(std::string(127, 'a')).ok());
  EXPECT_FALSE(check_description(std::string(128, 'a')).ok());
  EXPECT_FALSE(check_description(std::string(128, 'a'), {1'000, ""}).ok());
  EXPECT_TRUE(check_description("龙井茶两包", {5, ""}).ok());
  EXPECT_FALSE(check_description("龙井茶两包", {4, ""}).ok());
  EXPECT_FALSE(check_description("a", {0, ""}).ok());
  EXPECT_FALSE(check_description("a", {-1, ""}).ok());
  EXPECT_FALSE(check_description("", {127, ""}).ok());
  EXPECT_FALSE(check_description("  ", {127, ""}).ok());
  EXPECT_TRUE(check_description(" a", {127, ""}).ok());
  const DescriptionRule rule{127, "ab{goods}cd"};
  EXPECT_TRUE(check_description("abxcd", rule).ok());
  EXPECT_FALSE(check_description("abcd", rule).ok()) << "no goods";
  EXPECT_FALSE(check_description("abx", rule).ok());
  EXPECT_FALSE(check_description("xcd", rule).ok());
  EXPECT_FALSE(check_description("abxxx", rule).ok());
  EXPECT_FALSE(check_description("a\nb").ok());
  EXPECT_FALSE(check_description("a\tb").ok());
  EXPECT_FALSE(check_description("a\u200Bb").ok());
  EXPECT_FALSE(check_description("a😀b").ok());
}

TEST(DescriptionLimitsTest, WholeLinesAreListedAsLongAsTheyFit) {
  const std::vector<IntentLine> two = {piece("abc"), piece("def", 2)};
  EXPECT_EQ(compose_description(two, "en", {14, ""}), "abc ×1, def ×2");
  EXPECT_EQ(compose_description(two, "en", {13, ""}).substr(0, 3), "abc") << "the second has no room";
  EXPECT_EQ(compose_description(two, "en", {17, ""}), "abc ×1, def ×2");
  EXPECT_EQ(compose_description({piece("abc"), piece("defghijklmno")}, "en", {17, ""}), "abc ×1 and 1 more");
  EXPECT_EQ(compose_description({piece("abc"), piece("defghijklmno"), piece("p")}, "zh", {13, ""}),
            "abc ×1，另有 2 项");
  EXPECT_EQ(compose_description(two, "en", {18, "-{goods}--"}), "-abc ×1, def ×2--");
  EXPECT_EQ(compose_description({}, "en"), "");
}

TEST(DescriptionLimitsTest, AFirstLineThatDoesNotFitIsCut) {
  const std::vector<IntentLine> one = {piece("abcdefghijklmnopqrst")};
  EXPECT_EQ(compose_description(one, "en", {23, ""}), "abcdefghijklmnopqrst ×1");
  EXPECT_EQ(compose_description(one, "en", {22, ""}), "abcdefghijklmnopqr… ×1");
  EXPECT_EQ(compose_description(one, "en", {10, ""}), "abcdef… ×1");
  EXPECT_EQ(compose_description(one, "en", {9, ""}), "abcdefgh…") << "in little room the name says more";
  const std::vector<IntentLine> two = {piece("abcdefghijklmnopqrst"), piece("x")};
  EXPECT_EQ(compose_description(two, "en", {21, ""}), "abcdef… ×1 and 1 more");
  EXPECT_EQ(compose_description(two, "en", {20, ""}), "abcdefghijklmnopqrs…");
}

}  // namespace
}  // namespace purser::rules
