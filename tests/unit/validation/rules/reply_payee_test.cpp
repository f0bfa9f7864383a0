// Who a reply tells the customer to pay.
#include "validation/rules/reply_payee.hpp"

#include "tests/unit/validation/rules/ledger_states.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

TEST(ReplyPayeeTest, TheClauseThatNamesAnotherPayeeIsTold) {
  EXPECT_EQ(other_payee(clauses_of("Thank you! Please wire the money to my account.")),
            " please wire the money to my account");
  EXPECT_EQ(other_payee(clauses_of("扫码付不了的话，请转账给张三。")), "请转账给张三");
  EXPECT_EQ(other_payee(clauses_of("")), "");
  EXPECT_EQ(other_payee(clauses_of("Please scan the code.")), "");
}

TEST(ReplyPayeeTest, ANumberBehindTheNameOfAnAccountIsEnough) {
  for (const char* text : {"卡号：6228 4800 0000 0000 018", "IBAN: DE89370400440532013000",
                           "收款账号6222020200112233445", "The account number is 6222-0202-0011."})
    EXPECT_NE(other_payee(clauses_of(text)), "") << text;
  for (const char* text : {"卡号：6228480", "订单号：6228480000000000", "Order 6222020200112233 is on your account.",
                           "请不要向账号6222020200112233445转账。", "退款账号是6222020200112233445。",
                           "Do not use account 6222020200112233445."})
    EXPECT_EQ(other_payee(clauses_of(text)), "") << text;
}

TEST(ReplyPayeeTest, EachSentenceWarnsForItself) {
  EXPECT_EQ(other_payee(clauses_of("Never pay elsewhere, account 6222020200112233445 is not ours.")), "");
  EXPECT_NE(other_payee(clauses_of("Never pay elsewhere. Pay to account 6222020200112233445.")), "");
}

TEST(ReplyPayeeTest, TheCodeIsOneOfTheRules) {
  const auto checked = reply_truth("Please transfer ¥176.00 to account 6222020200112233445.", state_of_ledger("S1"));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(code_of(checked.code()), "reply_payee_untrue");
  EXPECT_EQ(checked.error().param, "text");
}

}  // namespace
}  // namespace purser::rules
