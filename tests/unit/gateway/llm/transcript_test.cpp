// A conversation moves to another provider in the middle of its tool calls, and stays one that the provider takes.
#include "gateway/llm/transcript.hpp"

#include "gateway/llm/answer_cache.hpp"
#include "gateway/llm/wire.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser::llm {
namespace {

using nlohmann::json;

ModelRequest in_a_tool_loop() {
  ModelRequest request;
  request.messages.resize(3);
  request.messages[0].text = "refund it";
  request.messages[1].role = Role::assistant;
  request.messages[1].calls = {{"call_with_a_long_id", "refund", "{}"}};
  request.messages[2].role = Role::tool;
  request.messages[2].call_id = "call_with_a_long_id";
  request.messages[2].text = "{}";
  return request;
}

ModelAnswer answer_with_signature() {
  ModelAnswer answer;
  answer.calls = {{"call_with_a_long_id", "refund", "{}"}};
  answer.extras = {{"call_with_a_long_id", R"({"google":{"thought_signature":"abc"}})"}};
  answer.reasoning = "because";
  return answer;
}

json messages(const WireStyle& style) {
  return json::parse(*build_request(in_a_tool_loop(), style))["messages"];
}

TEST(Transcript, gives_a_provider_its_own_signature_back) {
  Transcript past;
  past.remember("gemini", in_a_tool_loop().scope, answer_with_signature());
  WireStyle style;
  style.thought_signatures = true;
  style.provider = "gemini";
  style.past = &past;
  EXPECT_EQ(messages(style)[1]["tool_calls"][0]["extra_content"]["google"]["thought_signature"], "abc");
}

TEST(Transcript, gives_nobody_anothers_signature) {
  Transcript past;
  past.remember("gemini", in_a_tool_loop().scope, answer_with_signature());
  WireStyle style;
  style.past = &past;
  style.provider = "openai";
  EXPECT_FALSE(messages(style)[1]["tool_calls"][0].contains("extra_content"));
  style.thought_signatures = true;
  style.provider = "other-gemini";
  EXPECT_EQ(messages(style)[1]["tool_calls"][0]["extra_content"]["google"]["thought_signature"],
            "skip_thought_signature_validator");
  style.past = nullptr;
  EXPECT_TRUE(messages(style)[1]["tool_calls"][0].contains("extra_content"));
}

TEST(Transcript, gives_thoughts_back_where_they_are_wanted) {
  Transcript past;
  past.remember("deepseek", in_a_tool_loop().scope, answer_with_signature());
  WireStyle style;
  style.past = &past;
  style.provider = "deepseek";
  EXPECT_FALSE(messages(style)[1].contains("reasoning_content"));
  style.reasoning_with_calls = true;
  EXPECT_EQ(messages(style)[1]["reasoning_content"], "because");
  style.provider = "another";
  EXPECT_EQ(messages(style)[1]["reasoning_content"], "");
  style.past = nullptr;
  EXPECT_EQ(messages(style)[1]["reasoning_content"], "");
}

TEST(Transcript, maps_ids_so_that_call_and_answer_still_meet) {
  WireStyle style;
  style.nine_letter_ids = true;
  const json sent = messages(style);
  const std::string id = sent[1]["tool_calls"][0]["id"];
  EXPECT_EQ(id.size(), 9U);
  EXPECT_TRUE(std::all_of(id.begin(), id.end(), [](unsigned char c) { return std::isalnum(c) != 0; }));
  EXPECT_EQ(sent[2]["tool_call_id"], id);
  EXPECT_EQ(messages(style), sent);
}

TEST(Transcript, keeps_the_newest_calls) {
  Transcript past(2);
  for (const char* id : {"a", "b", "c"}) {
    ModelAnswer answer;
    answer.calls = {{id, "f", "{}"}};
    answer.reasoning = id;
    past.remember("p", {}, answer);
  }
  const auto reasoning = [&](const char* id) { return past.reasoning("p", {}, {id, "f", "{}"}); };
  EXPECT_EQ(reasoning("a"), "");
  EXPECT_EQ(reasoning("b"), "b");
  EXPECT_EQ(reasoning("c"), "c");
}

// Ids repeat between conversations: providers count them from 0, and so do we where they send none.
TEST(Transcript, keeps_one_conversations_thoughts_from_another) {
  const ModelScope own{"tea", "anna", "t1"};
  const ToolCall call{"call_0", "refund", "{}"};
  ModelAnswer answer;
  answer.calls = {call};
  answer.reasoning = "Anna is ill";
  Transcript past;
  past.remember("p", own, answer);
  EXPECT_EQ(past.reasoning("p", own, call), "Anna is ill");
  EXPECT_EQ(past.reasoning("p", {"shop", "anna", "t1"}, call), "");
  EXPECT_EQ(past.reasoning("p", {"tea", "bert", "t1"}, call), "");
  EXPECT_EQ(past.reasoning("p", {"tea", "anna", "t2"}, call), "");
  EXPECT_EQ(past.reasoning("p", {"te", "aanna", "t1"}, call), "");
  EXPECT_EQ(past.reasoning("q", own, call), "");
  EXPECT_EQ(past.reasoning("p", own, {"call_0", "refund", "{\"x\":1}"}), "");
}

TEST(WireRequest, asks_for_a_stream_with_its_usage) {
  WireStyle style;
  EXPECT_FALSE(json::parse(*build_request(in_a_tool_loop(), style)).contains("stream_options"));
  style.stream = true;
  const json body = json::parse(*build_request(in_a_tool_loop(), style));
  EXPECT_EQ(body["stream"], true);
  EXPECT_EQ(body["stream_options"]["include_usage"], true);
  style.usage_option = false;
  EXPECT_FALSE(json::parse(*build_request(in_a_tool_loop(), style)).contains("stream_options"));
}

TEST(WireRequest, sends_further_members_and_lets_them_overrule_nothing) {
  WireStyle style;
  style.model = "m";
  style.extra_body_json = R"({"enable_thinking":false,"model":"another","n":5,"stream":true})";
  const json body = json::parse(*build_request(in_a_tool_loop(), style));
  EXPECT_EQ(body["enable_thinking"], false);
  EXPECT_EQ(body["model"], "m");
  EXPECT_EQ(body["n"], 1);
  EXPECT_EQ(body["stream"], false);
}

TEST(WireRequest, is_strict_only_with_schemas_that_are) {
  ModelRequest request = in_a_tool_loop();
  request.tools.resize(2);
  request.tools[0].parameters_json =
      R"({"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false})";
  request.tools[1].parameters_json =
      R"({"type":"object","properties":{"a":{"type":"string"}},"required":[],"additionalProperties":false})";
  WireStyle style;
  style.strict = true;
  const json body = json::parse(*build_request(request, style));
  EXPECT_EQ(body["tools"][0]["function"]["strict"], true);
  EXPECT_FALSE(body["tools"][1]["function"].contains("strict"));
}

// --- the cache -----------------------------------------------------------------------------------

ModelAnswer words() {
  ModelAnswer answer;
  answer.text = "hello";
  answer.cost_picousd = 5;
  return answer;
}

TEST(AnswerCache, answers_exactly_the_same_question_for_a_while) {
  AnswerCache cache(2, Millis(1'000));
  const std::string key = AnswerCache::key("fast", in_a_tool_loop());
  EXPECT_FALSE(cache.find(key, Millis(0)).has_value());
  cache.keep(key, words(), Millis(0));
  ASSERT_TRUE(cache.find(key, Millis(999)).has_value());
  EXPECT_EQ(cache.find(key, Millis(999))->text, "hello");
  EXPECT_EQ(cache.find(key, Millis(999))->cost_picousd, 0);
  EXPECT_FALSE(cache.find(key, Millis(1'000)).has_value());
}

TEST(AnswerCache, tells_questions_apart) {
  const ModelRequest one = in_a_tool_loop();
  const std::string key = AnswerCache::key("fast", one);
  ModelRequest other = one;
  other.messages[0].text = "refund it!";
  EXPECT_NE(AnswerCache::key("fast", other), key);
  other = one;
  other.scope.tenant = "another shop";
  EXPECT_NE(AnswerCache::key("fast", other), key);
  other = one;
  other.messages[0].text = "refund";
  other.messages[0].call_id = " it";
  EXPECT_NE(AnswerCache::key("fast", other), key);
  EXPECT_NE(AnswerCache::key("slow", one), key);
}

TEST(AnswerCache, keeps_nothing_that_could_move_money_or_is_no_plain_answer) {
  ModelRequest with_tools = in_a_tool_loop();
  with_tools.tools.resize(1);
  EXPECT_EQ(AnswerCache::key("fast", with_tools), "");
  AnswerCache cache(9, Millis(1'000));
  const auto kept = [&](const ModelAnswer& answer) {
    cache.keep("k", answer, Millis(0));
    return cache.find("k", Millis(0)).has_value();
  };
  EXPECT_FALSE(kept(answer_with_signature()));
  ModelAnswer refused = words();
  refused.refusal = "no";
  EXPECT_FALSE(kept(refused));
  ModelAnswer cut = words();
  cut.finish = FinishReason::length;
  EXPECT_FALSE(kept(cut));
  EXPECT_TRUE(kept(words()));
  EXPECT_FALSE(cache.find("", Millis(0)).has_value());
}

TEST(AnswerCache, lets_the_oldest_go) {
  AnswerCache cache(2, Millis(1'000));
  for (const char* key : {"a", "b", "c"}) cache.keep(key, words(), Millis(0));
  EXPECT_FALSE(cache.find("a", Millis(1)).has_value());
  EXPECT_TRUE(cache.find("c", Millis(1)).has_value());
}

}  // namespace
}  // namespace purser::llm
