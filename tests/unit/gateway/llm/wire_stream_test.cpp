#include "gateway/llm/wire_stream.hpp"

#include "tests/unit/gateway/llm/wire_asked.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser::llm {
namespace {

using nlohmann::json;

std::string data(const json& chunk) {
  return "data: " + chunk.dump() + "\n\n";
}
std::string delta(json what, const char* reason = nullptr) {
  json choice = {{"index", 0}, {"delta", std::move(what)}, {"finish_reason", nullptr}};
  if (reason) choice["finish_reason"] = reason;
  return data({{"model", "real-model"}, {"choices", {choice}}, {"usage", nullptr}});
}
std::string words(const std::string& text, const char* reason = nullptr) {
  return delta({{"content", text}}, reason);
}
std::string pieces(json calls, const char* reason = nullptr) {
  return delta({{"tool_calls", std::move(calls)}}, reason);
}
std::string ending(const char* reason) {
  return delta(json::object(), reason);
}
const std::string kUsage =
    data({{"choices", json::array()}, {"usage", {{"prompt_tokens", 11}, {"completion_tokens", 5}}}});
const std::string kDone = "data: [DONE]\n\n";

struct Read {
  Reading reading;
  bool done = false;
  std::string text;
};

Read read_stream(const std::string& bytes, bool whole = true, std::size_t piece = 0, int status = 200,
                 const char* type = "text/event-stream") {
  StreamReader reader(wire_asked(), WireLimits(), 1 << 20);
  reader.begin(status, type);
  if (piece == 0) piece = bytes.size() + 1;
  for (std::size_t at = 0; at < bytes.size(); at += piece) reader.feed(std::string_view(bytes).substr(at, piece));
  Read out;
  out.done = reader.done();
  out.text = reader.text();
  out.reading = reader.finish(whole);
  return out;
}

Result<ModelAnswer> answer(const std::string& bytes, bool whole = true) {
  return read_stream(bytes, whole).reading.answer;
}

TEST(WireStream, reads_words) {
  const auto got = read_stream(delta({{"role", "assistant"}, {"content", ""}}) + words("好") + words("的") +
                               ending("stop") + kUsage + kDone);
  ASSERT_TRUE(got.reading.answer.ok());
  EXPECT_EQ(got.reading.answer->text, "好的");
  EXPECT_EQ(got.text, "好的");
  EXPECT_EQ(got.reading.answer->finish, FinishReason::stop);
  EXPECT_EQ(got.reading.answer->model, "real-model");
  EXPECT_EQ(got.reading.answer->usage.input_tokens, 11);
  EXPECT_EQ(got.reading.answer->usage.output_tokens, 5);
  EXPECT_FALSE(got.reading.answer->usage.estimated);
  EXPECT_TRUE(got.done);
}

TEST(WireStream, is_the_same_however_it_is_split) {
  const std::string bytes =
      ": keep-alive\r\n\r\n" + words("您好，") +
      pieces(
          {{{"index", 0}, {"id", "a"}, {"type", "function"}, {"function", {{"name", "refund"}, {"arguments", ""}}}}}) +
      pieces({{{"index", 0}, {"function", {{"arguments", "{\"x\":"}}}}}) +
      pieces({{{"index", 0}, {"function", {{"arguments", "\"茶\"}"}}}}}) + ending("tool_calls") + kUsage + kDone;
  for (std::size_t piece = 1; piece < bytes.size(); piece += 1 + piece / 16) {
    const auto got = read_stream(bytes, true, piece);
    ASSERT_TRUE(got.reading.answer.ok()) << piece;
    EXPECT_EQ(got.reading.answer->calls, (std::vector<ToolCall>{{"a", "refund", "{\"x\":\"茶\"}"}})) << piece;
    EXPECT_EQ(got.reading.answer->text, "您好，");
  }
}

// A reader leaves once nothing more can change the answer; the wire may have been cut anywhere by then.
TEST(WireStream, does_not_miss_what_it_need_not_wait_for) {
  const std::string answer = pieces({{{"index", 0},
                                      {"id", "a"},
                                      {"type", "function"},
                                      {"function", {{"name", "refund"}, {"arguments", "{}"}}}}}) +
                             ending("tool_calls") + kUsage;
  const std::string rest = kDone;
  for (std::size_t more = 0; more <= rest.size(); ++more) {
    const auto got = read_stream(answer + rest.substr(0, more), true, 1);
    ASSERT_TRUE(got.reading.answer.ok()) << rest.substr(0, more) << ": " << got.reading.answer.error().message;
    EXPECT_EQ(got.reading.answer->calls.size(), 1u);
  }
}

// --- which call a piece belongs to ---------------------------------------------------------------

struct Assembly {
  const char* what;
  std::vector<json> chunks;     // each the list tool_calls of one chunk
  std::vector<ToolCall> calls;  // empty: the whole answer is refused
};

json piece(json index, json id, const char* name, json arguments) {
  json out = {{"function", {{"arguments", std::move(arguments)}}}};
  if (!index.is_discarded()) out["index"] = std::move(index);
  if (!id.is_discarded()) out["id"] = std::move(id);
  if (name) out["function"]["name"] = name;
  return out;
}
const json kNone = json(json::value_t::discarded);

class WireAssembly : public testing::TestWithParam<Assembly> {};

TEST_P(WireAssembly, follows_the_rules) {
  std::string bytes;
  for (const json& chunk : GetParam().chunks) bytes += pieces(chunk);
  const auto got = answer(bytes + ending("tool_calls") + kDone);
  if (GetParam().calls.empty()) {
    ASSERT_FALSE(got.ok());
    EXPECT_EQ(got.code(), Errc::model_malformed);
    return;
  }
  ASSERT_TRUE(got.ok()) << got.error().message;
  EXPECT_EQ(got->calls, GetParam().calls);
}

INSTANTIATE_TEST_SUITE_P(
    Quirks, WireAssembly,
    testing::Values(
        Assembly{"the normal form",
                 {{piece(0, "a", "f", "{\"x\"")}, {piece(1, "b", "g", "{}")}, {piece(0, kNone, nullptr, ":1}")}},
                 {{"a", "f", "{\"x\":1}"}, {"b", "g", "{}"}}},
        Assembly{"no index: two ids are two calls",
                 {{piece(kNone, "a", "f", "{}")}, {piece(kNone, "b", "f", "{}")}},
                 {{"a", "f", "{}"}, {"b", "f", "{}"}}},
        Assembly{"null index",
                 {{piece(nullptr, "a", "f", "{}")}, {piece(nullptr, "b", "g", "{}")}},
                 {{"a", "f", "{}"}, {"b", "g", "{}"}}},
        Assembly{"index from one", {{piece(1, "a", "f", "{")}, {piece(1, kNone, nullptr, "}")}}, {{"a", "f", "{}"}}},
        Assembly{"a new id at a taken index",
                 {{piece(0, "a", "f", "{\"x\":1}")}, {piece(0, "b", "f", "{\"x\":")}, {piece(0, kNone, nullptr, "2}")}},
                 {{"a", "f", "{\"x\":1}"}, {"b", "f", "{\"x\":2}"}}},
        Assembly{"an empty id goes on",
                 {{piece(0, "a", "f", "{\"x\"")}, {piece(0, "", nullptr, ":1}")}},
                 {{"a", "f", "{\"x\":1}"}}},
        Assembly{"the id on every chunk",
                 {{piece(0, "a", "f", "{\"x\"")}, {piece(0, "a", nullptr, ":1}")}},
                 {{"a", "f", "{\"x\":1}"}}},
        Assembly{"the id on every chunk and no index",
                 {{piece(kNone, "a", "f", "{\"x\"")}, {piece(kNone, "a", "f", ":1}")}},
                 {{"a", "f", "{\"x\":1}"}}},
        Assembly{"no id at all",
                 {{piece(0, kNone, "f", "{}")}, {piece(1, kNone, "g", "{}")}},
                 {{"call_7_0", "f", "{}"}, {"call_7_1", "g", "{}"}}},
        Assembly{"neither id nor index goes on with the last",
                 {{piece(0, "a", "f", "{\"x\"")}, {piece(kNone, kNone, nullptr, ":1}")}},
                 {{"a", "f", "{\"x\":1}"}}},
        Assembly{"a late name", {{piece(0, "a", nullptr, "")}, {piece(0, kNone, "f", "{}")}}, {{"a", "f", "{}"}}},
        Assembly{"a whole call in one chunk", {{piece(kNone, "a", "f", "{\"x\":1}")}}, {{"a", "f", "{\"x\":1}"}}},
        Assembly{"two whole calls in one chunk",
                 {{piece(kNone, "a", "f", "{}"), piece(kNone, "b", "g", "{}")}},
                 {{"a", "f", "{}"}, {"b", "g", "{}"}}},
        Assembly{"arguments as an object", {{piece(0, "a", "f", json{{"x", 1}})}}, {{"a", "f", "{\"x\":1}"}}},
        Assembly{"null arguments", {{piece(0, "a", "f", nullptr)}}, {{"a", "f", "{}"}}},
        Assembly{"empty arguments", {{piece(0, "a", "f", "")}}, {{"a", "f", "{}"}}},
        Assembly{"a summary of the calls at the end",
                 {{piece(0, "a", "f", "{\"x\"")}, {piece(0, kNone, nullptr, ":1}")}, {piece(0, "a", "f", "{\"x\":1}")}},
                 {{"a", "f", "{\"x\":1}"}}},
        Assembly{"a summary that differs", {{piece(0, "a", "f", "{\"x\":1}")}, {piece(0, "a", "f", "{\"x\":2}")}}, {}},
        Assembly{"a name that changes", {{piece(0, "a", "f", "{}")}, {piece(0, kNone, "g", "")}}, {}},
        Assembly{"a piece of nothing", {{piece(kNone, kNone, nullptr, "{}")}}, {}},
        Assembly{"a whole call of nothing known", {{piece(kNone, kNone, "f", "{}")}}, {}},
        Assembly{"no name", {{piece(0, "a", nullptr, "{}")}}, {}},
        Assembly{"arguments that stop", {{piece(0, "a", "f", "{\"x\":")}}, {}},
        Assembly{"arguments with a tail", {{piece(0, "a", "f", "{}{}")}}, {}},
        Assembly{"arguments that are a list", {{piece(0, "a", "f", "[1]")}}, {}},
        Assembly{"arguments that are a number", {{piece(0, "a", "f", 7)}}, {}},
        Assembly{"one broken call spoils the other", {{piece(0, "a", "f", "{}"), piece(1, "b", "g", "{")}}, {}}),
    [](const auto& one) {
      std::string name;
      for (const char c : std::string(one.param.what)) name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return name;
    });

TEST(WireStream, refuses_a_call_that_is_no_function_or_stands_twice) {
  EXPECT_FALSE(answer(pieces({{{"index", 0}, {"id", "a"}, {"type", "custom"}, {"function", {{"name", "f"}}}}}) +
                      ending("tool_calls") + kDone)
                   .ok());
  EXPECT_FALSE(answer("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"a\",\"id\":\"b\",\"function\":{"
                      "\"name\":\"f\",\"arguments\":\"{}\"}}]}}]}\n\n" +
                      ending("tool_calls") + kDone)
                   .ok());
  EXPECT_FALSE(answer(pieces("none") + ending("tool_calls") + kDone).ok());
}

TEST(WireStream, bounds_the_calls) {
  WireLimits limits;
  std::string bytes;
  for (std::size_t i = 0; i <= limits.calls_max; ++i) {
    if (i == limits.calls_max) {
      EXPECT_TRUE(answer(bytes + ending("tool_calls") + kDone).ok());
    }
    bytes += pieces({piece(i, "c" + std::to_string(i), "f", "{}")});
  }
  EXPECT_FALSE(answer(bytes + ending("tool_calls") + kDone).ok());
  const auto with_arguments = [](std::size_t size) {
    return pieces({piece(0, "a", "f", "{\"x\":\"")}) +
           pieces({piece(0, kNone, nullptr, std::string(size - 8, 'y') + "\"}")}) + ending("tool_calls") + kDone;
  };
  EXPECT_TRUE(answer(with_arguments(limits.argument_bytes_max)).ok());
  EXPECT_FALSE(answer(with_arguments(limits.argument_bytes_max + 1)).ok());
}

// --- how it ends ----------------------------------------------------------------------------------

const std::string kCall = pieces({piece(0, "a", "refund", "{}")});

// Whatever byte it is cut at, no call comes out of it unless the model had ended its answer.
TEST(WireStream, releases_nothing_that_was_cut) {
  const std::string all = words("ok") + kCall + ending("tool_calls") + kUsage + kDone;
  const std::size_t end = (words("ok") + kCall + ending("tool_calls")).size();
  for (std::size_t size = 0; size < all.size(); ++size) {
    const auto got = read_stream(all.substr(0, size), false).reading;
    if (size >= end) {
      ASSERT_TRUE(got.answer.ok()) << size;
      EXPECT_EQ(got.answer->calls.size(), 1U);
      continue;
    }
    ASSERT_FALSE(got.answer.ok()) << size;
    EXPECT_EQ(got.answer.code(), Errc::model_truncated);
    EXPECT_TRUE(got.transient);
  }
}

// What comes behind the end was not part of what was ended.
TEST(WireStream, releases_no_call_when_one_comes_after_the_end) {
  EXPECT_TRUE(answer(kCall + ending("tool_calls") + kDone).ok());
  const json late = {{{"index", 1}, {"id", "late"}, {"function", {{"name", "g"}, {"arguments", "{}"}}}}};
  EXPECT_FALSE(answer(kCall + ending("tool_calls") + pieces(late) + kDone).ok());
}

TEST(WireStream, never_takes_a_cut_for_an_end) {
  const auto got = read_stream(words("it is") + words(" don"), true).reading;  // the peer closed as if all were well
  ASSERT_FALSE(got.answer.ok());
  EXPECT_EQ(got.answer.code(), Errc::model_truncated);
  EXPECT_TRUE(got.transient);
}

TEST(WireStream, estimates_what_a_cut_answer_used) {
  const auto got = answer(words("12345678") + ending("stop"), false);
  ASSERT_TRUE(got.ok());
  EXPECT_TRUE(got->usage.estimated);
  EXPECT_EQ(got->usage.input_tokens, 100);
  EXPECT_EQ(got->usage.output_tokens, 2);
}

TEST(WireStream, ends_without_the_last_word_of_the_protocol) {
  const auto got = read_stream(words("x") + ending("stop") + kUsage, true);
  EXPECT_TRUE(got.done);
  ASSERT_TRUE(got.reading.answer.ok());
  EXPECT_FALSE(got.reading.answer->usage.estimated);
  EXPECT_TRUE(read_stream(words("x") + ending("stop") + kUsage + "data: [DONE] trailing\n\n").done);
}

// Usage in every chunk says nothing of the end: another call may follow.
TEST(WireStream, is_not_done_by_a_running_count) {
  const json usage = {{"prompt_tokens", 11}, {"completion_tokens", 5}};
  const std::string chunk =
      data({{"choices", {{{"delta", {{"content", "x"}}}, {"finish_reason", "stop"}}}}, {"usage", usage}});
  EXPECT_FALSE(read_stream(chunk).done);
  EXPECT_EQ(answer(chunk)->usage.output_tokens, 5);
}

TEST(WireStream, decides_by_the_calls_that_are_there) {
  EXPECT_EQ(answer(kCall + ending("stop") + kDone)->calls.size(), 1U);
  EXPECT_EQ(answer(kCall + ending("length") + kDone).code(), Errc::model_truncated);
  EXPECT_EQ(answer(pieces({piece(0, "a", "f", "{\"x")}) + ending("length") + kDone).code(), Errc::model_truncated);
  EXPECT_EQ(answer(kCall + ending("something_new") + kDone).code(), Errc::model_malformed);
  EXPECT_EQ(answer(kCall + kDone).code(), Errc::model_malformed);
  EXPECT_EQ(answer(words("x") + ending("tool_calls") + kDone).code(), Errc::model_malformed);
  EXPECT_EQ(answer(words("x") + ending("length") + kDone)->finish, FinishReason::length);
  for (const char* aborted : {"error", "insufficient_system_resource"}) {
    const auto got = read_stream(kCall + ending(aborted) + kDone).reading;
    EXPECT_EQ(got.answer.code(), Errc::model_unavailable) << aborted;
    EXPECT_TRUE(got.transient) << aborted;
  }
}

TEST(WireStream, passes_a_refusal_on_without_calls) {
  const auto got = answer(kCall + delta({{"refusal", "I can"}}) + delta({{"refusal", "not"}}) + ending("stop") + kDone);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->refusal, "I cannot");
  EXPECT_TRUE(got->calls.empty());
  EXPECT_EQ(answer(words("x") + ending("content_filter") + kDone)->finish, FinishReason::content_filter);
}

TEST(WireStream, goes_on_after_a_chunk_that_is_no_json_for_words_alone) {
  const std::string broken = "data: {\"choices\":[{\"delta\":\n\n";
  EXPECT_EQ(answer(words("a") + broken + words("b") + ending("stop") + kDone)->text, "ab");
  EXPECT_EQ(answer(kCall + broken + ending("tool_calls") + kDone).code(), Errc::model_malformed);
}

TEST(WireStream, reads_errors_of_every_shape) {
  const std::vector<std::string> shapes = {
      "data: {\"error\":{\"code\":503,\"message\":\"x\"}}\n\n",
      "event: error\ndata: {\"error\":{\"type\":\"overloaded_error\"}}\n\n",
      "event: error\ndata: {\"message\":\"x\"}\n\n",
      "event: error\ndata: oh no\n\n",
      "data: [{\"error\":{\"code\":503}}]\n\n",
      "data: {\"object\":\"error\",\"message\":\"x\",\"code\":503}\n\n",
      "data: {\"status\":\"failure\",\"message\":\"x\"}\n\n",
      "data: {\"choices\":[{\"error\":{\"code\":502},\"finish_reason\":\"error\"}]}\n\n",
  };
  for (const std::string& shape : shapes)
    for (const std::string& before : {std::string(), words("a"), kCall}) {
      const auto got = read_stream(before + shape + kDone);
      ASSERT_FALSE(got.reading.answer.ok()) << shape;
      EXPECT_EQ(got.reading.answer.code(), Errc::model_unavailable) << shape;
      EXPECT_TRUE(got.reading.transient) << shape;
      EXPECT_TRUE(got.done) << shape;
    }
  const auto filter = read_stream("data: {\"error\":{\"code\":\"content_filter\"}}\n\n").reading;
  EXPECT_EQ(filter.answer.code(), Errc::model_refused);
  EXPECT_TRUE(filter.asked_wrongly);
}

TEST(WireStream, reads_a_reply_that_is_no_stream) {
  const char* document = R"({"choices":[{"finish_reason":"stop","message":{"content":"whole"}}]})";
  EXPECT_EQ(read_stream(document, true, 0, 200, "application/json").reading.answer->text, "whole");
  EXPECT_FALSE(read_stream(document, false, 0, 200, "application/json").reading.answer.ok());
  EXPECT_EQ(read_stream("<html>", true, 0, 200, "text/html").reading.answer.code(), Errc::model_malformed);
  EXPECT_EQ(read_stream("", true, 0, 200, "text/event-stream").reading.answer.code(), Errc::model_malformed);
  EXPECT_EQ(read_stream("{}", true, 0, 429, "application/json").reading.answer.code(), Errc::model_rate_limited);
}

TEST(WireStream, counts_words_as_progress_and_comments_not) {
  StreamReader reader(wire_asked(), WireLimits(), 1 << 20);
  reader.begin(200, "text/event-stream");
  EXPECT_FALSE(reader.feed(": keep-alive\n\n"));
  EXPECT_FALSE(reader.feed("\n\n\n"));
  EXPECT_FALSE(reader.feed(delta({{"role", "assistant"}, {"content", ""}})));
  EXPECT_FALSE(reader.begun());
  EXPECT_TRUE(reader.feed(delta({{"reasoning_content", "hm"}})));
  EXPECT_TRUE(reader.begun());
  EXPECT_TRUE(reader.feed(words("x")));
  EXPECT_FALSE(reader.ended());
  EXPECT_TRUE(reader.feed(ending("stop")));
  EXPECT_TRUE(reader.ended());
}

TEST(WireStream, keeps_what_a_provider_wants_back) {
  const json signature = {{"google", {{"thought_signature", "abc"}}}};
  json one = piece(0, "a", "f", "{}");
  one["extra_content"] = signature;
  const auto got = answer(delta({{"reasoning_content", "think"}}) + delta({{"reasoning", "ing"}}) + pieces({one}) +
                          ending("tool_calls") + kDone);
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got->reasoning, "thinking");
  EXPECT_EQ(got->text, "");
  ASSERT_EQ(got->extras.size(), 1U);
  EXPECT_EQ(got->extras[0].call_id, "a");
  EXPECT_EQ(json::parse(got->extras[0].json), signature);
}

TEST(WireStream, looks_at_the_first_choice_alone) {
  const std::string second = data({{"choices", {{{"index", 1}, {"delta", {{"content", "no"}}}}}}});
  EXPECT_EQ(answer(second + words("yes") + second + ending("stop") + kDone)->text, "yes");
}

TEST(WireStream, bounds_the_whole) {
  const std::string bytes = words("x") + ending("stop") + kDone;
  StreamReader fits(wire_asked(), WireLimits(), bytes.size());
  fits.begin(200, "text/event-stream");
  fits.feed(bytes);
  EXPECT_TRUE(fits.finish(true).answer.ok());
  StreamReader small(wire_asked(), WireLimits(), bytes.size() - 1);
  small.begin(200, "text/event-stream");
  small.feed(bytes);
  EXPECT_EQ(small.finish(true).answer.code(), Errc::model_malformed);
}

}  // namespace
}  // namespace purser::llm
