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

}  // namespace
}  // namespace purser::replay
