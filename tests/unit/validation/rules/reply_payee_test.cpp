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

void expect_payee(std::initializer_list<const char*> named, std::initializer_list<const char*> none) {
  for (const char* text : named) EXPECT_NE(other_payee(clauses_of(text)), "") << text;
  for (const char* text : none) EXPECT_EQ(other_payee(clauses_of(text)), "") << text;
}

TEST(ReplyPayeeTest, AChineseRequestMovesMoneyToSomebody) {
  expect_payee({"不方便扫码请转账给张三", "请把CNY 88转给张三", "请转账176元", "麻烦把款付给店长"},
               {"转账失败", "我们查到您直接转账了", "请勿转账给他", "请用微信扫码支付176元", "请把问题转给客服",
                "您是转账付款的吗？", "您是转账付款的吗", "退款会转给您"});
}

TEST(ReplyPayeeTest, AnotherWalletIsOfferedInChinese) {
  expect_payee({"支付宝也行", "卡号：62284800", "扫不了码也可以用支付宝", "付款请加店长微信", "可以用paypal"},
               {"比特币很贵", "6222020 is the bank account", "支付宝用不了", "不支持支付宝", "您的支付宝可以退款",
                "加微信聊茶"});
}

TEST(ReplyPayeeTest, AnEnglishRequestSaysHowAndWhereTo) {
  expect_payee(
      {"So for this order today please wire the money to my account.", "Please send a note and pay to alipay pay@evil.",
       "Please pay the whole sum that is still due for your two packs via alipay.",
       "Please pay via the new shop's own alipay.", "Please send 176 yuan to 62220202.",
       "Please send the money to my boss.", "Do send the money to my WeChat.", "Pay to alipay pay@evil"},
      {"Then send the money to your account.", "Please send 176 yuan in your wallet to your friend.",
       "Please send 176 yuan to complete the order.", "Please send 176 yuan to finish the order.",
       "Please pay 176 yuan to us, the bank is closed.", "I can send the money to my boss.", "Send the tea to my boss.",
       "Please send 176 yuan to 6222020.", "Did you send the money to my WeChat?", "They say you pay via alipay"});
}

TEST(ReplyPayeeTest, AnotherWalletIsOfferedInEnglish) {
  expect_payee({"My WeChat is there for the payment.", "We take Alipay.", "Send payment to WeChat ID pay8888."},
               {"We accept your order and send the tea.", "What is Alipay", "Your WeChat account can pay.",
                "My WeChat is there for you.", "You pay with WeChat", "WeChat"});
}

TEST(ReplyPayeeTest, TheCodeIsOneOfTheRules) {
  const auto checked = reply_truth("Please transfer ¥176.00 to account 6222020200112233445.", state_of_ledger("S1"));
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(code_of(checked.code()), "reply_payee_untrue");
  EXPECT_EQ(checked.error().param, "text");
}

}  // namespace
}  // namespace purser::rules
