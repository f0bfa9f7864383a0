// How clauses are read: names and what a colon says of them, words that turn others, and how far they do.
#include "validation/rules/clauses.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

std::string joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// The words of every statement, or its text where it has none.
std::string stated(std::string_view text) {
  std::string out;
  for (const Statement& statement : statements_of(text)) {
    const std::string plain(ascii::trimmed(statement.text, " "));
    out += (out.empty() ? "" : " | ") +
           (holds_chinese(plain) || statement.words.empty() ? plain : joined(statement.words));
  }
  return out;
}

TEST(ClausesTest, ANameAndItsValueAreAStatementMore) {
  const std::pair<const char*, const char*> cases[] = {
      {"Payment status: received", "payment is received | payment status | received"},
      {"Status: paid", "order is paid | status | paid"},
      {"Payment: 4 yuan", "payment 4 yuan | payment | 4 yuan"},
      {"The payment of tea: received", "payment of tea is received | the payment of tea | received"},
      {"The payment of my tea: received", "the payment of my tea | received"},
      {"Tea: received", "tea | received"},
      {"Payment, received", "payment | received"},
      {"Payment: received?", "payment | "},
      {"Payment: if received", "payment"},
      {"Payment:", "payment | "},
      {"Payment:\n received", "payment is received | payment |  | received"},
      {"付款：已完成", "付款已完成 | 付款 | 已完成"},
      {"付款状态：已完成", "付款已完成 | 付款状态 | 已完成"},
      {"状态：已完成", "订单已完成 | 状态 | 已完成"},
      {"茶茶茶茶茶茶茶茶付款：完", "茶茶茶茶茶茶茶茶付款完 | 茶茶茶茶茶茶茶茶付款 | 完"},
      {"茶茶茶茶茶茶茶茶茶付款：完", "茶茶茶茶茶茶茶茶茶付款 | 完"},
      {"茶：已完成", "茶 | 已完成"},
      {"Payment: 已完成", "付款已完成 | payment | 已完成"},
      {"Refund: 已完成", "退款已完成 | refund | 已完成"},
      {"Order: 已完成", "订单已完成 | order | 已完成"},
      {"付款：吗", "付款"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(stated(text), expected) << text;
  EXPECT_EQ(joined(statements_of("付款：done").front().words), "payment is done");
  EXPECT_EQ(joined(statements_of("退款：done").front().words), "refund is done");
}

TEST(ClausesTest, ALetterOrTwoBehindAWordAreReadOver) {
  EXPECT_EQ(joined(words_of("paidxx paidxxx")), "paid paidxxx");
  EXPECT_EQ(joined(words_of("successfulx refundedly")), "successful refunded");
  EXPECT_EQ(joined(words_of("already fully paid")), "paid");
  EXPECT_EQ(joined(words_of("it's4 you")), "it's4 you");
}

TEST(ClausesTest, AWishIsNoFact) {
  EXPECT_TRUE(stands({"to", "your", "card"}, 1, 2)) << "where to";
  EXPECT_FALSE(stands({"to", "pay", "card"}, 1, 2));
  EXPECT_FALSE(stands({"paid", "to"}, 0, 1));
  EXPECT_FALSE(stands({"will", "paid"}, 1, 1));
  EXPECT_TRUE(stands({"will", "tea", "paid"}, 2, 2)) << "a wish turns the next word alone";
  EXPECT_TRUE(stands({"paid", "will"}, 0, 0));
  EXPECT_FALSE(stands({"tea", "not", "tea", "paid"}, 3, 3)) << "a negation all of them";
  EXPECT_FALSE(stands({"isn't", "paid"}, 1, 1));
}

TEST(ClausesTest, AParticipleStandsBehindAnAuxiliary) {
  EXPECT_TRUE(participle_stands({"paid"}, 0));
  EXPECT_TRUE(participle_stands({"paid", "4"}, 0));
  EXPECT_TRUE(participle_stands({"paid", "in", "full"}, 0));
  EXPECT_FALSE(participle_stands({"paid", "tea"}, 0));
  EXPECT_TRUE(participle_stands({"is", "paid"}, 1));
  EXPECT_FALSE(participle_stands({"tea", "paid"}, 1));
  EXPECT_FALSE(participle_stands({"not", "is", "paid"}, 2));
  EXPECT_TRUE(participle_stands({"consider", "it", "paid"}, 2));
  EXPECT_FALSE(participle_stands({"consider", "paid"}, 1));
  EXPECT_FALSE(participle_stands({"consider", "it", "tea", "paid"}, 3));
  EXPECT_FALSE(participle_stands({"not", "consider", "it", "paid"}, 3));
}

TEST(ClausesTest, WordsLeadToOthersWithinReach) {
  constexpr std::string_view then[] = {"done"};
  EXPECT_TRUE(follows({"tea", "x", "done"}, 0, then, 2));
  EXPECT_FALSE(follows({"tea", "x", "x", "done"}, 0, then, 2));
  EXPECT_FALSE(follows({"done", "tea"}, 1, then, 2));
  EXPECT_FALSE(follows({"tea", "not", "done"}, 0, then, 2));
  EXPECT_TRUE(leads_to({"done", "x", "tea"}, 2, then, 2));
  EXPECT_FALSE(leads_to({"done", "x", "x", "tea"}, 3, then, 2));
  EXPECT_FALSE(leads_to({"tea", "done"}, 0, then, 2));
  EXPECT_FALSE(leads_to({"done", "not", "tea"}, 2, then, 2));
}

TEST(ClausesTest, ChineseBeginsWhereItsCharactersDo) {
  EXPECT_TRUE(holds_chinese("a\u3001"));
  EXPECT_TRUE(holds_chinese("茶"));
  EXPECT_FALSE(holds_chinese("\u2FFF"));
  EXPECT_FALSE(holds_chinese("é"));
  EXPECT_FALSE(holds_chinese(""));
}

TEST(ClausesTest, APhraseIsTurnedFromEitherSide) {
  const std::string_view paid = "支付成功";
  EXPECT_TRUE(phrase_stands("茶支付成功茶", 3, 3 + paid.size()));
  EXPECT_FALSE(phrase_stands("未支付成功", 3, 3 + paid.size()));
  EXPECT_FALSE(phrase_stands("支付成功后", 0, paid.size()));
  EXPECT_TRUE(phrase_stands("支付成功茶后", 0, paid.size())) << "right behind it alone";
  EXPECT_TRUE(phrase_stands("没问题没错支付成功", 15, 15 + paid.size()));
}

}  // namespace
}  // namespace purser::rules
