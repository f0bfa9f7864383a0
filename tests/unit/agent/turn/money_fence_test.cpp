#include "agent/turn/money_fence.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

const char* const kDone = R"({"status":"ok","refunds":[{"refund":"re_1"}]})";
const char* const kRefused = R"({"status":"refused","code":"refund_exceeds_remaining"})";

class Fence : public testing::Test {
 protected:
  Fence() {
    messages.resize(1);
    tools.resize(3);
    tools[0].name = "refund";
    tools[0].moves_money = true;
    tools[1].name = "query_payment";
    tools[2].name = "create";
    tools[2].moves_money = true;
  }
  void released(std::vector<ToolCall> calls) {
    messages.emplace_back();
    messages.back().role = Role::assistant;
    messages.back().calls = std::move(calls);
  }
  void answered(const std::string& call_id, const std::string& result) {
    messages.emplace_back();
    messages.back().role = Role::tool;
    messages.back().call_id = call_id;
    messages.back().text = result;
  }
  // Releases the call in a message of its own and asks for the verdict.
  std::optional<Fenced> then(const ToolCall& call) {
    released({call});
    return fenced(messages, call, tools);
  }

  std::vector<Message> messages;
  std::vector<ToolSchema> tools;
};

TEST_F(Fence, lets_the_first_call_run) {
  EXPECT_FALSE(then({"a", "refund", "{}"}).has_value());
}

TEST_F(Fence, gives_a_repeated_call_the_answer_it_had) {
  released({{"a", "refund", R"({"x":1,"y":[2]})"}});
  answered("a", kDone);
  const auto again = then({"b", "refund", R"({ "y": [2], "x": 1 })"});
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->result_json, kDone);
  EXPECT_FALSE(again->refused);
}

TEST_F(Fence, refuses_another_call_of_the_same_tool) {
  released({{"a", "refund", R"({"x":1})"}});
  answered("a", kDone);
  const auto other = then({"b", "refund", R"({"x":2})"});
  ASSERT_TRUE(other.has_value());
  EXPECT_TRUE(other->refused);
  EXPECT_EQ(nlohmann::json::parse(other->result_json)["status"], "refused");
}

TEST_F(Fence, lets_a_refused_call_be_mended) {
  released({{"a", "refund", R"({"x":1})"}});
  answered("a", kRefused);
  EXPECT_FALSE(then({"b", "refund", R"({"x":2})"}).has_value());
}

TEST_F(Fence, lets_one_call_of_a_message_move_money) {
  const ToolCall second{"b", "refund", R"({"x":2})"};
  const ToolCall third{"c", "create", R"({"x":3})"};
  released({{"a", "refund", R"({"x":1})"}, second, third});
  EXPECT_FALSE(fenced(messages, messages.back().calls.front(), tools).has_value());
  answered("a", kRefused);
  EXPECT_FALSE(fenced(messages, second, tools).has_value()) << "nothing was moved yet";
  answered("b", kDone);
  const auto held = fenced(messages, third, tools);
  ASSERT_TRUE(held.has_value());
  EXPECT_TRUE(held->refused);
  EXPECT_EQ(nlohmann::json::parse(held->result_json)["code"], "one_money_call_a_message");
  EXPECT_FALSE(then({"d", "create", R"({"x":3})"}).has_value()) << "in a message of its own";
}

TEST_F(Fence, takes_twins_of_one_message_for_one) {
  const ToolCall twin{"b", "refund", R"({ "x": 1 })"};
  released({{"a", "refund", R"({"x":1})"}, twin});
  EXPECT_FALSE(fenced(messages, messages.back().calls.front(), tools).has_value());
  answered("a", kDone);
  const auto again = fenced(messages, twin, tools);
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->result_json, kDone);
}

TEST_F(Fence, does_not_mind_tools_that_move_nothing) {
  released({{"a", "query_payment", "{}"}});
  answered("a", R"({"status":"ok"})");
  EXPECT_FALSE(then({"b", "query_payment", "{}"}).has_value());
}

// Arguments that are no JSON are nobody's equal; the tool refuses them.
TEST_F(Fence, takes_no_nonsense_for_the_same) {
  released({{"a", "refund", "{"}});
  answered("a", kDone);
  const auto again = then({"b", "refund", "{"});
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->refused);
}

}  // namespace
}  // namespace purser
