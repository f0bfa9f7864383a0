// Which numbers without a unit are sums of money, and which sums are made of others.
#include "validation/rules/reply_figures.hpp"

#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using samples::fen;

TEST(ReplyFiguresTest, ANumberBehindAWordOfPriceGetsItsUnit) {
  for (const auto& [text, read] : std::vector<std::pair<const char*, const char*>>{
           {"请付100", "请付100元"},
           {"价格是80一包", "价格是80元一包"},
           {"只要八十", "只要八十元"},
           {"两包才一百", "两包才一百元"},
           {"it costs 80.", "it costs 80 yuan."},
           {"price: 80 and 198", "price: 80 yuan and 198 yuan"},
           {"it costs 87 or 198", "it costs 87 yuan or 198 yuan"},
           {"价格是77或188", "价格是77元或188元"},
           {"just pay a hundred.", "just pay a hundred yuan."},
           {"only eighty per pack", "only eighty yuan per pack"},
           {"two for 150", "two for 150 yuan"},
           {"80 bucks", "80 yuan"},
           {"¥88k", "¥88000"},
           {"8o yuan", "80 yuan"},
           {"下午2点06分", "下午2:06"},
       })
    EXPECT_EQ(with_units(text), read) << text;
}

TEST(ReplyFiguresTest, OtherNumbersStayAsTheyAre) {
  for (const char* text :
       {"价格88元", "每包100克", "只要3分钟", "一共3包", "请在5分钟内付款", "pay within 5 minutes", "paid at 14:02",
        "it costs ¥88.00", "only 5 left", "pay 1 order", "brew at 80 degrees", "total of 3 packs", "call 400-800-1234",
        "订单号2026112200001", "共2", "总共20泡", "the price of 2 packs", "88 kg", ""})
    EXPECT_EQ(with_units(text), text) << text;
}

TEST(ReplyFiguresTest, CountsAreThoseThatTheReplyNames) {
  EXPECT_EQ(counts_of("龙井2包加礼盒1盒"), (std::vector<std::int64_t>{1, 2}));
  EXPECT_EQ(counts_of("two packs and three boxes"), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(counts_of("2, 3, 4, 5, 6, 7, 8, 9"), (std::vector<std::int64_t>{1, 2, 3, 4, 5, 6})) << "a handful";
  EXPECT_EQ(counts_of("2026 and 100"), (std::vector<std::int64_t>{1}));
}

TEST(ReplyFiguresTest, SumsAndDifferencesAreOfTwo) {
  EXPECT_EQ(made_of({fen(100), fen(30)}, {}, {1}, false), (std::vector<Money>{fen(130)}));
  EXPECT_EQ(made_of({fen(100), fen(30)}, {}, {1}, true), (std::vector<Money>{fen(70)}));
  EXPECT_EQ(made_of({fen(100)}, {fen(30)}, {1}, true), (std::vector<Money>{fen(70)}));
  EXPECT_EQ(made_of({}, {}, {1, 2}, false), (std::vector<Money>{}));
}

TEST(ReplyFiguresTest, NothingCostsLessThanNothingOrSomeSum) {
  for (const char* text :
       {"-88元", "¥-88", "负八十八元", "五十几块", "几十块钱", "minus ten yuan", "it costs -88 yuan"})
    EXPECT_TRUE(states_no_price(text)) << text;
  for (const char* text : {"88元-198元", "88元", "2026-04-26", "几块茶饼", "0571-88", ""})
    EXPECT_FALSE(states_no_price(text)) << text;
}

void expect_units(const std::vector<std::pair<const char*, const char*>>& cases) {
  for (const auto& [text, read] : cases) EXPECT_EQ(with_units(text), read) << text;
}

TEST(ReplyFiguresTest, ANumberEndsWhereItsDigitsEnd) {
  expect_units({{"it costs 1,088.50.", "it costs 1,088.50 yuan."},
                {"it costs 88,", "it costs 88 yuan,"},
                {"it costs 88.5", "it costs 88.5 yuan"},
                {"88 is what it costs", "88 is what it costs"},
                {"the price is 9", "the price is 9 yuan"},
                {"价格是8。", "价格是8元。"},
                {"价格是88.", "价格是88元."},
                {"价格是88.\n", "价格是88元.\n"},
                {"价格是88 🎉", "价格是88元 🎉"},
                {"价格是88✅", "价格是88元✅"},
                {"it costs 88 🎉", "it costs 88 yuan 🎉"},
                {"it costs 88🎉", "it costs 88 yuan🎉"},
                {"it costs 88✅", "it costs 88 yuan✅"},
                {"it costs 88 ✅", "it costs 88 yuan ✅"},
                {"Thank you for your patience, dear customer: it costs 88.",
                 "thank you for your patience, dear customer: it costs 88 yuan."},
                {"it costs 88? yes", "it costs 88 yuan? yes"},
                {"it costs 88x", "it costs 88x"},
                {"it costs 88 apples", "it costs 88 apples"},
                {"it costs 88 ", "it costs 88 yuan "},
                {"the price at10", "the price at10"}});
}

TEST(ReplyFiguresTest, ANumberInWordsIsLargeEnough) {
  expect_units({{"it costs one hundred and five.", "it costs one hundred and five yuan."},
                {"it costs twenty-five", "it costs twenty-five yuan"},
                {"it costs a hundred and more", "it costs a hundred yuan and more"},
                {"it costs five", "it costs five"},
                {"it costs eighty", "it costs eighty yuan"},
                {"价格是八十", "价格是八十元"},
                {"价格是百", "价格是百元"},
                {"价格是八", "价格是八"},
                {"价格是一百零八。", "价格是一百零八元。"}});
}

TEST(ReplyFiguresTest, WhatStandsBeforeASum) {
  expect_units({{"一共88", "一共88元"},
                {"一共 8", "一共 8"},
                {"3包88", "3包88元"},
                {"每包88", "每包88元"},
                {"两包88", "两包88元"},
                {"茶包88", "茶包88"},
                {"包88", "包88"},
                {"每88", "每88"},
                {"total 八十", "total 八十元"},
                {"total: a hundred", "total: a hundred yuan"},
                {"the total is 88", "the total is 88 yuan"},
                {"the total is 8", "the total is 8"},
                {"total: 88", "total: 88 yuan"},
                {"it is only 88 for one", "it is only 88 yuan for one"},
                {"it is just 88 each", "it is just 88 yuan each"},
                {"it is 88 for one", "it is 88 for one"},
                {"only 8 for one", "only 8 for one"},
                {"only 88 please", "only 88 please"},
                {"two for 8", "two for 8"},
                {"two packs for 88", "two packs for 88 yuan"},
                {"packs for 88", "packs for 88"},
                {"two of the packs for 88", "two of the packs for 88"},
                {"pay for tea 88", "pay for tea 88"},
                {"it costs 88 and 198 and 376", "it costs 88 yuan and 198 yuan and 376 yuan"},
                {"价格是88和198和376", "价格是88元和198元和376元"},
                {"it costs 88 minus 20", "it costs 88 minus 20"}});
}

TEST(ReplyFiguresTest, UnitsThatNobodyElseWrites) {
  expect_units({{"bucks", "yuan"},
                {"80 bucks or 90 bucks", "80 yuan or 90 yuan"},
                {"80 c.n.y", "80 cny"},
                {"¥8o", "¥80"},
                {"¥8k tea", "¥8000 tea"},
                {"8k元", "8000元"},
                {"8k tea", "8k tea"},
                {"8kg", "8kg"},
                {"¥8oz", "¥8oz"},
                {"8kg for ¥8k", "8kg for ¥8000"},
                {"¥8kg", "¥8kg"},
                {"8k", "8k"},
                {"k", "k"},
                {"x 8k rmb", "x 8000 rmb"},
                {"1点06分", "1:06"},
                {"12点06分和13点07分", "12:06和13:07"},
                {"点06分", "点06分"},
                {"几点06分", "几点06分"},
                {"12点6分", "12点6分"},
                {"12点066", "12点066"},
                {"12点零六分", "12点零六分"},
                {"12点0", "12点0"},
                {"12点1a分", "12点1a分"},
                {"12点a6分", "12点a6分"}});
}

TEST(ReplyFiguresTest, CountsAreFromTwoToNinetyNine) {
  EXPECT_EQ(counts_of("1 and 2 and 99 and 100"), (std::vector<std::int64_t>{1, 2, 99}));
  EXPECT_EQ(counts_of("0"), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(counts_of("3, 3 and three"), (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(counts_of("two hundred"), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(counts_of("tea"), (std::vector<std::int64_t>{1}));
}

TEST(ReplyFiguresTest, SumsAreOfAnyTwo) {
  EXPECT_EQ(made_of({fen(30), fen(100)}, {}, {1}, true), (std::vector<Money>{fen(70)}));
  EXPECT_EQ(made_of({fen(10), fen(100)}, {fen(1)}, {1}, false), (std::vector<Money>{fen(11), fen(101), fen(110)}));
  const std::vector<Money> many(100, fen(1));
  EXPECT_EQ(made_of(many, {}, {1}, false).size(), 64U * 63U / 2U) << "no more than a reply can mean";
}

TEST(ReplyFiguresTest, ASumBelowNothing) {
  for (const char* text : {"¥-8", "cny -8", "tea ¥ -8", "it costs minus ten yuan", "价格：-88元", "price:-88 yuan",
                           "tea\n-88 yuan", "a - b or ¥-8", "88 yuan or -88 yuan", "总共负八十元"})
    EXPECT_TRUE(states_no_price(text)) << text;
  for (const char* text :
       {"¥-", "¥-x", "tea - 88 yuan", "tea-88 yuan", "几块普洱茶饼", "负责人", "minus", "¥8 - ¥9", "八十左右", "几个"})
    EXPECT_FALSE(states_no_price(text)) << text;
}

}  // namespace
}  // namespace purser::rules
