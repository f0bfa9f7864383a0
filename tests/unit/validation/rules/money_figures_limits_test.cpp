// Sums at the edges of what is one: what stands between, before and after a figure, and how much a figure may be.
#include "tests/support/samples.hpp"
#include "validation/rules/money_figures.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using Minors = std::vector<std::int64_t>;

// What is more than anybody pays is a sum all the same, and nobody's.
constexpr std::int64_t kBeyond = 100'000'000'000'100;

void expect_sums(const std::vector<std::pair<const char*, Minors>>& cases) {
  for (const auto& [text, minors] : cases) {
    Minors found;
    for (const Money& sum : money_figures(text)) found.push_back(sum.minor());
    EXPECT_EQ(found, minors) << text;
  }
}

TEST(MoneyFiguresLimitsTest, PointsAndCommas) {
  expect_sums({
      {"¥1,299", {129'900}},
      {"¥1,299,000.50", {129'900'050}},
      {"¥12,34", {1'200}},
      {"¥12,3456", {1'200}},
      {"¥1, 299 cups", {100}},
      {"¥1.50,299 cups", {150}},
      {"¥,299", {}},
      {"¥.50", {}},
      {"¥5.", {500}},
      {"¥5.00.", {500}},
      {"¥5.5.5", {550}},
      {"¥5", {500}},
      {"¥0", {0}},
      {"¥0.01", {1}},
      {"¥1,29", {100}},
      {"¥1,2x9", {100}},
      {"¥1,29x", {100}},
      {"¥1,x99", {100}},
  });
}

TEST(MoneyFiguresLimitsTest, ChineseNumbers) {
  expect_sums({
      {"零元", {0}},
      {"十元", {1'000}},
      {"十一元", {1'100}},
      {"九十九元", {9'900}},
      {"一百二元", {12'000}},
      {"一百二十元", {12'000}},
      {"一百零二元", {10'200}},
      {"一百一十二元", {11'200}},
      {"一百十元", {11'000}},
      {"一百零二三元", {10'300}},
      {"一千二元", {120'000}},
      {"一千零二元", {100'200}},
      {"一千零二十元", {102'000}},
      {"一千零二百元", {120'000}},
      {"一万二元", {1'200'000}},
      {"一万零二元", {1'000'200}},
      {"一万零二百三元", {1'023'000}},
      {"十万元", {10'000'000}},
      {"二十万零五百元", {20'050'000}},
      {"一亿元", {10'000'000'000}},
      {"一亿两千万元", {12'000'000'000}},
      {"一亿亿元", {kBeyond}},
      {"一万亿亿元", {kBeyond}},
      {"一千亿亿元", {kBeyond}},
      {"一〇〇〇〇〇〇〇〇〇千元", {kBeyond - 100}},
      {"一〇〇〇〇〇〇〇〇〇〇千元", {kBeyond}},
      {"一〇〇〇〇〇〇〇〇〇〇〇〇元", {kBeyond - 100}},
      {"一万万元", {10'000'000'000}},
      {"一亿二元", {12'000'000'000}},
      {"一亿零三万五元", {10'003'500'000}},
      {"一万亿元", {100'000'000'000'000}},
      {"二万亿元", {kBeyond}},
      {"一万亿零一元", {kBeyond}},
      {"一万亿一万元", {kBeyond}},
      {"二五〇元", {25'000}},
      {"二〇元", {2'000}},
      {"一二三四五六七八九一二三四元", {kBeyond}},
      {"百元", {}},
      {"二十五点五元", {2'550}},
      {"二十五点零五元", {2'505}},
      {"一点二万元", {1'200'000}},
      {"二十五 万元", {25'000'000}},
  });
}

TEST(MoneyFiguresLimitsTest, EnglishNumbers) {
  expect_sums({
      {"zero yuan", {0}},
      {"one yuan", {100}},
      {"nineteen yuan", {1'900}},
      {"twenty yuan", {2'000}},
      {"ninety-nine yuan", {9'900}},
      {"one hundred yuan", {10'000}},
      {"two hundred and five yuan", {20'500}},
      {"one thousand yuan", {100'000}},
      {"two thousand three hundred and four yuan", {230'400}},
      {"hundred yuan", {}},
      {"thousand yuan", {}},
      {"and five yuan", {500}},
      {"five and yuan", {}},
      {"someone yuan", {}},
      {"five", {}},
      {"one hundred hundred hundred hundred hundred hundred yuan", {kBeyond - 100}},
      {"one hundred hundred hundred hundred hundred hundred hundred yuan", {}},
      {"ten hundred hundred hundred hundred thousand yuan", {kBeyond - 100}},
      {"eleven hundred hundred hundred hundred thousand yuan", {}},
      {"five yuan and six jiao", {500, 60}},
  });
}

TEST(MoneyFiguresLimitsTest, WhatFollowsTheYuan) {
  expect_sums({
      {"5块2", {520}},      {"5块25", {525}},     {"5块250", {500}},   {"5块二五", {525}}, {"5块零五", {505}},
      {"5块零五分", {505}}, {"5块5分", {505}},    {"5块5分钟", {500}}, {"5块0", {500}},    {"5块0件", {500}},
      {"5块20", {520}},     {"5块二零", {520}},   {"5块05", {505}},    {"5块半", {550}},   {"5块6毛", {560}},
      {"5块6毛7", {567}},   {"5块6毛7分", {567}}, {"5块6毛0", {560}},  {"5块0毛5", {505}}, {"5块6角", {560}},
      {"5元3件", {500}},    {"5元3杯茶", {500}},  {"5.5块2", {550}},   {"5元", {500}},     {"5块", {500}},
      {"5块钱", {500}},     {"5块钱2", {520}},
  });
}

TEST(MoneyFiguresLimitsTest, WhatFollowsTheWordYuan) {
  expect_sums({
      {"25 yuan 90", {2'590}},
      {"25 yuan 90.", {2'590}},
      {"25 yuan x9", {2'500}},
      {"25 yuan 90 x", {2'500}},
      {"25 yuan 9x", {2'500}},
      {"25 yuan 90 cups", {2'500}},
      {"25 yuan 90 received", {2'590}},
      {"25 yuan 90 of it", {2'590}},
      {"25 yuan 90x", {2'590}},
      {"25 yuan 90 fen", {2'590}},
      {"25 yuan and 90 fen", {2'590}},
      {"25 yuan 00", {2'500}},
      {"25 yuan 09 fen", {2'509}},
      {"25 yuan 900", {2'500}},
      {"25 yuan 9", {2'500}},
      {"25 yuan 9 fen", {2'509}},
      {"25 yuan 0 fen", {2'500}},
      {"25 yuan a fen", {2'500}},
      {"25 yuan 5 cups", {2'500}},
      {"25 yuan ninety fen", {2'590}},
      {"25 yuan and five fen", {2'505}},
      {"25 yuan and five cups", {2'500}},
      {"25 kuai 90", {2'590}},
      {"25 yuan", {2'500}},
      {"25 yuan 2 yuan", {2'500, 200}},
  });
}

TEST(MoneyFiguresLimitsTest, ScalesAndUnits) {
  expect_sums({
      {"1.2万元", {1'200'000}},
      {"1.23456万元", {1'234'560}},
      {"1.234567万元", {1'234'567}},
      {"1.2345678万元", {-1}},
      {"3千元", {300'000}},
      {"1.5百元", {15'000}},
      {"12 万元", {12'000'000}},
      {"1.2千", {}},
      {"¥1.2万", {1'200'000}},
      {"¥3 百", {30'000}},
      {"¥ 5", {500}},
      {"¥: 5", {500}},
      {"CNY:5", {500}},
      {"5-yuan", {500}},
      {"5-分", {5}},
      {"250分", {250}},
      {"二十五分", {25}},
      {"250分之一", {}},
      {"250分享", {}},
      {"5 jiao", {50}},
      {"5角", {50}},
      {"5 fen", {5}},
      {"5 fence", {}},
      {"5 yuans", {500}},
      {"5 yuanx", {}},
      {"xcny 5", {}},
      {"x5 cny", {500}},
      {"¥5元", {500}},
      {"¥5 yuan", {500}},
      {"¥5 元 6元", {500, 600}},
      {"¥5 usd 6", {500, 600}},
      {"$5元", {500}},
      {"$5 dollars", {500}},
      {"a fen", {}},
      {"zoo ¥5 zoo 6元", {500, 600}},
      {"12.5.5元", {500}},
  });
}

TEST(MoneyFiguresLimitsTest, EachSumKnowsItsBytes) {
  const std::string text = "tea ¥5, 二十元 and 6 yuan 90.";
  const std::vector<StatedSum> sums = stated_sums(text);
  ASSERT_EQ(sums.size(), 3U);
  const auto bytes = [&](const StatedSum& one) { return text.substr(one.begin, one.end - one.begin); };
  EXPECT_EQ(bytes(sums[0]), "¥5");
  EXPECT_EQ(bytes(sums[1]), "二十元");
  EXPECT_EQ(bytes(sums[2]), "6 yuan 90");
  EXPECT_EQ(sums[0].begin, 4U);
  EXPECT_EQ(stated_sums("¥5")[0].begin, 0U);
  const std::pair<const char*, const char*> first_of[] = {
      {"¥5 for tea", "¥5"},    {"¥1, 99 cups", "¥1"},     {"¥5 元 a cup", "¥5 元"},
      {"250分 each", "250分"}, {"五角钱 each", "五角钱"}, {"so, five yuan", "five yuan"},
  };
  for (const auto& [sentence, sum] : first_of) {
    const std::vector<StatedSum> found = stated_sums(sentence);
    ASSERT_EQ(found.size(), 1U) << sentence;
    EXPECT_EQ(std::string(sentence).substr(found[0].begin, found[0].end - found[0].begin), sum);
  }
  EXPECT_TRUE(stated_sums("").empty());
}

TEST(MoneyFiguresLimitsTest, SpeltNumbersStandWithOrWithoutAUnit) {
  const std::pair<const char*, Minors> cases[] = {
      {"two teas and 三杯", {2, 3}},
      {"三 cups", {3}},
      {"Two", {2}},
      {"one hundred and twenty of them", {120}},
      {"a hundred", {100}},
      {"a thousand", {1'000}},
      {"a tea", {}},
      {"someone", {}},
      {"is one", {1}},
      {"twenty-five", {25}},
      {"five hundred thousand", {500'000}},
      {"two thousand and five", {2'005}},
      {"two and", {2}},
      {"two and two", {4}},
      {"十五", {15}},
      {"5", {}},
      {"茶", {}},
      {"", {}},
      {"零", {0}},
      {"zero", {0}},
  };
  for (const auto& [text, numbers] : cases) EXPECT_EQ(spelt_numbers(text), numbers) << text;
}

TEST(MoneyFiguresLimitsTest, WhatMayFollowTwoDigitsAfterYuan) {
  for (const char* word : {"received", "in", "for", "was", "has", "is", "and", "to", "paid", "per", "at", "please",
                           "of", "were", "refunded", "on"})
    expect_sums({{("25 yuan 90 " + std::string(word)).c_str(), {2'590}}});
  expect_sums({
      {"25 yuan 90 ", {2'590}},
      {"25 yuan 90  cups", {2'590}},
      {"25 yuan 90 i", {2'500}},
      {"25 yuan 90 5", {2'590}},
      {"25 yuan 90, cups", {2'590}},
      {"25 yuan and 90", {2'590}},
      {"25 yuan and 9 fen", {2'509}},
      {"25 yuan 90fen", {2'590}},
      {"25 yuan 9fen", {2'509}},
      {"25 yuan twelve fen", {2'512}},
      {"25 yuan and twelve fen", {2'512}},
      {"25 yuan twelve", {2'500}},
      {"25 yuan 9", {2'500}},
  });
}

TEST(MoneyFiguresLimitsTest, WhatCountsSomethingIsNoTenth) {
  for (const char* counted :
       {"件", "个", "杯", "盒", "次", "单", "天", "包", "罐", "人", "张", "小", "日", "月", "年", "."})
    expect_sums({{("5元3" + std::string(counted)).c_str(), {500}}});
  expect_sums({
      {"5元3茶", {530}},
      {"5块2，", {520}},
      {"5块零2", {502}},
      {"5块两毛", {520}},
      {"5块2毛3件", {523}},
      {"5块2毛34", {523}},
      {"5块23茶", {523}},
      {"5块半件", {550}},
      {"5块2分3", {502}},
      {"5块零", {500}},
      {"5块角", {500}},
  });
}

}  // namespace
}  // namespace purser::rules
