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

TEST(ReplyDiscountsTest, TheCodeIsOneOfTheRules) {
  const auto checked = reply_truth("今天半价。", state_of_ledger("S0b"));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(code_of(checked.code()), "reply_discount_untrue");
}

}  // namespace
}  // namespace purser::rules
