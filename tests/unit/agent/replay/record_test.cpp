// What of an endpoint's answer is written down.
#include "agent/replay/record.hpp"

#include <gtest/gtest.h>

namespace purser::replay {
namespace {

using nlohmann::json;

json answer_with(const json& call) {
  return {{"choices",
           json::array({{{"message",
                          {{"content", "key-of-mine, 4111 1111 1111 1111"}, {"tool_calls", json::array({call})}}}}})}};
}

TEST(Record, TheKeyAndNumbersOfPersonsStandNowhere) {
  const json call = {{"id", "key-of-mine"},
                     {"function",
                      {{"name", "key-of-mine"},
                       {"arguments", R"({"note":"key\u002dof-mine","deep":[{"tel":"138\u002d1234-5678"}]})"}}}};
  const auto step = step_of(answer_with(call), "key-of-mine");
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->dump(),
            R"({"calls":[{"args":{"deep":[{"tel":"138****5678"}],"note":"***"},"id":"***","name":"***"}],)"
            R"("text":"***, ****1111"})");
}

TEST(Record, ArgumentsThatAreNoObjectStandAsTheyAre) {
  const json call = {{"id", "c"}, {"function", {{"name", "refund"}, {"arguments", "{key-of-mine"}}}};
  const auto step = step_of(answer_with(call), "key-of-mine");
  ASSERT_TRUE(step.ok());
  EXPECT_EQ(step->at("calls")[0].at("args_raw"), "{***");
}

// An endpoint may answer anything; what is odd about it is named.
TEST(Record, AnOddAnswerIsToldByItsMember) {
  const std::pair<const char*, const char*> known[] = {
      {"oops", "the endpoint's answer is no JSON"},
      {"[]", "choices: expected a list"},
      {R"({"error":"x"})", "choices: expected a list"},
      {R"({"choices":[]})", "choices: expected a list"},
      {R"({"choices":["a"]})", "choices[0].message: expected object, found null"},
      {R"({"choices":[{"message":"hi"}]})", R"(choices[0].message: expected object, found "hi")"},
      {R"({"choices":[{"message":{"content":5}}]})", "choices[0].message.content: expected string or null, found 5"},
      {R"({"choices":[{"message":{"content":[{"type":"text"}]}}]})", "message.content: expected string or null"},
      {R"({"choices":[{"message":{"tool_calls":{}}}]})", "message.tool_calls: expected a list, found {}"},
      {R"({"choices":[{"message":{"tool_calls":[5]}}]})", "tool_calls[0].function: expected object, found null"},
      {R"({"choices":[{"message":{"tool_calls":[{"function":[]}]}}]})", "tool_calls[0].function: expected object"},
      {R"({"choices":[{"message":{"tool_calls":[{"function":{}}]}}]})", "tool_calls[0].function.name: expected string"},
      {R"({"choices":[{"message":{"tool_calls":[{"id":7,"function":{"name":"a"}}]}}]})", "[0].id: expected string"},
      {R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"a","arguments":{}}}]}}]})",
       "[0].function.arguments: expected string, found {}"},
  };
  for (const auto& [text, rule] : known) {
    const auto step = step_of(json::parse(text, nullptr, false), "");
    ASSERT_FALSE(step.ok()) << text;
    EXPECT_NE(step.error().message.find(rule), std::string::npos) << text << "\n" << step.error().message;
  }
  EXPECT_EQ(step_of(json::parse(R"({"choices":[{"message":{"content":null}}]})"), "")->dump(), R"({"text":""})");
}

TEST(Record, WhatAUserSaysIsWrittenDownWithoutNumbersOfPersons) {
  const json step{{"user", "Call me: 13912345678"}, {"expect", {{"intent", {{"state", "awaiting_payment"}}}}}};
  EXPECT_EQ(without_persons(step)["user"], "Call me: 139****5678");
  EXPECT_EQ(without_persons(step)["expect"], step["expect"]);
  const json sent{{"request", {{"path", "/v1/x"}, {"body", {{"text", "13912345678"}}}}}};
  EXPECT_EQ(without_persons(sent)["request"]["body"]["text"], "139****5678");
  const json both{{"concurrent", json::array({step, sent})}};
  EXPECT_EQ(without_persons(both).dump().find("13912345678"), std::string::npos);
}

}  // namespace
}  // namespace purser::replay
