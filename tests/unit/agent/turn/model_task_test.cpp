#include "agent/turn/model_task.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

ModelTask after(std::vector<std::string> tools, bool tools_allowed = true) {
  std::vector<Message> messages(1);
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

TEST(ModelTask, is_wording_where_nothing_may_be_done) {
  EXPECT_EQ(after({}, false), ModelTask::wording);
}

}  // namespace
}  // namespace purser
