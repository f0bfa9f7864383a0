#include "validation/rules/reply_truth.hpp"

#include "tests/support/samples.hpp"
#include "validation/rules/reply_claims.hpp"
#include "validation/rules/reply_links.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using samples::fen;

const LedgerFacts kNothing{};

LedgerFacts paid() {
  LedgerFacts facts;
  facts.payment_succeeded = true;
  return facts;
}

LedgerFacts refunded() {
  LedgerFacts facts = paid();
  facts.refund_succeeded = true;
  return facts;
}

LedgerFacts refunding() {
  LedgerFacts facts = paid();
  facts.refund_pending = true;
  return facts;
}

const char* const kPaidClaims[] = {
    "Payment received!",
    "Your payment was received.",
    "Your payment has been successfully received, thank you.",
    "The payment was successful.",
    "Payment successful",
    "Your payment is complete.",
    "Payment confirmed: we are packing your tea.",
    "The payment has gone through.",
    "The payment went through.",
    "We have received your payment of ¥398.00.",
    "I can confirm that your payment was received.",
    "You have paid 398.00 CNY.",
    "You've already paid.",
    "You’ve already paid.",
    "The order is paid.",
    "Your order has already been paid in full",
    "Paid!",
    "Status: paid",
    "Great news — your order has now been paid.",
    "Thank you for your payment!",
    "Thanks for paying.",
    "Your card was charged ¥398.00.",
    "No problem, payment received.",
    "PAYMENT RECEIVED",
    "Ｐａｙｍｅｎｔ ｒｅｃｅｉｖｅｄ",
    "Pay\u200Bment recei\u202Eved",
    "**Payment received**",
    "pay<b></b>ment received",
    "If you want more tea, tell me. Your payment was received.",
    "Payment received, shall we ship it?",
    "已支付",
    "您已支付398元。",
    "订单已经支付，请放心。",
    "支付成功！",
    "您的付款已成功。",
    "付款成功，我们会尽快发货",
    "已收到您的付款。",
    "我们收到了您的付款，谢谢",
    "没问题，已付款。",
    "没问题已付款",
    "当前订单已支付",
    "状态：已支付",
    "款项已到账",
    "感谢您的付款！",
    "您已成功支付 ¥398.00",
    "您已经成功付款",
    "好的（已支付）",
};

const char* const kPaidTalk[] = {
    "You have not paid yet.",
    "It has not been paid yet.",
    "The payment hasn't been received.",
    "No payment has been received so far.",
    "Your payment was not successful.",
    "We haven't received your payment.",
    "Once you have paid, I will tell you.",
    "If you have paid, please wait a minute.",
    "After the payment is received, we ship.",
    "I will write as soon as the payment has been received.",
    "Have you paid?",
    "Have you already paid, or shall I cancel it?",
    "Was the payment successful?",
    "The amount to be paid is ¥398.00.",
    "¥398.00 must be paid within five minutes.",
    "Please pay ¥398.00 with the card below.",
    "Your order is unpaid.",
    "The payment failed.",
    "The payment will be confirmed within a minute.",
    "Waiting for the payment to be confirmed.",
    "You said you have paid, but I cannot see it.",
    "When the order is confirmed and you have paid, I will tell you.",
    "If the code works, and you have paid, I will tell you.",
    "I have created the payment link.",
    "I have prepared the payment.",
    "We accept payment by WeChat.",
    "Payment request created for ¥398.00.",
    "It isn't paid.",
    "It hasn’t been paid.",
    "The payment expired.",
    "Tap the card to pay; your payment is pending.",
    "Here are two teas for ¥398.00.",
    "您还没有支付。",
    "订单尚未支付",
    "还没收到您的付款",
    "暂时没有收到您的付款",
    "支付成功后，我会通知您。",
    "请完成支付。",
    "请在5分钟内完成付款",
    "如果您已支付，请稍等。",
    "您已经支付了吗？",
    "您已付款了吗",
    "是否已支付？",
    "等待支付完成",
    "等您支付完成我再通知您",
    "待支付",
    "未支付，已过期",
    "付款完成之后我们马上发货",
    "支付失败",
    "您说您已支付，但是系统里没有记录",
    "需要支付398元",
    "已为您创建支付二维码",
    "订单已创建，支付方式：微信",
    "已支付的订单可以申请退款",
    "一旦支付成功，我会告诉您",
};

const char* const kRefundedClaims[] = {
    "Your refund is complete.",
    "You have been refunded ¥199.00.",
    "I have refunded your order.",
    "We refunded you.",
    "The refund was successful.",
    "Your refund has arrived.",
    "¥199.00 was refunded.",
    "已退款",
    "退款成功",
    "已为您退款199元。",
    "款项已退还给您",
    "已经全额退款",
    "退款已到账",
    "钱已退回您的微信",
};

const char* const kStartedClaims[] = {
    "Your refund has been submitted.",
    "I have submitted your refund.",
    "The refund is being processed.",
    "Refund initiated.",
    "The refund is on its way.",
    "已提交退款申请。",
    "退款处理中",
    "正在为您退款",
    "已为您申请退款",
};

const char* const kRefundTalk[] = {
    "It has not been refunded.",
    "Once the refund is complete I will tell you.",
    "Do you want a refund?",
    "A refund can be made within seven days.",
    "This cannot be refunded.",
    "Has it been refunded?",
    "The refund was declined.",
    "How much should be refunded?",
    "The refund needs the approval of a person.",
    "还没有退款",
    "退款成功后会通知您",
    "您要退款吗？",
    "可以退款",
    "如果需要退款，请告诉我原因",
    "无法退款",
};

TEST(ReplyTruthTest, AClaimOfPaymentNeedsAPayment) {
  for (const char* text : kPaidClaims) {
    const auto reply = reply_truth(text, kNothing);
    EXPECT_FALSE(reply.ok()) << text;
    EXPECT_TRUE(reply.ok() || reply.code() == Errc::reply_payment_untrue) << text;
    EXPECT_TRUE(reply_truth(text, paid()).ok()) << text;
  }
}

TEST(ReplyTruthTest, TalkOfPaymentIsFree) {
  for (const char* text : kPaidTalk) {
    const auto reply = reply_truth(text, kNothing);
    EXPECT_TRUE(reply.ok()) << text;
    EXPECT_TRUE(!reply.ok() || reply->text == text) << text;
  }
}

TEST(ReplyTruthTest, AClaimOfARefundNeedsARefund) {
  for (const char* text : kRefundedClaims) {
    EXPECT_FALSE(reply_truth(text, paid()).ok()) << text;
    EXPECT_FALSE(reply_truth(text, refunding()).ok()) << text;
    EXPECT_TRUE(reply_truth(text, refunded()).ok()) << text;
  }
}

TEST(ReplyTruthTest, ARefundOnItsWayIsLessThanOneDone) {
  for (const char* text : kStartedClaims) {
    EXPECT_FALSE(reply_truth(text, paid()).ok()) << text;
    EXPECT_TRUE(reply_truth(text, refunding()).ok()) << text;
    EXPECT_TRUE(reply_truth(text, refunded()).ok()) << text;
  }
}

TEST(ReplyTruthTest, TalkOfRefundsIsFree) {
  for (const char* text : kRefundTalk) EXPECT_TRUE(reply_truth(text, kNothing).ok()) << text;
}

TEST(ReplyTruthTest, TheRefusalSaysWhatIsWrong) {
  EXPECT_NE(reply_truth("已支付", kNothing).error().message.find("no payment here has succeeded"), std::string::npos);
  EXPECT_NE(reply_truth("已退款", paid()).error().message.find("refund"), std::string::npos);
  EXPECT_EQ(reply_truth("\xFF", paid()).code(), Errc::malformed_text);
}

TEST(ReplyTruthTest, EachRuleHasItsOwnCode) {
  LedgerFacts facts = paid();
  facts.known = facts.amounts = facts.paid = {fen(39'800)};
  facts.minutes = {5};
  facts.order_canceled = false;
  const auto code = [&](const char* text) { return reply_truth(text, facts).code(); };
  EXPECT_EQ(reply_truth("You have paid.", kNothing).code(), Errc::reply_payment_untrue);
  EXPECT_EQ(code("Your money was refunded."), Errc::reply_refund_untrue);
  EXPECT_EQ(code("You have paid ¥1.00."), Errc::reply_sum_untrue);
  EXPECT_EQ(code("The order was canceled."), Errc::reply_state_untrue);
  EXPECT_EQ(code("It costs ¥1.00."), Errc::reply_figure_unknown);
  EXPECT_EQ(code("Please pay within 9 minutes."), Errc::reply_time_untrue);
  facts.money_words_from_templates = true;
  EXPECT_EQ(code("You have paid ¥398.00."), Errc::reply_money_words);
  facts.to_pay = {fen(39'800)};
  EXPECT_EQ(code("Please pay 1 yuan."), Errc::reply_request_untrue);
}

TEST(ReplyTruthTest, FiguresOfAClaimAreTheLedgers) {
  LedgerFacts facts = refunded();
  facts.amounts = {fen(39'800), fen(19'900), fen(129'900), fen(39'805)};
  for (const char* text :
       {"You have paid ¥398.00.", "You have paid ¥398.05.", "您已支付398元。", "Payment of CNY 398 received.",
        "已退款 199.00 元", "You have paid ¥398 for 2 teas.", "You have paid ¥1,299.00.", "已支付。总价 ¥5.00。"}) {
    EXPECT_TRUE(reply_truth(text, facts).ok()) << text;
  }
  for (const char* text : {"You have paid ¥399.00.", "您已支付 39.8 元。", "已退款100元", "Payment of CNY 1 received.",
                           "Refund complete for RMB 200", "¥399.00 was paid.", "¥399.00 was refunded."}) {
    const auto reply = reply_truth(text, facts);
    ASSERT_FALSE(reply.ok()) << text;
    EXPECT_EQ(reply.code(), Errc::reply_sum_untrue);
  }
  facts.paid = {fen(39'800)};
  facts.unit_prices = {fen(19'900)};
  facts.line_totals = {fen(39'800)};
  facts.refunded = {fen(5'000)};
  for (const char* text :
       {"At ¥199.00 a tin it was paid.", "You paid ¥398.00 and it was ¥398.00 in all and ¥50.00 came back."})
    EXPECT_TRUE(reply_truth(text, facts).ok()) << text;
  for (const char* text : {"You have paid ¥199.00.", "You have paid ¥199.00 for two teas.",
                           "You paid ¥398.00 each and ¥398.00 came back.", "You were reimbursed ¥398.00."})
    EXPECT_EQ(reply_truth(text, facts).code(), Errc::reply_sum_untrue) << text;
  facts = refunded();
  EXPECT_TRUE(reply_truth("You have paid ¥399.00.", facts).ok()) << "no figures given, none checked";
}

TEST(ReplyTruthTest, ATotalIsTheOrdersWhereAnOrderWaits) {
  LedgerFacts facts;
  facts.order_open = true;
  facts.to_pay = facts.order_totals = {fen(39'800)};
  for (const char* text : {"Your order total is ¥398.00.", "The total of three cups is ¥6.00.",
                           "Your order has a cup, ¥2.00.", "Your order total would be ¥400.00 with a cup."})
    EXPECT_TRUE(reply_truth(text, facts).ok()) << text;
  for (const char* text : {"Your order total is ¥1.00.", "Here is your tea. The order total is ¥1.00."})
    EXPECT_FALSE(reply_truth(text, facts).ok()) << text;
  facts.to_pay.clear();
  EXPECT_TRUE(reply_truth("Your order total is ¥1.00.", facts).ok()) << "no order waits";
  facts.to_pay = {fen(39'800)};
  facts.order_totals.clear();
  EXPECT_TRUE(reply_truth("Your order total is ¥1.00.", facts).ok()) << "nobody told its total";
}

TEST(ReplyTruthTest, WhatIsLeftToRefundIsTheLedgersInEachSentence) {
  LedgerFacts facts;
  facts.payment_succeeded = true;
  facts.refundable = {Money(5'000, Currency::cny())};
  const auto verdict = [&](std::string_view text) { return reply_truth(text, facts).code(); };
  EXPECT_TRUE(reply_truth("Up to ¥50.00 can be refunded.", facts).ok());
  EXPECT_EQ(verdict("Up to ¥80.00 can be refunded."), Errc::reply_refund_untrue);
  EXPECT_EQ(verdict("The tea is good. I cannot refund more. Up to ¥80.00 can be refunded."), Errc::reply_refund_untrue);
  EXPECT_EQ(verdict("茶很好。最多可退80元。"), Errc::reply_refund_untrue);
}

TEST(ReplyTruthTest, AnOrderIsOverForAnyOfThreeReasons) {
  const char* const closed = "The order was closed.";
  LedgerFacts facts;
  facts.order_open = true;
  facts.order_canceled = facts.order_expired = facts.payment_succeeded = false;
  EXPECT_FALSE(reply_truth(closed, facts).ok());
  for (bool LedgerFacts::*over :
       {&LedgerFacts::order_canceled, &LedgerFacts::order_expired, &LedgerFacts::payment_succeeded}) {
    facts.*over = true;
    EXPECT_TRUE(reply_truth(closed, facts).ok());
    facts.*over = false;
  }
}

TEST(ReplyTruthTest, AnotherOrderIsNamedByItsSumOrInWords) {
  LedgerFacts facts;
  facts.order_canceled = facts.order_expired = false;
  for (const char* text : {"Your earlier order was canceled.", "The order of ¥5.00 was canceled."}) {
    EXPECT_FALSE(reply_truth(text, facts).ok()) << text;
    facts.canceled = {fen(500)};
    EXPECT_TRUE(reply_truth(text, facts).ok()) << text;
    facts.canceled.clear();
  }
  facts.canceled = {fen(500)};
  EXPECT_FALSE(reply_truth("The order was canceled.", facts).ok());
}

TEST(ReplyTruthTest, SecondsAreThoseOfTheMinutesToo) {
  LedgerFacts facts;
  facts.minutes = {5};
  facts.seconds = {90};
  for (const char* text : {"You have 90 seconds to pay.", "You have 300 seconds to pay."})
    EXPECT_TRUE(reply_truth(text, facts).ok()) << text;
  for (const char* text :
       {"You have 301 seconds to pay.", "You have 360 seconds to pay.", "You have 5 seconds to pay."})
    EXPECT_FALSE(reply_truth(text, facts).ok()) << text;
  facts.minutes.clear();
  EXPECT_TRUE(reply_truth("You have 301 seconds to pay.", facts).ok()) << "no times given, none checked";
}

TEST(ReplyTruthTest, SaysWhetherTheTextWasChanged) {
  EXPECT_FALSE(reply_truth("Two teas, ¥398.00.\n- one\n- two", kNothing)->changed);
  EXPECT_TRUE(reply_truth("a\u202Eb", kNothing)->changed);
  EXPECT_EQ(reply_truth("tea\t¥2", kNothing)->text, "tea\t¥2");
  EXPECT_FALSE(reply_truth("tea\t¥2", kNothing)->changed);
  EXPECT_TRUE(reply_truth("pay at https://evil.example/x", kNothing)->changed);
  EXPECT_EQ(reply_truth("Pay at https://evil.example/x now", kNothing)->text, "Pay at  now");
}

TEST(ReplyLinksTest, UrlsOfEverySchemeAreTakenOut) {
  const std::pair<const char*, const char*> cases[] = {
      {"see https://evil.example/pay?x=1 now", "see  now"},
      {"HTTPS://EVIL.EXAMPLE", ""},
      {"扫码weixin://wxpay/bizpayurl?pr=abc支付", "扫码支付"},
      {"wxp://f2f0abc", ""},
      {"alipays://platformapi/startapp", ""},
      {"javascript:alert(1)", "(1)"},
      {"data:text/html;base64,xxxx", ""},
      {"weixin:dl/business", ""},
      {"(https://evil.example)", "()"},
      {"https：//evil.example/x", ""},
      {"go to evil.com/pay", "go to "},
      {"go to 10.0.0.1", "go to "},
      {"go to 192.168.1.20:8080/pay now", "go to  now"},
      {"go to evil.zone", "go to "},
      {"go to evil.anything/pay", "go to "},
      {"go to evil.anything:8443/x", "go to "},
      {"go to evil.anything?x=1", "go to "},
      {"去 evil。com 付款", "去  付款"},
      {"go to xn--fiq228c.xn--55qw42g", "go to "},
      {"version 1.2.3 of 1.5 kg", "version 1.2.3 of 1.5 kg"},
      {"It is tea.Please pay", "It is tea.Please pay"},
      {"That is it.It is fine.No? Pay in.Is", "That is it.It is fine.No? Pay in.Is"},
      {"tea and/or coffee, 5 yuan/pack", "tea and/or coffee, 5 yuan/pack"},
      {"好的。OK", "好的。OK"},
      {"evil.com/pay now", " now"},
      {"go to www.evil.example.", "go to ."},
      {"打开 pay-wechat.cn 付款", "打开  付款"},
      {"http://1.2.3.4:80/x", ""},
      {"xhttp://evil.example", ""},
      {"1http://evil.example", ""},
      {".weixin://x", ""},
      {"..evil.com", ".."},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(without_links(text), expected) << text;
}

TEST(ReplyLinksTest, MarkdownAndHtmlKeepTheirWords) {
  const std::pair<const char*, const char*> cases[] = {
      {"[pay here](https://evil.example)", "pay here"},
      {"![qr](https://evil.example/qr.png)", "qr"},
      {"[pay](/relative)", "pay"},
      {"<a href=\"https://evil.example\">pay</a>", "pay"},
      {"<img src=x onerror=alert(1)>", ""},
      {"<https://evil.example>", ""},
      {"<script>alert(1)</script>", "alert(1)"},
      {"<img src=x onerror=alert", "img src=x onerror=alert"},
      {"<<b>script>x", "x"},
      {"[a]([b](c))", "a)"},
      {"[![x](y)](z)", "x"},
      {"[id]: https://evil.example", "[id]: "},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(without_links(text), expected) << text;
}

TEST(ReplyLinksTest, TheEndOfAMarkIsLookedForInReach) {
  const std::string within(4'000, 'a');
  const std::string beyond(4'200, 'a');
  for (const std::string& before : {std::string(), "tea " + within + " "}) {
    EXPECT_EQ(without_links(before + "[" + within + "](/x)"), before + within);
    EXPECT_EQ(without_links(before + "[" + beyond + "](/x)"), before + "[" + beyond + "](/x)");
    EXPECT_EQ(without_links(before + "<b" + within + ">"), before);
    EXPECT_EQ(without_links(before + "<b" + beyond + ">"), before + "b" + beyond + ">");
  }
  EXPECT_EQ(without_links("pay ["), "pay [");
  EXPECT_EQ(without_links("pay !"), "pay !");
  EXPECT_EQ(without_links("pay <"), "pay <");
  EXPECT_EQ(without_links("[a]"), "[a]");
  EXPECT_EQ(without_links("[a]("), "[a](");
  EXPECT_EQ(without_links("[](/x)"), "");
  EXPECT_EQ(without_links("![](/x)"), "");
  EXPECT_EQ(without_links("!a [b](/x) c"), "!a b c");
}

TEST(ReplyLinksTest, OrdinaryTextStays) {
  for (const char* text :
       {"¥12.99", "2.5 kg at 10:30", "a < b and b > c", "1 <2", "e.g. this, i.e. that", "v1.2.3", "[x] done",
        "Wow! [sic]", "tea/cup", "Node.js", "订单：pi_0123", "3.14", "and/or", "note: data: yes", ":) ", "Hi!"}) {
    EXPECT_EQ(without_links(text), text);
  }
}

TEST(ReplyLinksTest, TextBuiltToGrowNewLinksEndsWithoutAny) {
  std::string nested = "<b>";
  for (int i = 0; i < 40; ++i) nested = "<" + nested + "b>";
  EXPECT_EQ(without_links(nested).find('<'), std::string::npos);
  std::string deep = "https://evil.example";
  for (int i = 0; i < 40; ++i) deep = "h<b>" + deep;
  EXPECT_EQ(without_links(deep).find("://"), std::string::npos) << without_links(deep);
}

std::string repeated(std::string_view piece, std::size_t bytes) {
  std::string text;
  while (text.size() + piece.size() <= bytes) text += piece;
  return text;
}

// Everything is looked at from everything else in its clause: a clause without an end would take seconds.
TEST(ReplyTruthTest, AClauseThatNobodyWritesIsNotRead) {
  for (const std::string_view piece : {"未下单", "not tea ", "one hundred and ", "1,", "退款吗", "refund "}) {
    const auto checked = reply_truth(repeated(piece, 2 * kReplyClauseBytesMax), kNothing);
    ASSERT_FALSE(checked.ok()) << piece;
    EXPECT_EQ(checked.code(), Errc::malformed_text) << piece;
  }
  EXPECT_TRUE(reply_truth(repeated("tea and cups ", kReplyClauseBytesMax), kNothing).ok());
  EXPECT_TRUE(reply_truth("Tea. " + std::string(kReplyClauseBytesMax - 1, 'a') + ".", kNothing).ok());
  EXPECT_FALSE(reply_truth("Tea. " + std::string(kReplyClauseBytesMax, 'a') + ".", kNothing).ok()) << "and the gap";
  EXPECT_TRUE(reply_truth(repeated("Tea and cups, 茶与杯。", 8 * kReplyClauseBytesMax), kNothing).ok());
}

// Each of these would take minutes if a part of the rule looked at the whole text for every mark in it: the patience
// of the test's runner is the judge of that.
TEST(ReplyTruthTest, WhatLongTextsBuiltToBeSlowSayIsFoundAllTheSame) {
  for (const std::string_view piece :
       {"<a", "[", "![a](", "已收到，", "a.", "http", "://", "data:", "[a],", "not tea, "}) {
    const std::string text = repeated(piece, 64 * 1024);
    const auto lied = reply_truth(text + "。您的付款已成功。", kNothing);
    ASSERT_FALSE(lied.ok()) << piece;
  }
}

TEST(ReplyLinksPropertyTest, WhatIsLeftHoldsNoLink) {
  std::uint32_t state = 20260105;
  const auto next = [&] { return state = state * 1664525u + 1013904223u, state >> 16; };
  const std::string pieces[] = {"http", "s",    "://", "<",   ">", "b", "[",  "]",  "(",      ")",
                                "!",    "evil", ".",   "com", "/", " ", "：", "//", "weixin", ":"};
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (int j = 0; j < 10; ++j) text += pieces[next() % std::size(pieces)];
    const std::string left = without_links(text);
    for (const char* link : {"://", "：//", "<b", " evil.com "}) {
      ASSERT_EQ((" " + left + " ").find(link), std::string::npos) << text << " -> " << left;
    }
  }
}

}  // namespace
}  // namespace purser::rules
