#include "agent/turn/machine.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using Kind = TurnAction::Kind;

TurnSettings limits() {
  TurnSettings out;
  out.tool_rounds_max = 3;
  out.calls_per_message_max = 2;
  out.rejections_max = 2;
  return out;
}

Message said(Role role, std::string text = "hi") {
  Message out;
  out.role = role;
  out.text = std::move(text);
  return out;
}

ModelAnswer words(std::string text) {
  ModelAnswer out;
  out.text = std::move(text);
  return out;
}

ModelAnswer asks(std::vector<ToolCall> calls, FinishReason finish = FinishReason::tool_calls) {
  ModelAnswer out;
  out.calls = std::move(calls);
  out.finish = finish;
  return out;
}

TurnMachine fresh() {
  return TurnMachine(limits(), {said(Role::user)});
}

TEST(TurnMachine, AsksTheModelFirstWithTools) {
  const auto action = fresh().next();
  EXPECT_EQ(action.kind, Kind::ask_model);
  EXPECT_TRUE(action.tools_allowed);
}

TEST(TurnMachine, WordsEndTheTurn) {
  auto machine = fresh();
  machine.model_answered(words("Hello."));
  const auto action = machine.next();
  EXPECT_EQ(action.kind, Kind::reply);
  EXPECT_EQ(action.ending, Ending::answered);
  EXPECT_EQ(action.text, "Hello.");
}

TEST(TurnMachine, CallsAreRecordedBeforeTheyRunAndRunInOrder) {
  auto machine = fresh();
  machine.model_answered(asks({{"a", "search", "{}"}, {"b", "query", "{}"}}));
  ASSERT_EQ(machine.next().kind, Kind::record_calls);
  EXPECT_EQ(machine.next().calls.size(), 2u);
  machine.calls_recorded();
  ASSERT_EQ(machine.next().kind, Kind::run_call);
  EXPECT_EQ(machine.next().call.id, "a");
  machine.call_answered(false);
  EXPECT_EQ(machine.next().call.id, "b");
  machine.call_answered(false);
  EXPECT_EQ(machine.next().kind, Kind::ask_model);
}

TEST(TurnMachine, CutAnswerRunsNothing) {
  auto machine = fresh();
  machine.model_answered(asks({{"a", "refund", "{}"}}, FinishReason::length));
  EXPECT_EQ(machine.next().kind, Kind::ask_model);
  machine.model_answered(asks({{"a", "refund", "{}"}}, FinishReason::length));
  EXPECT_EQ(machine.next().ending, Ending::rejections_spent);
}

TEST(TurnMachine, TheSameCallTwiceInOneMessageIsOne) {
  auto machine = fresh();
  machine.model_answered(asks({{"a", "create", "{}"}, {"a", "create", "{}"}}));
  EXPECT_EQ(machine.next().calls.size(), 1u);
}

TEST(TurnMachine, AnIdThatIsUsedAgainForSomethingElseGetsANewOne) {
  auto machine = fresh();
  machine.model_answered(asks({{"a", "create", "{}"}, {"a", "create", "{\"x\":1}"}}));
  const auto calls = machine.next().calls;
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_NE(calls[0].id, calls[1].id);
  machine.calls_recorded();
  machine.call_answered(false);
  machine.call_answered(false);
  machine.model_answered(asks({{"a", "create", "{}"}}));
  EXPECT_NE(machine.next().calls.front().id, "a");
}

TEST(TurnMachine, MissingIdsAreMinted) {
  auto machine = fresh();
  machine.model_answered(asks({{"", "search", "{}"}, {"", "query", "{}"}}));
  const auto calls = machine.next().calls;
  ASSERT_EQ(calls.size(), 2u);
  EXPECT_FALSE(calls[0].id.empty());
  EXPECT_NE(calls[0].id, calls[1].id);
}

TEST(TurnMachine, AtTheRoundCapTheTurnEnds) {
  auto machine = fresh();
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(machine.next().kind, Kind::ask_model) << round;
    machine.model_answered(asks({{"c" + std::to_string(round), "search", "{}"}}));
    machine.calls_recorded();
    machine.call_answered(false);
  }
  EXPECT_EQ(machine.next().kind, Kind::reply);
  EXPECT_EQ(machine.next().ending, Ending::rounds_spent);
}

TEST(TurnMachine, AtTheRejectionCapTheTurnEnds) {
  auto machine = fresh();
  machine.model_answered(asks({{"a", "create", "{}"}}));
  machine.calls_recorded();
  machine.call_answered(true);
  ASSERT_EQ(machine.next().kind, Kind::ask_model);
  machine.model_answered(asks({{"b", "create", "{}"}}));
  machine.calls_recorded();
  machine.call_answered(true);
  EXPECT_EQ(machine.next().ending, Ending::rejections_spent);
}

TEST(TurnMachine, OneCallTooManyRefusesTheMessage) {
  auto machine = fresh();
  machine.model_answered(asks({{"a", "s", "{}"}, {"b", "s", "{1}"}, {"c", "s", "{2}"}}));
  EXPECT_EQ(machine.next().kind, Kind::ask_model);
}

TEST(TurnMachine, EmptyAnswersAreNoAnswers) {
  auto machine = fresh();
  machine.model_answered(words(""));
  EXPECT_EQ(machine.next().kind, Kind::ask_model);
  machine.model_answered(words(""));
  EXPECT_EQ(machine.next().ending, Ending::rejections_spent);
}

TEST(TurnMachine, FailureAndRefusalAreDifferentEndings) {
  auto failed = fresh();
  failed.model_answered(Errc::model_unavailable);
  EXPECT_EQ(failed.next().ending, Ending::model_failed);
  auto refused = fresh();
  refused.model_answered(Errc::model_refused);
  EXPECT_EQ(refused.next().ending, Ending::model_refused);
  auto filtered = fresh();
  ModelAnswer answer = words("something");
  answer.finish = FinishReason::content_filter;
  filtered.model_answered(answer);
  EXPECT_EQ(filtered.next().ending, Ending::model_refused);
}

TEST(TurnMachine, AnEventMayBeWordedButNotActedOn) {
  TurnMachine machine(limits(), {said(Role::event, R"({"type":"intent.succeeded"})")});
  EXPECT_FALSE(machine.next().tools_allowed);
  machine.model_answered(asks({{"a", "refund", "{}"}}));
  EXPECT_EQ(machine.next().kind, Kind::ask_model) << "the call must not be recorded or run";
}

TEST(TurnMachine, GoesOnAfterACrashWithTheCallsThatWereNotAnswered) {
  Message calls = said(Role::assistant, "");
  calls.calls = {{"a", "search", "{}"}, {"b", "create", "{}"}};
  Message answer = said(Role::tool, R"({"status":"ok"})");
  answer.call_id = "a";
  TurnMachine machine(limits(), {said(Role::user), calls, answer});
  ASSERT_EQ(machine.next().kind, Kind::run_call);
  EXPECT_EQ(machine.next().call.id, "b");
}

TEST(TurnMachine, CountsRoundsAndRefusalsOfBeforeTheCrash) {
  Message calls = said(Role::assistant, "");
  calls.calls = {{"a", "create", "{}"}, {"b", "create", "{}"}};
  Message first = said(Role::tool, R"({"status":"refused","code":"price_mismatch"})");
  first.call_id = "a";
  Message second = first;
  second.call_id = "b";
  TurnMachine machine(limits(), {said(Role::user), calls, first, second});
  EXPECT_EQ(machine.next().ending, Ending::rejections_spent);
}

TEST(TurnMachine, AddsUpUsage) {
  auto machine = fresh();
  ModelAnswer one = asks({{"a", "s", "{}"}});
  one.usage.input_tokens = 10;
  one.usage.output_tokens = 3;
  machine.model_answered(one);
  machine.calls_recorded();
  machine.call_answered(false);
  ModelAnswer two = words("done");
  two.usage.input_tokens = 20;
  two.usage.estimated = true;
  machine.model_answered(two);
  EXPECT_EQ(machine.usage().input_tokens, 30);
  EXPECT_EQ(machine.usage().output_tokens, 3);
  EXPECT_TRUE(machine.usage().estimated);
}

}  // namespace
}  // namespace purser
