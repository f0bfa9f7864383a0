#include "agent/turn/model_task.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

ModelTask after(std::vector<std::string> tools, bool tools_allowed = true, std::string words = "hello") {
  std::vector<Message> messages(1);
  messages.front().role = Role::user;
  messages.front().text = std::move(words);
  for (const std::string& tool : tools) {
    messages.emplace_back();
    messages.back().role = Role::assistant;
    messages.back().calls = {{"a", tool, "{}"}};
    messages.emplace_back();
    messages.back().role = Role::tool;
  }
  return task_of(messages, tools_allowed);
}

TEST(ModelTask, follows_the_tool_asked_for_last) {
  EXPECT_EQ(after({}), ModelTask::intent);
  EXPECT_EQ(after({"search_catalogue"}), ModelTask::intent);
  EXPECT_EQ(after({"query_payment"}), ModelTask::order_status);
  EXPECT_EQ(after({"query_payment", "refund"}), ModelTask::refund);
  EXPECT_EQ(after({"search_catalogue", "create_payment_intent"}), ModelTask::wording);
  EXPECT_EQ(after({"cancel_payment"}), ModelTask::wording);
}

TEST(ModelTask, is_what_the_customers_words_are_about_before_any_tool) {
  EXPECT_EQ(after({}, true, "有一包破了，退款吧"), ModelTask::refund);
  EXPECT_EQ(after({}, true, "I want my MONEY BACK"), ModelTask::refund);
  EXPECT_EQ(after({"query_payment"}, true, "refund it"), ModelTask::refund);
  EXPECT_EQ(after({"create_payment_intent"}, true, "give back one, I take another"), ModelTask::wording);
}

TEST(ModelTask, is_a_dispute_as_long_as_the_customer_quarrels) {
  for (const char* words : {"我要投诉你们", "再不退款我就打12315", "This is FRAUD", "I will open a dispute"}) {
    EXPECT_EQ(after({}, true, words), ModelTask::dispute) << words;
    EXPECT_EQ(after({"refund"}, true, words), ModelTask::dispute) << words;
    EXPECT_EQ(after({}, false, words), ModelTask::dispute) << words;
  }
}

// A notice of the payment system is no customer.
TEST(ModelTask, minds_no_words_of_a_notice) {
  std::vector<Message> messages(1);
  messages.front().role = Role::event;
  messages.front().text = "refund.succeeded dispute";
  EXPECT_EQ(task_of(messages, true), ModelTask::intent);
}

TEST(ModelTask, is_wording_where_nothing_may_be_done) {
  EXPECT_EQ(after({}, false), ModelTask::wording);
}

}  // namespace
}  // namespace purser
