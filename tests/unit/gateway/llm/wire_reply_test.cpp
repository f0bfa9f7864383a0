#include "gateway/llm/wire.hpp"
#include "tests/unit/gateway/llm/wire_asked.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser::llm {
namespace {

using nlohmann::json;

Reading read_whole(std::string_view body, int status = 200, std::string_view type = "application/json") {
  return read_reply(WireReply{status, type, body}, wire_asked(), WireLimits());
}

// A reply whose only choice holds `message` and ends for `reason`.
std::string completion(const std::string& message, const std::string& reason = "\"stop\"") {
  return R"({"id":"x","model":"real-model","choices":[{"index":0,"finish_reason":)" + reason + R"(,"message":)" +
         message + "}]}";
}

std::string with_calls(const std::string& calls, const std::string& reason = "\"tool_calls\"") {
  return completion(R"({"role":"assistant","content":null,"tool_calls":)" + calls + "}", reason);
}

std::string one_call(const std::string& arguments, const std::string& reason = "\"tool_calls\"") {
  return with_calls(R"([{"id":"c1","type":"function","function":{"name":"refund","arguments":)" + arguments + "}}]",
                    reason);
}

TEST(WireReply, reads_text) {
  const auto got = read_whole(completion(R"({"role":"assistant","content":"好的"})"));
  ASSERT_TRUE(got.answer.ok());
  EXPECT_EQ(got.answer->text, "好的");
  EXPECT_EQ(got.answer->finish, FinishReason::stop);
  EXPECT_EQ(got.answer->model, "real-model");
  EXPECT_TRUE(got.answer->calls.empty());
}

TEST(WireReply, reads_content_in_parts) {
  const auto got = read_whole(completion(R"({"content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]})"));
  ASSERT_TRUE(got.answer.ok());
  EXPECT_EQ(got.answer->text, "ab");
}

TEST(WireReply, skips_blank_lines_and_the_byte_order_mark) {
  EXPECT_TRUE(read_whole("\n\n\r\n   \n" + completion(R"({"content":"x"})")).answer.ok());
  EXPECT_TRUE(read_whole("\xEF\xBB\xBF" + completion(R"({"content":"x"})")).answer.ok());
}

TEST(WireReply, reads_calls_with_the_text_the_model_wrote) {
  const auto got = read_whole(one_call(R"("{\"b\": 1, \"a\": 2}")"));
  ASSERT_TRUE(got.answer.ok());
  EXPECT_EQ(got.answer->calls, (std::vector<ToolCall>{{"c1", "refund", R"({"b": 1, "a": 2})"}}));
  EXPECT_EQ(got.answer->finish, FinishReason::tool_calls);
}

TEST(WireReply, takes_arguments_in_every_form_that_is_complete) {
  for (const auto& [sent, expected] :
       std::vector<std::pair<std::string, std::string>>{{R"({"a": {"b": [1, 2]}})", R"({"a":{"b":[1,2]}})"},
                                                        {"null", "{}"},
                                                        {R"("")", "{}"},
                                                        {R"("  ")", "{}"},
                                                        {R"("{}")", "{}"}}) {
    const auto got = read_whole(one_call(sent));
    ASSERT_TRUE(got.answer.ok()) << sent;
    EXPECT_EQ(got.answer->calls.at(0).arguments, expected) << sent;
  }
  const auto none = read_whole(with_calls(R"([{"id":"c","type":"function","function":{"name":"query_payment"}}])"));
  ASSERT_TRUE(none.answer.ok());
  EXPECT_EQ(none.answer->calls.at(0).arguments, "{}");
}

TEST(WireReply, keeps_a_repeated_key_in_arguments_for_the_gate_to_refuse) {
  const auto got = read_whole(one_call(R"({"amount_fen":1,"amount_fen":2})"));
  ASSERT_TRUE(got.answer.ok());
  EXPECT_EQ(got.answer->calls.at(0).arguments, R"({"amount_fen":1,"amount_fen":2})");
}

TEST(WireReply, refuses_arguments_that_are_not_one_object) {
  for (const char* sent : {R"("{\"a\":")", R"("{} {}")", R"("[1]")", "[1]", "3", "true", R"("3")", R"("{\"a\":1}x")",
                           R"("{\"a\":NaN}")", R"("{\"a\":1}\u0000")"}) {
    const auto got = read_whole(one_call(sent));
    ASSERT_FALSE(got.answer.ok()) << sent;
    EXPECT_EQ(got.answer.code(), Errc::model_malformed) << sent;
    EXPECT_TRUE(got.transient) << sent;
  }
}

TEST(WireReply, mints_ids_that_are_the_same_every_time) {
  const std::string body = with_calls(R"([{"function":{"name":"a","arguments":"{}"}},
      {"id":"","function":{"name":"b","arguments":"{}"}},{"id":null,"function":{"name":"c","arguments":"{}"}}])");
  const auto got = read_whole(body);
  ASSERT_TRUE(got.answer.ok());
  ASSERT_EQ(got.answer->calls.size(), 3U);
  EXPECT_EQ(got.answer->calls[0].id, "call_7_0");
  EXPECT_EQ(got.answer->calls[1].id, "call_7_1");
  EXPECT_EQ(got.answer->calls[2].id, "call_7_2");
  EXPECT_EQ(read_whole(body).answer->calls, got.answer->calls);
}

TEST(WireReply, drops_an_echo_and_refuses_two_calls_with_one_id) {
  const std::string call = R"({"id":"c","type":"function","function":{"name":"refund","arguments":"{}"}})";
  const auto echo = read_whole(with_calls("[" + call + "," + call + "]"));
  ASSERT_TRUE(echo.answer.ok());
  EXPECT_EQ(echo.answer->calls.size(), 1U);
  const auto two =
      read_whole(with_calls("[" + call + R"(,{"id":"c","function":{"name":"refund","arguments":"{\"all\":true}"}}])"));
  EXPECT_EQ(two.answer.code(), Errc::model_malformed);
}

TEST(WireReply, decides_by_the_calls_that_are_there) {
  for (const char* reason : {R"("stop")", R"("tool_calls")", R"("function_call")", R"("end_turn")"}) {
    const auto got = read_whole(one_call(R"("{}")", reason));
    ASSERT_TRUE(got.answer.ok()) << reason;
    EXPECT_EQ(got.answer->finish, FinishReason::tool_calls) << reason;
  }
}

TEST(WireReply, never_executes_what_was_cut) {
  for (const char* reason : {R"("length")", R"("model_length")"}) {
    const auto whole = read_whole(one_call(R"("{}")", reason));
    EXPECT_EQ(whole.answer.code(), Errc::model_truncated) << reason;
    EXPECT_FALSE(whole.transient);
    EXPECT_EQ(read_whole(one_call(R"("{\"a\":")", reason)).answer.code(), Errc::model_truncated) << reason;
  }
  EXPECT_EQ(read_whole(completion(R"({"content":""})", R"("length")")).answer.code(), Errc::model_truncated);
}

TEST(WireReply, marks_text_that_was_cut) {
  const auto got = read_whole(completion(R"({"content":"half a sen"})", R"("length")"));
  ASSERT_TRUE(got.answer.ok());
  EXPECT_EQ(got.answer->finish, FinishReason::length);
}

TEST(WireReply, does_not_take_an_unknown_ending_for_success) {
  EXPECT_EQ(read_whole(one_call(R"("{}")", R"("whatever")")).answer.code(), Errc::model_malformed);
  EXPECT_EQ(read_whole(one_call(R"("{}")", "null")).answer.code(), Errc::model_malformed);
  const auto text = read_whole(completion(R"({"content":"x"})", R"("whatever")"));
  ASSERT_TRUE(text.answer.ok());
  EXPECT_EQ(text.answer->finish, FinishReason::other);
}

TEST(WireReply, takes_an_announced_call_that_is_missing_for_a_loss) {
  EXPECT_EQ(read_whole(completion(R"({"content":"calling"})", R"("tool_calls")")).answer.code(), Errc::model_malformed);
}

TEST(WireReply, takes_an_aborted_generation_for_a_failed_attempt) {
  for (const char* reason : {R"("error")", R"("insufficient_system_resource")"}) {
    const auto got = read_whole(completion(R"({"content":"x"})", reason));
    EXPECT_EQ(got.answer.code(), Errc::model_unavailable) << reason;
    EXPECT_TRUE(got.transient);
  }
}

TEST(WireReply, passes_a_refusal_on_without_calls) {
  const auto got = read_whole(completion(R"({"content":null,"refusal":"I cannot.",
      "tool_calls":[{"id":"c","function":{"name":"refund","arguments":"{}"}}]})"));
  ASSERT_TRUE(got.answer.ok());
  EXPECT_EQ(got.answer->refusal, "I cannot.");
  EXPECT_TRUE(got.answer->calls.empty());
  const auto filtered = read_whole(one_call(R"("{}")", R"("content_filter")"));
  ASSERT_TRUE(filtered.answer.ok());
  EXPECT_FALSE(filtered.answer->refusal.empty());
  EXPECT_EQ(filtered.answer->finish, FinishReason::content_filter);
  EXPECT_TRUE(filtered.answer->calls.empty());
}

TEST(WireReply, refuses_a_message_where_a_key_stands_twice) {
  const std::string call = R"([{"id":"c","function":{"name":"refund","arguments":"{}"}}])";
  EXPECT_EQ(read_whole(completion(R"({"tool_calls":[],"tool_calls":)" + call + "}")).answer.code(),
            Errc::model_malformed);
  EXPECT_EQ(read_whole(with_calls(R"([{"id":"c","function":{"name":"a","name":"b","arguments":"{}"}}])")).answer.code(),
            Errc::model_malformed);
  EXPECT_EQ(
      read_whole(with_calls(R"([{"id":"c","function":{"name":"a","arguments":"{}","arguments":"{}"}}])")).answer.code(),
      Errc::model_malformed);
}

TEST(WireReply, refuses_calls_that_are_no_function_calls) {
  for (const char* calls : {R"([{"id":"c","type":"custom","custom":{"name":"x"}}])", R"([{"id":"c"}])",
                            R"([{"id":"c","function":{"arguments":"{}"}}])", R"([{"id":"c","function":{"name":""}}])",
                            R"([1])", R"({"0":1})", R"("refund")"}) {
    EXPECT_EQ(read_whole(with_calls(calls)).answer.code(), Errc::model_malformed) << calls;
  }
}

TEST(WireReply, bounds_the_number_of_calls) {
  const auto calls = [](std::size_t count) {
    json list = json::array();
    for (std::size_t i = 0; i < count; ++i)
      list.push_back({{"id", "c" + std::to_string(i)}, {"function", {{"name", "a"}, {"arguments", "{}"}}}});
    return with_calls(list.dump());
  };
  EXPECT_EQ(read_whole(calls(WireLimits().calls_max)).answer->calls.size(), WireLimits().calls_max);
  EXPECT_EQ(read_whole(calls(WireLimits().calls_max + 1)).answer.code(), Errc::model_malformed);
}

TEST(WireReply, bounds_the_bytes_of_arguments) {
  const std::size_t most = WireLimits().argument_bytes_max;
  const auto sized = [](std::size_t bytes) {
    return one_call(json(R"({"a":")" + std::string(bytes - 8, 'x') + "\"}").dump());
  };
  ASSERT_TRUE(read_whole(sized(most)).answer.ok());
  EXPECT_EQ(read_whole(sized(most)).answer->calls.at(0).arguments.size(), most);
  EXPECT_EQ(read_whole(sized(most + 1)).answer.code(), Errc::model_malformed);
}

TEST(WireReply, bounds_the_depth_of_arguments) {
  const auto nested = [](std::size_t depth) {
    std::string text = "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
    return one_call(json(text).dump());
  };
  EXPECT_TRUE(read_whole(nested(WireLimits().argument_depth_max)).answer.ok());
  EXPECT_EQ(read_whole(nested(WireLimits().argument_depth_max + 1)).answer.code(), Errc::model_malformed);
  EXPECT_EQ(read_whole(nested(30'000)).answer.code(), Errc::model_malformed);
  EXPECT_EQ(read_whole(std::string(100'000, '[')).answer.code(), Errc::model_malformed);
}

TEST(WireReply, reads_usage_of_every_dialect) {
  const auto usage = [](const std::string& text) {
    return read_whole(R"({"choices":[{"finish_reason":"stop","message":{"content":"abcdefgh"}}],"usage":)" + text + "}")
        .answer->usage;
  };
  const Usage openai = usage(R"({"prompt_tokens":100,"completion_tokens":20,"total_tokens":120,
      "prompt_tokens_details":{"cached_tokens":60},"completion_tokens_details":{"reasoning_tokens":5}})");
  EXPECT_EQ(openai.input_tokens, 100);
  EXPECT_EQ(openai.output_tokens, 20);
  EXPECT_EQ(openai.cached_tokens, 60);
  EXPECT_FALSE(openai.estimated);
  EXPECT_EQ(
      usage(R"({"prompt_tokens":10,"completion_tokens":2,"prompt_cache_hit_tokens":8,"prompt_cache_miss_tokens":2})")
          .cached_tokens,
      8);
  EXPECT_EQ(usage(R"({"prompt_tokens":10,"completion_tokens":2,"total_tokens":40})").output_tokens, 30);
  EXPECT_EQ(usage(R"({"prompt_tokens":10,"completion_tokens":2,"total_tokens":9223372036854775807})").output_tokens, 2);
  EXPECT_EQ(
      usage(R"({"prompt_tokens":10,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":11}})").cached_tokens,
      10);
  for (const char* absent :
       {"null", "{}", R"({"prompt_tokens":-1,"completion_tokens":2})", R"({"prompt_tokens":"1"})",
        // A provider that cannot have counted that is not believed, and does not spend the day's budget.
        R"({"prompt_tokens":9223372036854775807,"completion_tokens":9223372036854775807,"total_tokens":-5})",
        R"({"prompt_tokens":1000000001,"completion_tokens":2})"}) {
    const Usage estimate = usage(absent);
    EXPECT_TRUE(estimate.estimated) << absent;
    EXPECT_EQ(estimate.input_tokens, 100) << absent;
    EXPECT_EQ(estimate.output_tokens, 2) << absent;
  }
}

TEST(WireReply, names_the_model_that_was_asked_when_the_answer_names_none) {
  const auto got = read_whole(R"({"choices":[{"finish_reason":"stop","message":{"content":"x"}}]})");
  EXPECT_EQ(got.answer->model, "asked-model");
}

TEST(WireReply, picks_the_choice_with_index_zero) {
  const auto got = read_whole(R"({"choices":[{"index":1,"finish_reason":"stop","message":{"content":"b"}},
                                       {"index":0,"finish_reason":"stop","message":{"content":"a"}}]})");
  EXPECT_EQ(got.answer->text, "a");
}

struct Bad {
  const char* what;
  int status;
  const char* type;
  std::string body;
  Errc code;
  bool transient;
};

class WireErrors : public testing::TestWithParam<Bad> {};

TEST_P(WireErrors, are_told_apart) {
  const Bad& bad = GetParam();
  const auto got = read_whole(bad.body, bad.status, bad.type);
  ASSERT_FALSE(got.answer.ok());
  EXPECT_EQ(code_of(got.answer.code()), code_of(bad.code));
  EXPECT_EQ(got.transient, bad.transient);
}

constexpr const char* kJson = "application/json; charset=utf-8";

INSTANTIATE_TEST_SUITE_P(
    Shapes, WireErrors,
    testing::Values(
        Bad{"empty", 200, kJson, "", Errc::model_malformed, true},
        Bad{"blank", 200, kJson, "\n \n", Errc::model_malformed, true},
        Bad{"cut", 200, kJson, R"({"choices":[{"message":{"content":"x)", Errc::model_malformed, true},
        Bad{"trailing", 200, kJson, R"({"choices":[]} x)", Errc::model_malformed, true},
        Bad{"html", 200, "text/html", "<html>busy</html>", Errc::model_malformed, true},
        Bad{"html_unlabelled", 200, "", "<html>busy</html>", Errc::model_malformed, true},
        Bad{"wrong_type", 200, "text/html", R"({"choices":[{"finish_reason":"stop","message":{"content":"x"}}]})",
            Errc::model_malformed, true},
        Bad{"event_stream", 200, "text/event-stream", "data: {}\n\n", Errc::model_malformed, true},
        Bad{"scalar", 200, kJson, "3", Errc::model_malformed, true},
        Bad{"no_choices", 200, kJson, "{}", Errc::model_malformed, true},
        Bad{"null_choices", 200, kJson, R"({"choices":null})", Errc::model_malformed, true},
        Bad{"empty_choices", 200, kJson, R"({"choices":[]})", Errc::model_malformed, true},
        Bad{"no_message", 200, kJson, R"({"choices":[{"finish_reason":"stop"}]})", Errc::model_malformed, true},
        Bad{"no_content", 200, kJson, R"({"choices":[{"finish_reason":"stop","message":{"content":null}}]})",
            Errc::model_malformed, true},
        Bad{"bad_utf8", 200, kJson, "{\"choices\":\"\xFF\"}", Errc::model_malformed, true},
        Bad{"inner_502", 200, kJson, R"({"error":{"code":502,"message":"x"}})", Errc::model_unavailable, true},
        Bad{"inner_429", 200, kJson, R"({"error":{"code":"429","message":"x"}})", Errc::model_rate_limited, true},
        Bad{"inner_400", 200, kJson, R"({"error":{"code":400,"message":"x"}})", Errc::model_unavailable, false},
        Bad{"inner_text", 200, kJson, R"({"error":"overloaded"})", Errc::model_unavailable, true},
        Bad{"inner_choice", 200, kJson,
            R"({"choices":[{"error":{"code":429},"finish_reason":"error","message":{"content":"x"}}]})",
            Errc::model_rate_limited, true},
        Bad{"inner_filter", 200, kJson, R"({"error":{"code":403,"metadata":{"reasons":["x"],"flagged_input":"y"}}})",
            Errc::model_refused, false},
        Bad{"array", 200, kJson, R"([{"error":{"code":503,"status":"UNAVAILABLE"}}])", Errc::model_unavailable, true},
        Bad{"array_quota", 429, kJson, R"([{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}])",
            Errc::model_rate_limited, true},
        Bad{"empty_array", 200, kJson, "[]", Errc::model_malformed, true},
        Bad{"mistral", 200, kJson, R"({"object":"error","message":"x","type":"y","code":"1","raw_status_code":429})",
            Errc::model_rate_limited, true},
        Bad{"portkey", 200, kJson, R"({"status":"failure","message":"x"})", Errc::model_unavailable, true}),
    [](const auto& param) { return std::string(param.param.what); });

INSTANTIATE_TEST_SUITE_P(
    Statuses, WireErrors,
    testing::Values(
        Bad{"s400", 400, kJson, R"({"error":{"message":"x","type":"invalid_request_error"}})", Errc::model_unavailable,
            false},
        Bad{"s401", 401, kJson, R"({"error":{"message":"x"}})", Errc::model_unavailable, false},
        Bad{"s402", 402, kJson, R"({"error":{"message":"Insufficient Balance"}})", Errc::model_unavailable, false},
        Bad{"s402_flight", 402, kJson,
            R"({"error":{"code":402,"metadata":{"limit_source":"openrouter_in_flight_budget"}}})",
            Errc::model_rate_limited, true},
        Bad{"s402_weight", 402, kJson, R"({"error":{"code":"weight_exceeds_budget"}})", Errc::model_unavailable, false},
        Bad{"s404", 404, "text/html", "<html>", Errc::model_unavailable, false},
        Bad{"s408", 408, kJson, "", Errc::model_unavailable, true},
        Bad{"s409", 409, kJson, "", Errc::model_unavailable, true},
        Bad{"s413", 413, "", "", Errc::model_unavailable, false},
        Bad{"s429", 429, kJson, R"({"error":{"message":"x","type":"requests","code":"rate_limit_exceeded"}})",
            Errc::model_rate_limited, true},
        Bad{"s429_quota", 429, kJson, R"({"error":{"code":"insufficient_quota"}})", Errc::model_unavailable, false},
        Bad{"s500", 500, kJson, "", Errc::model_unavailable, true},
        Bad{"s502", 502, "text/html", "<html>Bad Gateway</html>", Errc::model_unavailable, true},
        Bad{"s529", 529, kJson, R"({"error":{"type":"overloaded_error"}})", Errc::model_unavailable, true},
        Bad{"s301", 301, "", "", Errc::model_unavailable, false},
        Bad{"s204", 204, "", "", Errc::model_unavailable, false},
        Bad{"too_long", 400, kJson, R"({"error":{"code":"context_length_exceeded"}})", Errc::model_unavailable, false},
        Bad{"too_long_500", 500, kJson, R"({"error":{"code":"context_length_exceeded"}})", Errc::model_unavailable,
            false},
        Bad{"too_long_words", 400, kJson,
            R"({"error":{"message":"This model's maximum context length is 8192 tokens"}})", Errc::model_unavailable,
            false},
        Bad{"filter", 400, kJson, R"({"error":{"code":"content_filter"}})", Errc::model_refused, false},
        Bad{"filter_500", 500, kJson, R"({"error":{"code":"content_policy_violation"}})", Errc::model_refused, false},
        Bad{"filter_azure", 400, kJson,
            R"({"error":{"code":"x","innererror":{"code":"ResponsibleAIPolicyViolation"}}})", Errc::model_refused,
            false},
        Bad{"filter_qwen", 400, kJson, R"({"error":{"code":"data_inspection_failed"}})", Errc::model_refused, false}),
    [](const auto& param) { return std::string(param.param.what); });

TEST(WireReply, repeats_nothing_of_what_the_provider_wrote_but_code_and_type) {
  const auto got =
      read_whole(R"({"error":{"message":"Incorrect API key sk-abc","type":"bad\nline","code":"X Y"}})", 401);
  EXPECT_EQ(got.answer.error().message, "the provider answered 401 (x_y bad_line)");
}

}  // namespace
}  // namespace purser::llm
