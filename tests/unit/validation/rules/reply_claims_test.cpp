// What a sentence claims, and what beside the words of a claim turns it: how far a word reaches, where a sentence ends.
#include "validation/rules/reply_claims.hpp"

#include "validation/rules/clauses.hpp"
#include "validation/rules/reply_states.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

struct Claimed {
  const char* text;
  bool paid = false;
  bool refunded = false;
  bool started = false;
};

void expect_claims(const Claimed& claimed) {
  const ReplyClaims claims = claims_of(claimed.text);
  EXPECT_EQ(claims.paid, claimed.paid) << claimed.text;
  EXPECT_EQ(claims.refunded, claimed.refunded) << claimed.text;
  EXPECT_EQ(claims.refund_started, claimed.started) << claimed.text;
  EXPECT_EQ(claims.clauses.size(), claims.of_clause.size());
  EXPECT_EQ(claims.clauses.empty(), !claimed.paid && !claimed.refunded && !claimed.started) << claimed.text;
}

// `count` words that mean nothing here.
std::string filler_words(std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += "tea ";
  return out;
}

TEST(ReplyClaimsTest, EnglishPayments) {
  const Claimed cases[] = {
      {"Payment received.", true},
      {"payment link received", false},
      {"Payment details confirmed.", false},
      {"We received your payment link", false},
      {"We processed tea and cups for your payment", false},
      {"Payment of 4 yuan by your bank card was received.", true},
      {"We accepted payment.", true},
      {"The payment to our shop was received.", true},
      {"The payment to us is to be received.", false},
      {"We wait for the payment to be received.", false},
      {"We got your full payment.", true},
      {"We may have got payment.", false},
      {"We should have received your payment.", false},
      {"Thanks for the payment", true},
      {"Thx for paying", true},
      {"Thank you for not paying twice", false},
      {"Paying is easy.", false},
      {"Charged 4 yuan.", true},
      {"Paid in full.", true},
      {"Paid CNY 4.", true},
      {"Paid plans are not sold here.", false},
      {"Your card is charged.", true},
      {"Your card will be charged.", false},
      {"By then you will have paid.", false},
      {"A wizard paid", false},
  };
  for (const Claimed& claimed : cases) expect_claims(claimed);
}

TEST(ReplyClaimsTest, SumsThatCame) {
  const Claimed cases[] = {
      {"We got your ¥4.", true},
      {"I have received your 4 yuan.", true},
      {"¥4 received", true},
      {"Got ¥4.", true},
      {"You got ¥4.", false, true},
      {"You have received ¥4.", false, true},
      {"You've received ¥4.", false, true},
      {"We have received ¥4.", true},
      {"We will have received ¥4 by then.", false},
      {"We should have got ¥4.", false},
      {"I can say I got ¥4.", true},
      {"You can see ¥4 arrived.", true},
      {"We never received ¥4.", false},
      {"We received nothing of ¥4 and got ¥4 back.", false},
      {"We received your letter.", false},
      {"The question arrived, we got no answer, ¥4 arrived.", true},
      {"收了您4元", true},
      {"我们收到4元", true},
      {"您已收到4元", false, true},
      {"您已经收到4元", false, true},
      {"收到的商品收了您4元", true},
      {"还没收到4元", false},
      {"收到4元后发货", false},
      {"收到您的来信", false},
  };
  for (const Claimed& claimed : cases) expect_claims(claimed);
}

TEST(ReplyClaimsTest, EnglishRefunds) {
  const Claimed cases[] = {
      {"Refund done.", false, true},
      {"The refund of 4 yuan to your card was successful.", false, true},
      {"The refund to the card you used is complete.", false, true},
      {"The refund is to be completed.", false},
      {"The refund is expected to arrive, and it is not there to be returned.", false},
      {"Refund requested.", false, false, true},
      {"I submitted the refund.", false, false, true},
      {"I submitted a full refund.", false, false, true},
      {"Submitted refund.", false, false, true},
      {"I have not submitted the refund.", false, false, false},
      {"I can have submitted your refund by noon.", false, false, true},
      {"We will issue a refund.", false, false, false},
      {"You were refunded.", false, true},
      {"You can be refunded.", false, false},
      {"The full sum was returned.", false, true},
      {"The tea was returned.", false, false},
      {"The processed tea needs no refund.", false, false, false},
      {"Your refund is complete and was submitted on Monday.", false, true, true},
  };
  for (const Claimed& claimed : cases) expect_claims(claimed);
}

TEST(ReplyClaimsTest, ChinesePaymentsAndRefunds) {
  const Claimed cases[] = {
      {"支付成功", true},
      {"您的订单支付成功", true},
      {"退款时支付成功", false},
      {"已退还支付的款项", false, true},
      {"已提交退款申请", false, false, true},
      {"已退款", false, true},
      {"退款未完成", false},
      {"退款处理中", false, false, true},
      {"尚未支付成功", false},
      {"支付成功后通知您", false},
      {"没问题支付成功", true},
  };
  for (const Claimed& claimed : cases) expect_claims(claimed);
}

TEST(ReplyClaimsTest, AClaimKeepsWhatItSaysClauseByClause) {
  const ReplyClaims claims = claims_of("Payment received. The refund was submitted; your refund is complete. Hello.");
  ASSERT_EQ(claims.clauses.size(), 3U);
  EXPECT_EQ(claims.clauses[0], "payment received");
  EXPECT_TRUE(claims.of_clause[0].paid && !claims.of_clause[0].refunded && !claims.of_clause[0].refund_started);
  EXPECT_TRUE(!claims.of_clause[1].paid && !claims.of_clause[1].refunded && claims.of_clause[1].refund_started);
  EXPECT_TRUE(!claims.of_clause[2].paid && claims.of_clause[2].refunded && !claims.of_clause[2].refund_started);
}

TEST(ReplyClaimsTest, WhatIsAskedToBePaid) {
  for (const char* text : {"Pay ¥4", "Please pay ¥4", "You owe ¥4", "¥4 is due", "请支付4元", "您需付4元"})
    EXPECT_EQ(claims_of(text).asking.size(), 1U) << text;
  for (const char* text : {"Due ¥4", "Others pay ¥4", "Please pay", "请支付", "无需支付4元", "Do you pay ¥4?"})
    EXPECT_TRUE(claims_of(text).asking.empty()) << text;
}

TEST(ReplyClausesTest, AWordTurnsWhatStandsAtMostThirtyWordsBehindIt) {
  const auto far = [](const char* turn, std::size_t between, const char* claim) {
    return !claims_of(std::string(turn) + " " + filler_words(between) + claim).paid;
  };
  for (const char* turn : {"if", "not", "after"}) {
    EXPECT_TRUE(far(turn, 0, "is paid")) << turn;
    EXPECT_TRUE(far(turn, 29, "is paid")) << turn;
  }
  EXPECT_FALSE(far("not", 30, "is paid"));
  EXPECT_TRUE(far("you said", 0, "you paid"));
  EXPECT_TRUE(far("you said", 28, "is paid"));
  EXPECT_FALSE(far("you said", 29, "is paid"));
  EXPECT_FALSE(far("we said", 0, "is paid"));
  EXPECT_FALSE(far("you see we said", 0, "is paid"));
  EXPECT_FALSE(stands({"payment", "not"}, 0, 1));
  EXPECT_FALSE(stands({"payment", "cannot", "arrived"}, 0, 2));
  EXPECT_FALSE(stands({"payment", "may", "arrived"}, 0, 2));
  EXPECT_FALSE(stands({"may", "payment", "arrived"}, 1, 2));
  EXPECT_TRUE(stands({"may", "see", "payment", "arrived"}, 2, 3));
  EXPECT_TRUE(stands({"payment", "arrived", "not"}, 0, 1));
}

TEST(ReplyClausesTest, ChineseWordsReachFortyCharacters) {
  const auto far = [](std::size_t characters) {
    std::string text = "未";
    for (std::size_t i = 0; i < characters; ++i) text += "茶";
    return !claims_of(text + "支付成功").paid;
  };
  EXPECT_FALSE(claims_of("我们在系统里为您仔细核对了这一笔订单的全部内容以及店里的账目记录和商品库存情况").paid);
  EXPECT_TRUE(
      claims_of("我们在系统里为您仔细核对了这一笔订单的全部内容以及店里的账目记录和商品库存情况现在支付成功可以请客")
          .paid);
  EXPECT_TRUE(far(0));
  EXPECT_TRUE(far(39));
  EXPECT_FALSE(far(40));
}

TEST(ReplyClausesTest, AQuestionIsOneToItsMark) {
  for (const char* text : {"Have you paid?", "Has it been paid, or was it canceled?", "您已支付？", "您已支付了吗",
                           "Is it paid: yes or no?"})
    EXPECT_FALSE(claims_of(text).paid) << text;
  for (const char* text : {"Have received payment. Anything else?", "Your payment was received, anything else?",
                           "Payment received. Have you more wishes?", "Is it tea? Payment received.",
                           "Is it tea?Payment received", "It is paid… is it well?"})
    EXPECT_TRUE(claims_of(text).paid) << text;
}

TEST(ReplyClausesTest, AConditionGoesOnOnlyWithAnd) {
  for (const char* text :
       {"If it works, and you have paid, I tell you.", "Once it works, or you have paid, I tell you.",
        "如果可以，并且您已支付，我会通知您", "If it works, and it is tea, and you have paid, I tell you."})
    EXPECT_FALSE(claims_of(text).paid) << text;
  for (const char* text :
       {"If it works. And you have paid.", "If it works, you have paid.", "And you have paid.",
        "如果可以。并且您已支付", "It works, and you have paid.", "If it works, well, and you have paid."})
    EXPECT_TRUE(claims_of(text).paid) << text;
}

TEST(ReplyClausesTest, MarksWithinFiguresEndNothing) {
  const auto clauses = clauses_of("Pay ¥1,299.00 at 14:05, Please. Ok? 好，行");
  ASSERT_EQ(clauses.size(), 5U);
  EXPECT_EQ(clauses[0].text, "pay ¥1,299.00 at 14:05");
  EXPECT_TRUE(clauses[0].first);
  EXPECT_EQ(clauses[1].text, " please");
  EXPECT_FALSE(clauses[1].first);
  EXPECT_FALSE(clauses[1].question);
  EXPECT_TRUE(clauses[2].first);
  EXPECT_TRUE(clauses[2].question);
  EXPECT_TRUE(clauses[3].first) << "after a question too";
  EXPECT_FALSE(clauses[4].first);
  EXPECT_EQ(clauses_of("7.a")[0].text, "7");
  EXPECT_EQ(clauses_of("a.7")[0].text, "a");
  EXPECT_EQ(clauses_of("7.").size(), 2U);
  EXPECT_EQ(clauses_of("AZ")[0].text, "az");
  EXPECT_EQ(words_of("just you've paid, 4 now"), (Words{"you've", "paid", "4"}));
}

}  // namespace
}  // namespace purser::rules
