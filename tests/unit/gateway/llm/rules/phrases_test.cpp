#include "gateway/llm/rules/phrases.hpp"

#include <gtest/gtest.h>

namespace purser::dialogue {
namespace {

using nlohmann::json;

TEST(Phrases, tell_of_a_payment_that_came_after_the_end) {
  json payment{{"state", "expired"}, {"total_fen", 17600}, {"currency", "CNY"}, {"refunded_fen", 0}};
  EXPECT_NE(Phrases(false).state(payment).find("unpaid"), std::string::npos);
  payment["captured_fen"] = 17600;
  for (const char* state : {"expired", "canceled"}) {
    payment["state"] = state;
    payment["refunded_fen"] = 0;
    EXPECT_EQ(Phrases(false).state(payment),
              "The order of ¥176.00 was paid after it had ended; not all of it has been returned yet.");
    EXPECT_EQ(Phrases(true).state(payment), "这笔 ¥176.00 的订单结束以后才收到付款，还没有全部退回。");
    payment["refunded_fen"] = 17600;
    EXPECT_EQ(Phrases(false).state(payment),
              "The order of ¥176.00 was paid after it had ended; all of it has been returned.");
  }
}

}  // namespace
}  // namespace purser::dialogue
