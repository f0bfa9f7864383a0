// Payments and refunds that are told without a sentence for it.
#include "validation/rules/reply_receipts.hpp"

#include "validation/rules/money_figures.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using Texts = std::initializer_list<const char*>;

bool tells(const char* text, bool Receipts::*claim) {
  const std::vector<Statement> statements = statements_of(text);
  for (std::size_t i = 0; i < statements.size(); ++i) {
    const Statement* next = i + 1 < statements.size() ? &statements[i + 1] : nullptr;
    if (receipts_of(statements[i], next, !money_figures(statements[i].text).empty()).*claim) return true;
  }
  return false;
}

void expect_told(bool Receipts::*claim, Texts told, Texts not_told) {
  for (const char* text : told) EXPECT_TRUE(tells(text, claim)) << text;
  for (const char* text : not_told) EXPECT_FALSE(tells(text, claim)) << text;
}

TEST(ReplyReceiptsTest, AThumbBehindTheWord) {
  expect_told(&Receipts::paid, {"付款 👍", "Payment 💯", "your payment: 🎉", "已付👏👏", "Payment 👍 thank you"},
              {"付款", "tea 👍", "付款码 👍", "退款 👍", "refund 🎉", "👍"});
  expect_told(&Receipts::refunded, {"退款 👍", "Refund 💯", "已退🙌"}, {"退款", "付款 👍", "退款政策 👍", "paid 💯"});
}

TEST(ReplyReceiptsTest, ABarThatIsFull) {
  expect_told(&Receipts::paid, {"支付进度：100%", "payment progress is 100%"},
              {"支付进度：50%", "茶叶100%", "退款进度：100%", "payment is for tea that is organic up to 100%"});
  expect_told(&Receipts::refunded, {"退款进度：100%", "refund 100%"}, {"支付进度：100%", "refund 50%"});
}

TEST(ReplyReceiptsTest, ANameInOneLanguageAndItsEndInTheOther) {
  expect_told(&Receipts::paid, {"Payment 成功", "支付done", "您的 transaction 已完成", "付款 complete 啦"},
              {"Payment 方式", "支付 wechat", "the tea 成功", "茶叶 done", "支付未 done", "支付 not done",
               "wechat pay 成功", "支付", "付款后 done"});
}

TEST(ReplyReceiptsTest, GoodsThatHaveLeft) {
  expect_told(&Receipts::paid,
              {"您的订单已发货", "茶叶配送中", "包裹已寄出", "Your order has shipped", "The parcel was dispatched.",
               "Your order has been delivered."},
              {"付款后已发货", "订单未发货", "已发货吗", "货很好", "茶叶会发货", "The tea was shipped.",
               "Your order was small.", "Your order ships", "Shipped orders", "The order has not been shipped.",
               "Your order has tea.", "Once paid your order is shipped.", "Order of shipped tea"});
}

TEST(ReplyReceiptsTest, MoneyThatCame) {
  expect_told(&Receipts::paid, {"到账了", "到账啦🎉", "到账了🚀", "已付清", "您的钱到账了", "收款176元", "都付了 🎉🎉"},
              {"到账", "到账的时间您可以看您自己的微信账单里的记录了哦谢谢您", "收款码176元", "收款", "没到账了", "a🎉",
               "到账的茶了", "🎉", "退款到账了"});
  expect_told(&Receipts::thanks, {"收到了，谢谢", "我们收到啦，感谢您"},
              {"收到，谢谢", "收到了", "收到了，请稍等", "茶收到了，谢谢"});
}

TEST(ReplyReceiptsTest, ARefundInChinese) {
  expect_told(&Receipts::refunded, {"已经给您退了", "差价已退", "全退了", "退好啦", "已退款"},
              {"退", "退货了", "没给您退了", "退款的说明", "茶叶"});
  expect_told(&Receipts::refund_started, {"正在为您办理退款", "退款正在处理", "退款176元正在审核"},
              {"退款", "订单正在处理", "没有正在处理的退款", "如需退款正在处理"});
  expect_told(&Receipts::refund_promised, {"退款会在24小时内到账", "退款马上到账"},
              {"退款一般会在24小时内到账", "货款会在今天到账", "退款今天", "申请退款后会在今天到账"});
  expect_told(&Receipts::of_all, {"两包都退了", "退款全部完成"}, {"两包中的一包退了", "退款完成", "两包茶"});
  expect_told(&Receipts::another, {"又给您退了", "另外也退了"}, {"退了", "另外还有茶"});
}

TEST(ReplyReceiptsTest, ARefundUnderAConditionIsNoPromise) {
  EXPECT_FALSE(tells("如果您要退货，退款会在24小时内到账", &Receipts::refund_promised));
  EXPECT_FALSE(tells("If you return it, you will get your money back.", &Receipts::refund_promised));
}

TEST(ReplyReceiptsTest, WhoConfirmsAPayment) {
  expect_told(
      &Receipts::paid,
      {"I can confirm the payment.", "We confirm your payment of ¥176.00.", "I hereby confirm this payment",
       "And we confirm a payment"},
      {"I confirm your order.", "They confirm the payment.", "We confirm payment methods.",
       "I cannot confirm the payment.", "We can confirm the payment page.", "Can confirm the payment",
       "To pay I confirm the payment", "I confirm", "I confirm the", "Confirm the payment", "We confirm no payment"});
}

TEST(ReplyReceiptsTest, AParticipleBehindASum) {
  expect_told(
      &Receipts::paid,
      {"Order confirmed and paid.", "¥176.00 paid", "176 yuan paid with WeChat", "Order placed and paid, thanks",
       "176 paid via WeChat", "176 yuan was collected"},
      {"Paid", "Order and paid", "You need and paid", "176 yuan paid tea", "Not 176 yuan paid", "tea paid", "paid for",
       "nothing paid", "and paid", "You need and paid for it", "The tea is collected", "Tea confirmed and paid plans"});
  expect_told(
      &Receipts::refunded, {"¥88.00 refunded", "88 yuan reimbursed", "I refunded it", "We checked it and refunded"},
      {"Refunded", "tea refunded", "They refunded it", "It was not 88 yuan refunded", "Order canceled and refunded",
       "I would have refunded it", "You and refunded", "If I refunded it", "We could not have refunded it"});
}

TEST(ReplyReceiptsTest, MoneyThatWentBack) {
  expect_told(
      &Receipts::refunded,
      {"The money returned.", "All your funds returned successful", "Payment returned", "Both refunds went through.",
       "Everything was returned to your wallet.", "All of it has been returned to you.", "The charge was voided.",
       "I voided the transaction.", "We voided the payment"},
      {"The parcel returned.", "The money returned late", "The money never returned.", "The money is returned if asked",
       "Both refunds fail.", "Refunds go through.", "Everything was returned to the shop.",
       "The tea was returned to your wallet.", "The coupon was voided.", "The charge can be voided.", "Returned",
       "I never voided the payment.", "Everything can be returned to you.", "The money returned tea"});
  expect_told(&Receipts::refund_started, {"Your refund is underway.", "A refund is in progress"},
              {"Your refund is simple.", "The order is underway.", "No refund is underway."});
  expect_told(&Receipts::refund_promised,
              {"You will get your money back in 24 hours.", "You'll see the refund tomorrow.",
               "You will have the cash back", "A refund is what you'll get."},
              {"You will get your tea back.", "You will get your money.", "They will get a refund.",
               "You'll ask for a refund.", "You will usually get a refund.", "You will never get a refund",
               "Will get a refund", "The refund you will", "You will get it once we refund it.", "You get a refund."});
}

TEST(ReplyReceiptsTest, WhatTheRefundIsOf) {
  expect_told(&Receipts::of_all,
              {"Both packs were refunded.", "Everything was refunded", "I refunded all of it",
               "The tea is here and the entire sum was refunded"},
              {"One of both packs was refunded.", "It was refunded", "Everything is here", "Both refunds were made",
               "Everything is here and one pack was refunded", "Half of everything was refunded.",
               "The tea is here and one pack was refunded and everything else is packed",
               "Everything is here but one pack was refunded"});
  expect_told(&Receipts::another, {"I refunded it twice", "The rest was refunded", "A second refund was made"},
              {"It was refunded", "The rest is here", "I explain it again and it was refunded",
               "It was refunded and I tell you again", "It is twice"});
}

TEST(ReplyReceiptsTest, NothingIsLeftToPay) {
  expect_told(&Receipts::nothing_due, {"There is nothing to pay.", "Nothing to pay", "Nothing to pay anymore, thanks"},
              {"Nothing to do", "Nothing", "Nothing to", "Nothing is to pay", "There is something to pay",
               "Nothing to pay back"});
}

TEST(ReplyReceiptsTest, AWordOfEnglishInAChineseSentenceIsNoEnglishSentence) {
  EXPECT_FALSE(tells("茶 paid", &Receipts::paid));
  EXPECT_TRUE(tells("茶 176 yuan paid", &Receipts::paid));
}

}  // namespace
}  // namespace purser::rules
