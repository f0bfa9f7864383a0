#include "agent/thread/history.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace purser {
namespace {

Message row(Role role, std::string turn = "t1") {
  Message out;
  out.role = role;
  out.turn = TurnId::trusted(std::move(turn));
  out.text = "x";
  return out;
}

Message calls(std::vector<std::string> ids, std::string turn = "t1") {
  Message out = row(Role::assistant, std::move(turn));
  for (auto& id : ids) out.calls.push_back({id, "tool", "{}"});
  return out;
}

Message answer(std::string id, std::string turn = "t1") {
  Message out = row(Role::tool, std::move(turn));
  out.call_id = std::move(id);
  return out;
}

// What a provider insists on.
void expect_valid(const std::vector<Message>& history) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (history[i].role == Role::tool) ADD_FAILURE() << "an answer without a call at " << i;
    const auto& wanted = history[i].calls;
    for (std::size_t k = 0; k < wanted.size(); ++k) {
      ASSERT_LT(i + 1, history.size());
      ++i;
      EXPECT_EQ(history[i].role, Role::tool);
      EXPECT_EQ(history[i].call_id, wanted[k].id);
    }
  }
  if (!history.empty()) {
    EXPECT_TRUE(history.front().role == Role::user || history.front().role == Role::event);
  }
}

TEST(History, WholeHistoriesPassUnchanged) {
  const auto out = provider_valid({row(Role::user), calls({"a", "b"}), answer("a"), answer("b"), row(Role::assistant)});
  ASSERT_EQ(out.size(), 5u);
  expect_valid(out);
}

TEST(History, UnansweredCallsAreAnsweredAsNotRun) {
  const auto out = provider_valid({row(Role::user), calls({"a", "b"}), answer("a"), row(Role::user, "t2")});
  expect_valid(out);
  ASSERT_EQ(out.size(), 5u);
  EXPECT_NE(out[3].text.find("\"refused\""), std::string::npos);
}

TEST(History, AnswersComeInTheOrderOfTheCalls) {
  const auto out = provider_valid({row(Role::user), calls({"a", "b"}), answer("b"), answer("a")});
  expect_valid(out);
  EXPECT_EQ(out[2].call_id, "a");
}

TEST(History, ACutWindowBeginsAtAUserMessage) {
  const auto out =
      provider_valid({answer("z"), row(Role::assistant), row(Role::user, "t2"), row(Role::assistant, "t2")});
  expect_valid(out);
  EXPECT_EQ(out.size(), 2u);
}

TEST(History, AnswersWithoutTheirCallAreLeftOut) {
  const auto out = provider_valid({row(Role::user), answer("ghost"), row(Role::assistant)});
  expect_valid(out);
  EXPECT_EQ(out.size(), 2u);
}

TEST(History, AnswersOfAnotherTurnWithTheSameIdAreNotTaken) {
  Message late = answer("a", "t2");
  late.text = "of the other turn";
  const auto out = provider_valid({row(Role::user), calls({"a"}), row(Role::user, "t2"), calls({"a"}, "t2"), late});
  expect_valid(out);
  EXPECT_NE(out[2].text, "of the other turn");
  EXPECT_EQ(out[5].text, "of the other turn");
}

TEST(History, AnIdThatAModelUsesAgainInALaterTurnIsToldApart) {
  const auto out = provider_valid(
      {row(Role::user), calls({"a"}), answer("a", "t1"), row(Role::user, "t2"), calls({"a"}, "t2"), answer("a", "t2")});
  expect_valid(out);
  ASSERT_EQ(out.size(), 6u);
  EXPECT_EQ(out[1].calls[0].id, "a");
  EXPECT_EQ(out[2].call_id, "a");
  EXPECT_EQ(out[4].calls[0].id, "a_2");
  EXPECT_EQ(out[5].call_id, "a_2");
}

TEST(History, AnyRowsAtAllGiveAValidHistory) {
  std::mt19937 random(7);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Message> stored;
    const auto length = random() % 12;
    for (unsigned i = 0; i < length; ++i) {
      const std::string turn = "t" + std::to_string(random() % 2);
      switch (random() % 5) {
        case 0:
          stored.push_back(row(Role::user, turn));
          break;
        case 1:
          stored.push_back(row(Role::event, turn));
          break;
        case 2:
          stored.push_back(row(Role::assistant, turn));
          break;
        case 3:
          stored.push_back(calls({"c" + std::to_string(i), "d" + std::to_string(i)}, turn));
          break;
        default:
          stored.push_back(answer("c" + std::to_string(random() % 12), turn));
      }
    }
    expect_valid(provider_valid(stored));
  }
}

}  // namespace
}  // namespace purser
