// What a sentence says of the state of an order, and how far its words may stand from each other.
#include "validation/rules/reply_states.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

// A letter for each thing that is said: created, canceled (x), expired, closed (l), open, unpaid, not refunded.
std::string state_letters(std::string_view text) {
  const StateClaims states = states_of(text);
  return std::string(states.created ? "c" : "") + (states.canceled.empty() ? "" : "x") +
         (states.expired.empty() ? "" : "e") + (states.closed ? "l" : "") + (states.open ? "o" : "") +
         (states.unpaid ? "u" : "") + (states.not_refunded ? "n" : "");
}

void expect_states(const std::vector<std::pair<const char*, const char*>>& cases) {
  for (const auto& [text, letters] : cases) EXPECT_EQ(state_letters(text), letters) << text;
}

TEST(ReplyStatesTest, AnOrderWasMade) {
  expect_states({
      {"the order was placed", "c"},
      {"order tea tea tea placed", "c"},
      {"order tea tea tea tea placed", ""},
      {"order was never placed", ""},
      {"tea was placed", ""},
      {"we have placed your order", "c"},
      {"we have made the payment", "c"},
      {"we have prepared tea tea tea order", "c"},
      {"we have prepared tea tea tea tea order", ""},
      {"we have prepared tea", ""},
      {"we prepared order", "c"},
      {"made 1 payment", "c"},
      {"they prepared order", ""},
      {"we have not prepared order", ""},
      {"we have made tea tea tea tea and made order", ""},
      {"they made tea and we made payment", "c"},
      {"订单已创建", "c"},
      {"订单未创建", ""},
  });
}

TEST(ReplyStatesTest, AnOrderWasCanceledOrHasExpired) {
  expect_states({
      {"the order was canceled", "x"},
      {"the order was cancelled", "x"},
      {"canceled", "x"},
      {"canceled tea", ""},
      {"tea canceled", ""},
      {"the order was not canceled", ""},
      {"they canceled and it was canceled", "x"},
      {"it was called off", "x"},
      {"order called off", "x"},
      {"called off", ""},
      {"it may be called off", ""},
      {"you may see order called off", "x"},
      {"it was called tea", ""},
      {"it was called", ""},
      {"it was never called off", ""},
      {"the refund was canceled", ""},
      {"order expired", "e"},
      {"tea expired", ""},
      {"expired", "e"},
      {"expired tea", ""},
      {"tea was expired", "e"},
      {"the order never expired", ""},
      {"never order expired", ""},
      {"it timed out", "e"},
      {"it timed tea", ""},
      {"order lapsed", "e"},
      {"the order lapsed", "e"},
      {"tea was lapsed", "e"},
      {"tea lapsed", ""},
      {"lapsed", ""},
      {"order never lapsed", ""},
      {"may order lapsed", ""},
      {"you may see order lapsed", "e"},
      {"the order was closed", "l"},
      {"tea was closed", ""},
      {"the payment is closed", "l"},
      {"the order tea closed", ""},
      {"the refund of the order was closed", ""},
      {"订单已取消", "x"},
      {"退款已取消", ""},
      {"订单已过期", "e"},
      {"订单已关闭", "l"},
      {"退款已关闭", ""},
  });
}

TEST(ReplyStatesTest, AnOrderIsUnpaid) {
  expect_states({
      {"it is unpaid", "u"},
      {"it is not unpaid", ""},
      {"payment not received", "u"},
      {"payment tea received not", ""},
      {"tea not received", ""},
      {"it was never paid", "u"},
      {"nothing was charged", "u"},
      {"no payment arrived", "u"},
      {"it isn't paid", "u"},
      {"the payment failed", "u"},
      {"the payment never failed", ""},
      {"tea failed", ""},
      {"the refund payment failed", "n"},
      {"payment refunded not received", ""},
      {"订单尚未支付", "u"},
      {"订单尚未支付的话", ""},
      {"退货尚未支付", ""},
  });
}

TEST(ReplyStatesTest, NothingWasGivenBack) {
  expect_states({
      {"the refund failed", "n"},
      {"tea failed", ""},
      {"it was not refunded", "n"},
      {"nothing has returned", "n"},
      {"no refund made", "n"},
      {"never been refunded", "n"},
      {"refund wasn't issued", "n"},
      {"not refunded", ""},
      {"refund was made", ""},
      {"tea was not made", ""},
      {"it was not refunded and cannot be", ""},
      {"it will not have been refunded", ""},
      {"还没退款", "n"},
      {"可以还没退款", ""},
  });
}

TEST(ReplyStatesTest, AnOrderWaitsToBePaid) {
  expect_states({
      {"it awaits payment", "o"},
      {"waiting tea tea tea payment", "o"},
      {"waiting tea tea tea tea payment", ""},
      {"awaiting", ""},
      {"payment waits", ""},
      {"it waits to be paid", "o"},
      {"it was awaiting payment", ""},
      {"the order is open", "o"},
      {"the order still open", "o"},
      {"the order tea open", ""},
      {"open order", ""},
      {"the tea is open", ""},
      {"the order is no longer open", ""},
      {"the refund awaits payment", ""},
      {"订单等待支付", "o"},
      {"没有等待支付", ""},
      {"退款等待支付", ""},
  });
}

}  // namespace
}  // namespace purser::rules
