// What a reply says became of an order, sentence by sentence.
#include "validation/rules/reply_changes.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using Texts = std::initializer_list<const char*>;

void expect_told(bool ChangeClaims::*claim, Texts told, Texts not_told) {
  for (const char* text : told) EXPECT_TRUE(changes_of(statements_of(text)).*claim) << text;
  for (const char* text : not_told) EXPECT_FALSE(changes_of(statements_of(text)).*claim) << text;
}

TEST(ReplyChangesTest, AnOrderWasChanged) {
  expect_told(&ChangeClaims::changed,
              {"I updated your order.", "Okay, we have changed the order to two packs.", "The order was changed.",
               "Order was amended", "Your order of tea was adjusted.", "I added a box to your order.",
               "The order is open and it was modified.", "订单已改成三包", "已帮您把订单换成两盒", "我把单子改为两包了",
               "订单里加了一盒"},
              {"I have changed my mind.", "I see your order.", "You changed your order yourself.",
               "I never changed your order.", "The order was not changed.", "I can have your order changed.",
               "The order could have been changed.", "Our price was changed after you made this order.",
               "The order lists what I like, changed or old.", "Changed order?", "You added a box to your order.",
               "I added nothing.", "The tea was updated.", "This order is for tea, and the price was reduced.",
               "订单可以改成三包", "价格已改成88元", "订单改成三包", "订单已支付", "要把订单改成三包吗？"});
}

TEST(ReplyChangesTest, AnOrderWasNotCanceled) {
  expect_told(&ChangeClaims::not_canceled,
              {"The order was not canceled.", "Your order was never cancelled.",
               "Your order of tea and two cups was not canceled.", "The order has not been canceled.",
               "The order wasn't canceled.", "Your order hasn't been canceled.", "I did not cancel the order.",
               "I did not cancel anything.", "订单没有取消", "订单未被取消", "您的订单并未取消"},
              {"The order was canceled.", "The order was then canceled.", "The order has been canceled.",
               "Your order cannot be canceled.", "The subscription was not canceled.",
               "Your wish for the order: not canceled tea.", "I did cancel the order.", "I do not cancel anything.",
               "I did not cancel.", "Cancel the order.", "Canceled", "如果订单没有取消", "没有退款，订单已取消",
               "订单没有退款或被取消"});
}

TEST(ReplyChangesTest, AnOrderWasCanceledSaidBare) {
  expect_told(&ChangeClaims::canceled,
              {"Order canceled.", "Order cancelled", "取消好了", "已经帮您取消好啦", "撤单成功"},
              {"The canceled order", "Canceled order", "Tea canceled", "Not a canceled order", "没有取消好了的订单",
               "取消好了以后会退款", "撤单成功的话", "要是撤单成功", "以免取消完成", "撤单成功后通知您"});
}

TEST(ReplyChangesTest, SomethingWasOrderedForTheCustomer) {
  expect_told(&ChangeClaims::ordered,
              {"I have ordered it for you.", "We reserved your tea.", "I booked two packs for you", "已帮您订好两包",
               "已为您订两包茶", "帮您下好单了", "茶已预订"},
              {"You ordered two packs.", "I have ordered lunch.", "I can reserve it for you.", "I will order for you.",
               "可以帮您订好", "已预订的话", "下好单后请付款", "您要订茶", "没下好单"});
}

TEST(ReplyChangesTest, WhatOnePaysWithStillWorks) {
  expect_told(
      &ChangeClaims::usable,
      {"The code is still valid.", "Your link still works.", "Active is your link still.", "You can still pay.",
       "二维码仍然有效", "付款码还能付", "链接仍可支付"},
      {"The code is valid.", "The offer is still valid.", "The code is still here.", "The code is still not valid.",
       "You still pay.", "You can still choose.", "They can still pay.", "You can still", "You may still pay.",
       "优惠码仍有效", "二维码已过期", "茶叶仍然有效", "没有仍有效的码"});
}

TEST(ReplyChangesTest, AnOrderWaits) {
  expect_told(&ChangeClaims::waits,
              {"Your order is waiting.", "The order is still waiting", "Your order waits.", "One order waits"},
              {"I am waiting.", "Your tea is waiting.", "The order is waiting to be canceled.", "Your order waited.",
               "An order keeps you waiting."});
}

TEST(ReplyChangesTest, MoreThanOnePaymentWasMade) {
  expect_told(
      &ChangeClaims::paid_twice,
      {"You were charged twice.", "You paid twice", "It was billed twice.", "您付了两次", "重复扣款了", "被扣了两次钱"},
      {"Twice the tea.", "I checked it twice.", "You were not charged twice.", "You paid.",
       "You will not be charged twice.", "请勿重复付款", "以免重复支付", "不会扣了两次", "如果重复付款", "付了两次的话",
       "多扣了的话会退"});
}

TEST(ReplyChangesTest, APaymentWasDeclined) {
  expect_told(&ChangeClaims::declined,
              {"Your payment was declined.", "The card was rejected.", "Payment got refused", "支付被拒了",
               "这次付款没成功", "扣款被拒"},
              {"Your payment was made.", "The payment might have been declined.", "Your request was declined.",
               "The payment was not declined.", "You declined the payment.", "Declined", "The card declined.",
               "如果支付被拒", "付款没成功的话", "退款时付款被拒"});
}

TEST(ReplyChangesTest, ThereIsNoOrder) {
  expect_told(&ChangeClaims::none,
              {"You have no order.", "There is no order here.", "I do not see any order",
               "We don't have any orders yet.", "There are no orders with your name.", "I have no order at hand.",
               "There is no order waiting", "No order here is unpaid.", "This order form says that you have no order.",
               "您没有任何订单", "这里没有订单", "订单不存在", "无任何订单"},
              {"You have an order.", "You have no order number yet", "There is no tea order.", "No order",
               "Any order is fine.", "You have any order.", "You have no open order.", "No order can be lost.",
               "订单没有问题", "您有订单", "没有待支付的订单", "There is tea, not coffee."});
}

TEST(ReplyChangesTest, ThereIsNoneToPay) {
  expect_told(&ChangeClaims::none_open,
              {"You have no open order.", "There are no unpaid orders.", "I do not see a pending order.",
               "There is no active order yet.", "您没有待支付的订单", "目前没有未付款的订单"},
              {"You have an open order.", "You have no order.", "No open order can be lost.",
               "There is no open order form.", "您有待支付的订单", "没有订单"});
}

TEST(ReplyChangesTest, NothingIsSaidByNothing) {
  const ChangeClaims none = changes_of(statements_of(""));
  for (bool ChangeClaims::*claim :
       {&ChangeClaims::changed, &ChangeClaims::none, &ChangeClaims::none_open, &ChangeClaims::not_canceled,
        &ChangeClaims::canceled, &ChangeClaims::usable, &ChangeClaims::ordered, &ChangeClaims::waits,
        &ChangeClaims::paid_twice, &ChangeClaims::declined})
    EXPECT_FALSE(none.*claim);
}

}  // namespace
}  // namespace purser::rules
