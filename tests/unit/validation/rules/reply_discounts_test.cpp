// Which discounts a reply may promise: those that the catalogue gives, and what the shop itself says of its goods.
#include "validation/rules/reply_discounts.hpp"

#include "tests/unit/validation/rules/ledger_states.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

bool promises(std::string_view text, const std::vector<std::int64_t>& percents = {},
              const std::vector<std::string>& told = {}) {
  return promises_discount(clauses_of(text), percents, told);
}

TEST(ReplyDiscountsTest, WhatTheCatalogueGivesMayBeTold) {
  for (const char* text : {"满3件打九折", "三件起9折", "from three on it is 10% off", "ten percent off from three on",
                           "三件以上优惠10%", "a discount of 10 percent"}) {
    EXPECT_TRUE(promises(text)) << text;
    EXPECT_FALSE(promises(text, {10})) << text;
    EXPECT_TRUE(promises(text, {20})) << text;
  }
  for (const char* text : {"八五折", "8.5折", "85折", "八点五折", "15% off"}) {
    EXPECT_TRUE(promises(text, {20})) << text;
    EXPECT_FALSE(promises(text, {15})) << text;
  }
}

TEST(ReplyDiscountsTest, TheWordsOfTheShopMayBeRepeated) {
  EXPECT_TRUE(promises("全场包邮"));
  EXPECT_FALSE(promises("全场包邮", {}, {"龙井茶，包邮"}));
  EXPECT_TRUE(promises("free shipping on all teas"));
  EXPECT_FALSE(promises("free shipping on all teas", {}, {"tea, free shipping"}));
}

TEST(ReplyDiscountsTest, WhatIsFoldedOrFreeOfSomethingIsNoDiscount) {
  for (const char* text : {"八折扇", "九折页", "feel free to ask", "sugar-free tea", "free of pesticides", "免费咨询",
                           "canceling is free of charge", "we are free today", "50% cotton", "不打八折",
                           "no half price", "打几折？", "is it half price?", "half a pack"})
    EXPECT_FALSE(promises(text)) << text;
}

TEST(ReplyDiscountsTest, EveryFoldAndPercentageIsLookedAt) {
  for (const char* text : {"八折扇打七折", "八零折", "Hello, it is half price", "8折", "打9折或8折",
                           "the % is what counts, that is 20 percent off", "by some % or 20 percent off"})
    EXPECT_TRUE(promises(text, {10})) << text;
  EXPECT_FALSE(promises("八零折", {20}));
  EXPECT_FALSE(promises("some percent off", {10}));
}

TEST(ReplyDiscountsTest, SomethingForNothing) {
  for (const char* text : {"满100减50", "买一送一", "buy 2 get 1 free", "It's free", "The tea is free with any box",
                           "The tea is free of charge", "Free of charge for you", "free of cost", "You get tea free",
                           "get one free", "全场包邮不限地区", "茶叶免费", "免费"})
    EXPECT_TRUE(promises(text)) << text;
  for (const char* text : {"送茶之前请先买", "送货", "The tea is free of pesticides", "It is free from sugar",
                           "Tell me what the tea is free of", "不包邮", "没有半价", "不免费", "今天半价？", "八折？",
                           "Is it free", "buy one and get well", "we are free", "满100元，送货快，减轻您的负担"})
    EXPECT_FALSE(promises(text)) << text;
}

TEST(ReplyDiscountsTest, OneTextOfTheShopIsEnough) {
  EXPECT_FALSE(promises("全场包邮", {}, {"茶", "龙井茶，包邮"}));
  EXPECT_FALSE(promises("茶叶免费", {}, {"茶", "茶叶免费"}));
  EXPECT_FALSE(promises("free shipping on all teas", {}, {"tea", "tea, free shipping"}));
  EXPECT_FALSE(promises("the tea is free", {}, {"tea", "free"}));
}

TEST(ReplyDiscountsTest, TheCodeIsOneOfTheRules) {
  const auto checked = reply_truth("今天半价。", state_of_ledger("S0b"));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(code_of(checked.code()), "reply_discount_untrue");
}

}  // namespace
}  // namespace purser::rules
