#include "agent/api/direct_door.hpp"
#include "tests/support/desk.hpp"

#include <gtest/gtest.h>

namespace purser {
std::string_view openapi_document();
}  // namespace purser

namespace purser::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

// Speaks its words one by one, then ends as it is told, or never.
class SpeakingModel final : public Model {
 public:
  explicit SpeakingModel(Clock& clock) : clock_(clock) {}
  std::string_view name() const override { return "speaking"; }
  Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) override {
    asked = request;
    asked.words = nullptr;
    for (const std::string& word : words) {
      if (request.words != nullptr) request.words->words(word, "gpt-x");
      auto slept = co_await clock_.sleep_until(clock_.now() + 1ms);
      if (!slept) co_return slept.error();
    }
    if (silent) {
      auto slept = co_await clock_.sleep_until(deadline.at);
      broken_off = !slept;
      co_return Error(broken_off ? Errc::canceled : Errc::timed_out);
    }
    co_return end;
  }

  std::vector<std::string> words;
  Result<ModelAnswer> end = ModelAnswer();
  bool silent = false;
  bool broken_off = false;
  ModelRequest asked;

 private:
  Clock& clock_;
};

class Direct : public testing::Test {
 protected:
  Direct() {
    ModelAnswer answer;
    answer.text = "Good day";
    answer.model = "gpt-x";
    answer.provider = "api.example.com";
    answer.usage.input_tokens = 9;
    answer.usage.output_tokens = 2;
    model.end = answer;
  }
  static json body(json more = json::object()) {
    json whole{{"model", "purser/fast"}, {"messages", json::array({{{"role", "user"}, {"content", "hello"}}})}};
    whole.update(more);
    return whole;
  }
  Result<http::Response> ask(const json& whole) {
    return loop.play(door.complete(TenantId::trusted("acme"), whole, {}, ""));
  }
  json answered(const json& whole) {
    auto response = ask(whole);
    EXPECT_TRUE(response.ok());
    EXPECT_EQ(response->status, 200) << response->body;
    return json::parse(response->body);
  }
  std::string refused(const json& whole) {
    auto response = ask(whole);
    EXPECT_TRUE(response.ok());
    EXPECT_GE(response->status, 400) << response->body;
    return code_of(*response);
  }
  // The data of a stream, in order.
  std::vector<std::string> streamed(json more = json::object()) {
    more["stream"] = true;
    auto response = ask(body(std::move(more)));
    EXPECT_TRUE(response.ok() && response->stream);
    Reader reader;
    loop.play(response->stream(reader.sink()));
    return reader.data();
  }

  Loop loop;
  SpeakingModel model{loop.clock};
  crypto::SystemMint mint{Secret("0123456789abcdef0123456789abcdef")};
  DirectDoor door{{&model, {"fast"}, 45s}, mint, loop.clock};
};

TEST_F(Direct, hands_on_the_question_and_its_answer) {
  const json answer = answered(body(
      {{"user", "anna"},
       {"temperature", 0.2},
       {"max_tokens", 77},
       {"messages",
        {{{"role", "system"}, {"content", "be brief"}},
         {{"role", "user"}, {"content", json::array({{{"type", "text"}, {"text", "hello"}}})}},
         {{"role", "assistant"},
          {"content", nullptr},
          {"tool_calls",
           json::array({{{"id", "c1"}, {"type", "function"}, {"function", {{"name", "f"}, {"arguments", "{}"}}}}})}},
         {{"role", "tool"}, {"tool_call_id", "c1"}, {"content", "42"}}}},
       {"tools",
        json::array({{{"type", "function"}, {"function", {{"name", "f"}, {"parameters", json::object()}}}}})}}));
  EXPECT_EQ(model.asked.tier, "fast");
  EXPECT_EQ(model.asked.scope.tenant, "acme");
  EXPECT_EQ(model.asked.scope.user, "anna");
  EXPECT_EQ(model.asked.system, "be brief");
  EXPECT_EQ(model.asked.output_tokens_max, 77);
  EXPECT_EQ(json::parse(model.asked.extra_json), (json{{"temperature", 0.2}}));
  EXPECT_TRUE(model.asked.whole);
  ASSERT_EQ(model.asked.messages.size(), 3U);
  EXPECT_EQ(model.asked.messages[0].text, "hello");
  EXPECT_EQ(model.asked.messages[1].calls, (std::vector<ToolCall>{{"c1", "f", "{}"}}));
  EXPECT_EQ(model.asked.messages[2].call_id, "c1");
  ASSERT_EQ(model.asked.tools.size(), 1U);
  EXPECT_FALSE(model.asked.tools[0].moves_money);

  EXPECT_EQ(answer["object"], "chat.completion");
  EXPECT_EQ(answer["model"], "gpt-x");
  EXPECT_EQ(answer["choices"][0]["message"]["content"], "Good day");
  EXPECT_EQ(answer["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(answer["usage"]["total_tokens"], 11);
  EXPECT_EQ(answer["purser"]["provider"], "api.example.com");
}

TEST_F(Direct, hands_on_calls_for_the_client_to_run) {
  ModelAnswer answer;
  answer.model = "gpt-x";
  answer.calls = {{"c1", "f", R"({"a":1})"}};
  answer.finish = FinishReason::tool_calls;
  model.end = answer;
  const json offered = json::array({{{"type", "function"}, {"function", {{"name", "f"}}}}});
  const json whole = answered(body({{"tools", offered}}));
  EXPECT_EQ(whole["choices"][0]["finish_reason"], "tool_calls");
  EXPECT_EQ(whole["choices"][0]["message"]["content"], nullptr);
  EXPECT_EQ(whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], R"({"a":1})");
  const auto data = streamed({{"tools", offered}});
  const json calls = json::parse(data.at(1))["choices"][0]["delta"]["tool_calls"];
  EXPECT_EQ(calls[0]["index"], 0);
  EXPECT_EQ(calls[0]["id"], "c1");
}

TEST_F(Direct, streams_words_while_they_come) {
  model.words = {"Good ", "day"};
  const auto data = streamed({{"stream_options", {{"include_usage", true}}}});
  ASSERT_EQ(data.size(), 6U);  // the role, two words, the end, the usage, [DONE]
  EXPECT_EQ(json::parse(data[0])["choices"][0]["delta"]["role"], "assistant");
  EXPECT_EQ(json::parse(data[1])["choices"][0]["delta"]["content"], "Good ");
  EXPECT_EQ(json::parse(data[1])["model"], "gpt-x");
  EXPECT_EQ(json::parse(data[2])["choices"][0]["delta"]["content"], "day");
  EXPECT_EQ(json::parse(data[3])["choices"][0]["finish_reason"], "stop");
  EXPECT_EQ(json::parse(data[4])["usage"]["completion_tokens"], 2);
  EXPECT_EQ(data[5], "[DONE]");
  EXPECT_FALSE(model.asked.whole);
}

// S08 at the door: what was cut never ends as if it were whole.
TEST_F(Direct, ends_a_cut_stream_with_an_error) {
  model.words = {"Good "};
  model.end = Error(Errc::model_truncated, "the stream was cut");
  const auto data = streamed();
  EXPECT_EQ(json::parse(data.back())["error"]["code"], "model_truncated");
  for (const std::string& one : data) EXPECT_NE(one, "[DONE]");
}

TEST_F(Direct, breaks_the_question_off_when_its_client_leaves) {
  model.silent = true;
  auto response = ask(body({{"stream", true}}));
  ASSERT_TRUE(response.ok() && response->stream);
  Reader reader;
  auto running = loop.start(response->stream(reader.sink()));
  ASSERT_TRUE(loop.advance(2s));
  EXPECT_FALSE(running.done());
  running.cancel(asio::cancellation_type::total);
  ASSERT_TRUE(loop.until([&] { return running.done(); }));
  EXPECT_TRUE(model.broken_off);
}

TEST_F(Direct, breaks_a_question_in_one_piece_off_too) {
  model.silent = true;
  bool leaves = false;
  const auto client_left = [&]() -> Task<void> {
    auto slept = co_await loop.clock.sleep_until(loop.clock.now() + 3s);
    leaves = slept.ok();
  };
  const auto begun = loop.clock.now();
  const auto response = loop.play(door.complete(TenantId::trusted("acme"), body(), client_left, ""));
  EXPECT_TRUE(leaves && model.broken_off);
  ASSERT_TRUE(response.ok());
  EXPECT_TRUE(response->drop);
  EXPECT_EQ(response->status, 499);
  EXPECT_EQ(loop.clock.now() - begun, 3s);
  // Who stays has the answer.
  model.silent = leaves = false;
  const auto answered_in_time = loop.play(door.complete(TenantId::trusted("acme"), body(), client_left, ""));
  ASSERT_TRUE(answered_in_time.ok());
  EXPECT_EQ(answered_in_time->status, 200);
  EXPECT_FALSE(leaves);
}

TEST_F(Direct, hands_on_no_call_that_was_not_offered_or_reads_in_two_ways) {
  const json offered = json::array({{{"type", "function"}, {"function", {{"name", "f"}}}}});
  const auto status = [&](std::vector<ToolCall> calls, json more) {
    model.end = ModelAnswer();
    model.end->calls = std::move(calls);
    model.end->finish = FinishReason::tool_calls;
    more["tools"] = offered;
    const auto response = ask(body(std::move(more)));
    return response ? response->status : 0;
  };
  EXPECT_EQ(status({{"c", "f", R"({"a":1.5})"}, {"d", "f", "{}"}}, json::object()), 200);
  EXPECT_EQ(status({{"c", "g", "{}"}}, json::object()), 502);
  EXPECT_EQ(status({{"c", "f", R"({"a":1,"a":900})"}}, json::object()), 502);
  EXPECT_EQ(status({{"c", "f", "[]"}}, json::object()), 502);
  EXPECT_EQ(status({{"c", "f", "{}"}, {"d", "f", "{}"}}, {{"parallel_tool_calls", false}}), 502);
}

TEST_F(Direct, says_what_failed_as_clients_of_openai_expect_it) {
  const auto described = json::parse(openapi_document())["paths"]["/v1/chat/completions"]["post"]["responses"];
  const auto failed = [&](Error error) {
    model.end = std::move(error);
    const auto response = ask(body());
    EXPECT_TRUE(response && described.contains(std::to_string(response->status)));
    return response ? std::to_string(response->status) + " " + code_of(*response) : std::string("no response");
  };
  EXPECT_EQ(failed(Error(Errc::model_unavailable, "spent", "budget")), "429 insufficient_quota");
  EXPECT_EQ(failed(Error(Errc::model_unavailable, "nobody", "data_region")), "403 data_region");
  EXPECT_EQ(failed(Error(Errc::model_unavailable, "long", "context")), "400 context_length_exceeded");
  EXPECT_EQ(failed(Error(Errc::model_unavailable, "odd", "question")), "400 refused_by_provider");
  EXPECT_EQ(failed(Error(Errc::model_refused, "no")), "400 content_filter");
  EXPECT_EQ(failed(Error(Errc::model_rate_limited, "slow")), "429 rate_limit_exceeded");
  EXPECT_EQ(failed(Error(Errc::model_unavailable, "down")), "503 model_unavailable");
  EXPECT_EQ(failed(Error(Errc::model_truncated, "cut")), "502 model_truncated");
  EXPECT_EQ(failed(Error(Errc::model_malformed, "odd")), "502 model_malformed");
  EXPECT_EQ(failed(Error(Errc::timed_out, "late")), "504 timed_out");
  // What a provider said stays inside.
  model.end = Error(Errc::model_unavailable, "secret words of a provider");
  EXPECT_EQ(ask(body())->body.find("secret"), std::string::npos);
}

TEST_F(Direct, writes_any_text_as_json) {
  model.end->text = "\"绿茶\"\n\x01\xFF</script>";
  EXPECT_EQ(answered(body())["choices"][0]["message"]["content"], "\"绿茶\"\n\x01\uFFFD</script>");
  model.words = {"\"a\"", "\n"};
  const auto data = streamed();
  EXPECT_EQ(json::parse(data[1])["choices"][0]["delta"]["content"], "\"a\"");
  EXPECT_EQ(json::parse(data[2])["choices"][0]["delta"]["content"], "\n");
}

TEST_F(Direct, masks_what_identifies_people) {
  const json messages = json::array({{{"role", "system"}, {"content", "Call 13812345678"}},
                                     {{"role", "user"}, {"content", "my phone is 13812345678"}}});
  (void)answered(body({{"messages", messages}}));
  EXPECT_EQ(model.asked.messages[0].text.find("13812345678"), std::string::npos);
  EXPECT_EQ(model.asked.system.find("13812345678"), std::string::npos);
}

TEST_F(Direct, refuses_what_it_would_have_to_drop) {
  EXPECT_EQ(refused(body({{"model", "purser/none"}})), "model_not_found");
  EXPECT_EQ(refused(body({{"n", 2}})), "invalid_value");
  EXPECT_EQ(refused(body({{"audio", json::object()}})), "unknown_parameter");
  EXPECT_EQ(refused(body({{"max_tokens", 0}})), "invalid_type");
  EXPECT_EQ(refused(body({{"messages", json::array()}})), "invalid_value");
  EXPECT_EQ(refused(body({{"messages", json::array({{{"role", "critic"}, {"content", "x"}}})}})), "invalid_value");
  EXPECT_EQ(refused(body({{"messages",
                           json::array({{{"role", "user"}, {"content", json::array({{{"type", "image_url"}}})}}})}})),
            "unsupported_content");
  DirectDoor closed({}, mint, loop.clock);
  auto response = loop.play(closed.complete(TenantId::trusted("acme"), body(), {}, ""));
  EXPECT_EQ(code_of(*response), "model_not_found");
  EXPECT_TRUE(closed.names().empty());
}

}  // namespace
}  // namespace purser::test
