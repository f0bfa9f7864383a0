#include "gateway/llm/rules/wish.hpp"

#include "gateway/llm/rules/numbers.hpp"

#include <gtest/gtest.h>

namespace purser::dialogue {
namespace {

struct Case {
  const char* said;
  WishKind kind;
  std::vector<std::pair<const char*, int>> goods = {};  // words and quantity
};

const Case kCases[] = {
    // buying, Chinese
    {"来两包龙井茶", WishKind::buy, {{"龙井茶", 2}}},
    {"我要买3盒铁观音", WishKind::buy, {{"铁观音", 3}}},
    {"给我一个茶杯", WishKind::buy, {{"茶杯", 1}}},
    {"我想买十二个苹果", WishKind::buy, {{"苹果", 12}}},
    {"请给我来二十包茶包", WishKind::buy, {{"茶包", 20}}},
    {"来一包瓜子和两盒月饼", WishKind::buy, {{"瓜子", 1}, {"月饼", 2}}},
    {"两包龙井两包铁观音四个茶杯", WishKind::buy, {{"龙井", 2}, {"铁观音", 2}, {"茶杯", 4}}},
    {"不好意思，来两包龙井", WishKind::buy, {{"龙井", 2}}},
    {"买一个紫砂壶，再加三个茶杯", WishKind::buy, {{"紫砂壶", 1}, {"茶杯", 3}}},
    {"你好，来两包龙井茶", WishKind::buy, {{"龙井茶", 2}}},
    {"订一份核桃", WishKind::buy, {{"核桃", 1}}},
    {"我要龙井", WishKind::buy, {{"龙井", 1}}},
    {"下单5个橙子", WishKind::buy, {{"橙子", 5}}},
    {"帮我买一把扇子谢谢", WishKind::buy, {{"扇子", 1}}},
    {"要俩茶杯", WishKind::buy, {{"茶杯", 2}}},
    {"再来一个茶杯", WishKind::buy, {{"茶杯", 1}}},
    {"两包龙井", WishKind::buy, {{"龙井", 2}}},
    // buying, English
    {"Two packs of Longjing tea, please.", WishKind::buy, {{"longjing tea", 2}}},
    {"I'd like to buy 3 mangoes", WishKind::buy, {{"mangoes", 3}}},
    {"buy a celadon cup", WishKind::buy, {{"celadon cup", 1}}},
    {"Can I have one teapot?", WishKind::buy, {{"teapot", 1}}},
    {"give me a dozen oranges", WishKind::buy, {{"oranges", 12}}},
    {"I want two teapots and one silk fan", WishKind::buy, {{"teapots", 2}, {"silk fan", 1}}},
    {"order 10 haw rolls", WishKind::buy, {{"haw rolls", 10}}},
    {"I need a couple of candles", WishKind::buy, {{"candles", 2}}},
    {"get me another greeting card", WishKind::buy, {{"greeting card", 1}}},
    {"Longjing, please", WishKind::buy, {{"longjing", 1}}},
    {"2 jasmine tea", WishKind::buy, {{"jasmine tea", 2}}},
    {"And one celadon tea cup, please.", WishKind::buy, {{"celadon tea cup", 1}}},
    {"hello, two bags of sunflower seeds please", WishKind::buy, {{"sunflower seeds", 2}}},
    {"5 cups and 2 oranges please", WishKind::buy, {{"cup", 5}, {"oranges", 2}}},
    {"two cups please", WishKind::buy, {{"cup", 2}}},
    {"来３包龙井", WishKind::buy, {{"龙井", 3}}},
    // words of buying that are no order
    {"我不要龙井", WishKind::unclear},
    {"不买龙井了", WishKind::unclear},
    {"我不想买茶壶", WishKind::unclear},
    {"要不要买龙井好呢", WishKind::unclear},
    {"不要茶杯，要两包龙井", WishKind::unclear},
    {"昨天我买了两包龙井", WishKind::unclear},
    {"I don't want longjing", WishKind::unclear},
    {"no longjing please", WishKind::unclear},
    {"don't buy the teapot", WishKind::unclear},
    {"I bought 2 longjing yesterday", WishKind::unclear},
    {"I want to know whether the cup is blue", WishKind::unclear},
    // numbers that no shop can hand out, or that cannot be told
    {"buy 0 cups", WishKind::unclear},
    {"buy -1 teapot", WishKind::unclear},
    {"buy 1.5 teapots", WishKind::unclear},
    {"来2.5包龙井", WishKind::unclear},
    {"来负一个茶杯", WishKind::unclear},
    {"来半包龙井", WishKind::unclear},
    {"buy half a kilo of apples", WishKind::unclear},
    {"twenty-one longjing please", WishKind::unclear},
    {"buy 3 cups 2 cups", WishKind::unclear},
    {"来三斤苹果", WishKind::unclear},
    {"buy 5 and 2 oranges", WishKind::unclear},
    // haggling
    {"3 longjing for 1 yuan please", WishKind::haggle},
    {"送我一个茶壶", WishKind::haggle},
    {"来两包龙井，便宜一点", WishKind::haggle},
    {"buy a teapot with a discount", WishKind::haggle},
    // the list
    {"有什么商品？", WishKind::list},
    {"你们有哪些茶", WishKind::list},
    {"都卖什么", WishKind::list},
    {"有什么推荐的吗", WishKind::list},
    {"What do you have?", WishKind::list},
    {"Hi! What do you have?", WishKind::list},
    {"what do you sell", WishKind::list},
    {"show me your goods", WishKind::list},
    {"what's on sale", WishKind::list},
    {"can I see the menu", WishKind::list},
    // prices
    {"龙井茶多少钱？", WishKind::price, {{"龙井茶", 1}}},
    {"茶杯怎么卖", WishKind::price, {{"茶杯", 1}}},
    {"How much is the teapot?", WishKind::price, {{"teapot", 1}}},
    {"what is the price of a silk fan", WishKind::price, {{"silk fan", 1}}},
    {"多少钱", WishKind::list},
    // words of cancelling and renewing that are no wish
    {"how do I cancel?", WishKind::unclear},
    {"如果取消会怎么样", WishKind::unclear},
    {"why was it canceled, cancel", WishKind::unclear},
    {"手续费多少", WishKind::unclear},
    // stories of refunds
    {"why was I refunded only 45 yuan?", WishKind::status},
    {"I never asked for a refund of the Longjing", WishKind::status},
    {"我没有要退款", WishKind::status},
    {"you refunded the wrong cup", WishKind::status},
    // the state of a payment
    {"我付的钱到了吗？", WishKind::status},
    {"到账了吗", WishKind::status},
    {"我付了", WishKind::status},
    {"我已经付款了", WishKind::status},
    {"付款成功了吗", WishKind::status},
    {"查一下订单", WishKind::status},
    {"退款到了吗", WishKind::status},
    {"Did my payment arrive?", WishKind::status},
    {"has the payment gone through", WishKind::status},
    {"I have paid", WishKind::status},
    {"I've paid already", WishKind::status},
    {"what's the payment status", WishKind::status},
    {"did you get the money?", WishKind::status},
    {"Did my refund arrive?", WishKind::status},
    {"where is my order", WishKind::status},
    // canceling
    {"取消订单", WishKind::cancel},
    {"算了，不要了", WishKind::cancel},
    {"不买了", WishKind::cancel},
    {"cancel it", WishKind::cancel},
    {"please cancel my order", WishKind::cancel},
    {"never mind", WishKind::cancel},
    {"I don't want it any more", WishKind::cancel},
    // renewing
    {"重新生成付款", WishKind::renew},
    {"再付一次", WishKind::renew},
    {"续订", WishKind::renew},
    {"重新下单", WishKind::renew},
    {"Please renew it.", WishKind::renew},
    {"I want to pay again", WishKind::renew},
    {"can you send a new link", WishKind::renew},
    // refunds
    {"退款", WishKind::refund},
    {"我要退货", WishKind::refund},
    {"I want a refund", WishKind::refund},
    {"can I get my money back", WishKind::refund},
    // no
    {"不用退了", WishKind::nothing},
    {"别取消", WishKind::nothing},
    {"don't cancel", WishKind::nothing},
    {"do not refund", WishKind::nothing},
    // politeness
    {"你好", WishKind::greeting},
    {"您好！", WishKind::greeting},
    {"hi", WishKind::greeting},
    {"Hello!", WishKind::greeting},
    {"谢谢！", WishKind::thanks},
    {"Thank you!", WishKind::thanks},
    {"thanks a lot", WishKind::thanks},
    {"help", WishKind::help},
    {"你能做什么", WishKind::help},
    // nonsense
    {"asdf qwer", WishKind::unclear},
    {"……", WishKind::unclear},
    {"", WishKind::unclear},
    {"天气怎么样", WishKind::unclear},
    {"what is the weather", WishKind::unclear},
};

TEST(Wish, UnderstandsWhatCustomersSay) {
  for (const Case& c : kCases) {
    const Wish wish = understand(c.said, false);
    EXPECT_EQ(to_string(wish.kind), to_string(c.kind)) << c.said;
    if (c.kind != WishKind::buy && c.kind != WishKind::price) continue;
    EXPECT_EQ(wish.goods.size(), c.goods.size()) << c.said;
    for (std::size_t i = 0; i < std::min(wish.goods.size(), c.goods.size()); ++i) {
      EXPECT_EQ(wish.goods[i].words, c.goods[i].first) << c.said;
      EXPECT_EQ(wish.goods[i].quantity, c.goods[i].second) << c.said;
    }
  }
}

TEST(Wish, ABareNameIsAnOrderOnlyWhenTheShopHasAsked) {
  EXPECT_EQ(understand("jasmine", false).kind, WishKind::unclear);
  EXPECT_EQ(understand("jasmine", true).kind, WishKind::buy);
  EXPECT_EQ(understand("龙井", true).kind, WishKind::buy);
}

struct RefundCase {
  const char* said;
  bool all;
  std::int64_t amount_fen;  // 0: none
  const char* words;        // nullptr: no goods
  int quantity;
};

const RefundCase kRefunds[] = {
    {"全部退款", true, 0, nullptr, 0},
    {"全额退款吧", true, 0, nullptr, 0},
    {"refund everything", true, 0, nullptr, 0},
    {"I want a full refund", true, 0, nullptr, 0},
    {"退款10元", false, 1000, nullptr, 0},
    {"退我12.5元", false, 1250, nullptr, 0},
    {"退¥3.05", false, 305, nullptr, 0},
    {"再给我退款500元", false, 50000, nullptr, 0},
    {"退五块钱", false, 500, nullptr, 0},
    {"Actually, refund me 500 yuan.", false, 50000, nullptr, 0},
    {"refund 5.50 yuan", false, 550, nullptr, 0},
    {"退一包龙井茶", false, 0, "龙井茶", 1},
    {"有一包破了，请退一包龙井茶", false, 0, "龙井茶", 1},
    {"One pack arrived torn. Please refund one Longjing tea.", false, 0, "longjing tea", 1},
    {"refund two teapots", false, 0, "teapots", 2},
    {"退款", false, 0, nullptr, 0},
    {"I want a refund", false, 0, nullptr, 0},
};

TEST(Wish, ReadsWhatIsToBeRefunded) {
  for (const RefundCase& c : kRefunds) {
    const Wish wish = understand(c.said, false);
    ASSERT_EQ(wish.kind, WishKind::refund) << c.said;
    EXPECT_EQ(wish.all, c.all) << c.said;
    EXPECT_EQ(wish.amount_fen.value_or(0), c.amount_fen) << c.said;
    if (c.words) {
      ASSERT_EQ(wish.goods.size(), 1u) << c.said;
      EXPECT_EQ(wish.goods[0].words, c.words) << c.said;
      EXPECT_EQ(wish.goods[0].quantity, c.quantity) << c.said;
    } else {
      for (const Goods& goods : wish.goods)
        EXPECT_TRUE(goods.words.empty() && !goods.counted) << c.said << ": " << goods.words;
    }
  }
}

// Words of refunding that leave open what, or how much: the shop asks what is meant, and returns nothing.
TEST(Wish, ADoubtfulRefundNamesNothing) {
  for (const char* said : {"退1分",
                           "退１角",
                           "退1角",
                           "退5毛",
                           "refund 2 jiao",
                           "refund 10 fen",
                           "refund 5 dollars",
                           "refund $5",
                           "退-5元",
                           "refund one and a half teapots",
                           "退一个半茶杯",
                           "退一半",
                           "退百分之十",
                           "refund 10%",
                           "how do refunds work? do you refund everything?",
                           "refund all but one",
                           "除了一个茶杯，其他都退",
                           "refund everything except the teapot",
                           "退一个茶杯两包龙井",
                           "能全部退款吗？怎么退",
                           "refund 1.5 teapots",
                           "if I don't like it, do you refund everything?",
                           "refund 0 teapots"}) {
    const Wish wish = understand(said, false);
    if (wish.kind == WishKind::status) continue;  // an answer that moves nothing either
    EXPECT_EQ(wish.kind, WishKind::refund) << said;
    EXPECT_FALSE(wish.all) << said;
    EXPECT_FALSE(wish.amount_fen) << said;
    EXPECT_TRUE(wish.goods.empty()) << said;
  }
}

TEST(Numbers, ChineseNumerals) {
  EXPECT_EQ(first_quantity("十五包")->count, 15);
  EXPECT_EQ(first_quantity("二十三个")->count, 23);
  EXPECT_EQ(first_quantity("一百二十个")->count, 120);
  EXPECT_FALSE(first_quantity("一下")) << "without a measure word it is mostly part of a word";
}

TEST(Numbers, SizesAndMoneyAreNotQuantities) {
  EXPECT_FALSE(first_quantity("100克"));
  EXPECT_FALSE(first_quantity("100 g"));
  EXPECT_FALSE(first_quantity("12.50"));
  EXPECT_FALSE(first_quantity("¥12"));
  EXPECT_FALSE(first_quantity("12元"));
}

TEST(Numbers, AmountsAreExact) {
  EXPECT_EQ(first_amount_fen("12.34元"), 1234);
  EXPECT_EQ(first_amount_fen("¥0.01"), 1);
  EXPECT_EQ(first_amount_fen("三块钱"), 300);
  EXPECT_FALSE(first_amount_fen("12.345元")) << "more decimals than fen";
  EXPECT_FALSE(first_amount_fen("两包"));
}

// Patterns take the square of the length in time and its like in stack: 8,000 zeros ended the process.
TEST(Wish, is_not_looked_for_in_endless_text) {
  for (const std::string& piece : {std::string("0"), std::string("一"), std::string("1 包"), std::string("not refund "),
                                   std::string("- "), std::string("buy two teapots, ")}) {
    std::string text;
    while (text.size() < 100'000) text += piece;
    EXPECT_EQ(understand(text, false).kind, WishKind::unclear) << piece;
    EXPECT_EQ(understand(text, true).kind, WishKind::unclear) << piece;
  }
  EXPECT_EQ(understand("buy 2 teapots" + std::string(21, '0'), false).kind, WishKind::unclear);
  EXPECT_EQ(understand("buy 2 teapots", false).kind, WishKind::buy);
}

}  // namespace
}  // namespace purser::dialogue
