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

}  // namespace
}  // namespace purser::rules
