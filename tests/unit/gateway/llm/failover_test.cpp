// The public failover catalogue (S01 to S16) and the faults that gateways were seen to hand on as successes (F1 to F9):
// a scripted server on the wire, the real client, a virtual clock; each case streamed and whole where both exist.
#include "gateway/compress/gzip.hpp"
#include "gateway/llm/routed_model.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/scripted_peer.hpp"
#include "tests/support/zero_mint.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <optional>
#include <set>

namespace purser {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using test::Script;
using test::ScriptedPeer;
using test::Step;

std::string raw_reply(int status, const std::string& body, const std::string& headers = "",
                      const std::string& type = "application/json") {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\nContent-Type: " + type + "\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}
std::string data(const json& chunk) {
  return "data: " + chunk.dump() + "\n\n";
}
std::string word(const std::string& text) {
  return data({{"choices", {{{"index", 0}, {"delta", {{"content", text}}}}}}});
}
const std::string kStreamHead = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: text/event-stream\r\n\r\n";
const std::string kStop = data({{"choices", {{{"index", 0}, {"delta", json::object()}, {"finish_reason", "stop"}}}}});
const std::string kDone = "data: [DONE]\n\n";

std::string usage(const std::string& model) {
  return data(
      {{"model", model}, {"choices", json::array()}, {"usage", {{"prompt_tokens", 9}, {"completion_tokens", 60}}}});
}

std::string sixty_words(const std::string& of) {
  std::string out;
  for (int i = 0; i < 60; ++i) out += of + std::to_string(i) + " ";
  return out;
}

class Catalogue : public testing::TestWithParam<bool> {
 protected:
  Catalogue() {
    settings.attempts_max = 4;
    settings.attempt_time_max = 20s;
    settings.total_time_max = 90s;
    client = std::move(*http::make_client(loop.executor(), loop.clock, {}, ""));
  }
  ~Catalogue() override { pool.join(); }
  bool streamed() const { return GetParam(); }

  // A good answer of sixty words by the model `name`, as this run asks for it.
  Script good(const std::string& name) const {
    if (!streamed())
      return whole(200, json{{"model", name},
                             {"choices", {{{"finish_reason", "stop"}, {"message", {{"content", sixty_words(name)}}}}}},
                             {"usage", {{"prompt_tokens", 9}, {"completion_tokens", 60}}}}
                            .dump());
    std::string bytes = kStreamHead + data({{"model", name}, {"choices", {{{"delta", {{"role", "assistant"}}}}}}});
    for (int i = 0; i < 60; ++i) bytes += word(name + std::to_string(i) + " ");
    return {Step::request(), Step::send(bytes + kStop + usage(name) + kDone), Step::close()};
  }
  static Script whole(int status, const std::string& body, const std::string& headers = "",
                      const std::string& type = "application/json") {
    return {Step::request(), Step::send(raw_reply(status, body, headers, type)), Step::close()};
  }
  // Sends `bytes` as the body of a stream, then closes as if all were well.
  static Script stream(const std::string& bytes) {
    return {Step::request(), Step::send(kStreamHead + bytes), Step::close()};
  }
  static Script cut_by_reset(const std::string& bytes) { return {Step::request(), Step::send(bytes), Step::reset()}; }

  void play(ScriptedPeer& peer, const Script& script, int times = 1) {
    for (int i = 0; i < times; ++i) peer.play(script);
  }

  // Both providers as new, with no script left over.
  void fresh() {
    primary.emplace(loop);
    fallback.emplace(loop);
  }

  ModelsSetup setup(bool with_fallback) {
    ModelsSetup out;
    TierSetup tier;
    tier.name = "fast";
    const auto add = [&](const std::string& name, const ScriptedPeer& peer, std::int64_t context) {
      ProviderSetup provider;
      provider.name = name;
      provider.base_url = peer.url() + "/v1";
      out.providers.push_back(provider);
      ModelSetup model;
      model.name = model.id = model.price = name;
      model.provider = out.providers.size() - 1;
      model.streaming = streamed();
      model.context_tokens = context;
      out.models.push_back(model);
      tier.models.push_back(out.models.size() - 1);
      tier.weights.push_back(1);
    };
    add("primary", *primary, 8'000);
    if (with_fallback) add("fallback", *fallback, fallback_context);
    out.models.back().prefill = out.models.back().prefill && fallback_prefill;
    out.tiers.push_back(tier);
    return out;
  }

  Result<ModelAnswer> ask(bool with_fallback = true) {
    const RoutedModel::Ports ports{*client, loop.clock, mint, metrics, pool};
    auto model = RoutedModel::make(settings, setup(with_fallback), PriceTable::built_in(), ports);
    EXPECT_TRUE(model.ok());
    ModelRequest request;
    request.system = "be brief";
    request.messages.resize(1);
    request.messages[0].text = "hello";
    if (!beginning.empty()) {
      request.messages.resize(2);
      request.messages[1].role = Role::assistant;
      request.messages[1].text = beginning;
    }
    request.words = words;
    request.extra_json = extra;
    const auto begun = loop.clock.now();
    auto answer = loop.play((*model)->ask(std::move(request), Deadline::after(loop.clock, 100s)), 3);
    took = loop.clock.now() - begun;
    return answer;
  }
  // The whole answer, and whose it is.
  void expect_answer_of(const std::string& name, const Result<ModelAnswer>& answer) {
    ASSERT_TRUE(answer.ok()) << answer.error().message;
    EXPECT_EQ(answer->text, sixty_words(name));
    EXPECT_EQ(answer->model, name);
    EXPECT_EQ(answer->usage.output_tokens, 60);
    EXPECT_FALSE(answer->usage.estimated);
  }

  // Each of `faults` at the primary ends in the fallback's whole answer, asked for once.
  void expect_failover_from(const std::vector<Script>& faults) {
    for (std::size_t i = 0; i < faults.size(); ++i) {
      SCOPED_TRACE("fault " + std::to_string(i));
      fresh();
      play(*primary, faults[i], 2);
      play(*fallback, good("fallback"));
      expect_answer_of("fallback", ask());
      EXPECT_EQ(fallback->requests().size(), 1U);
    }
  }

  test::Loop loop;
  std::optional<ScriptedPeer> primary{std::in_place, loop};
  std::optional<ScriptedPeer> fallback{std::in_place, loop};
  std::unique_ptr<http::Client> client;
  test::ZeroMint mint;
  Metrics metrics;
  asio::thread_pool pool{1};
  ModelSettings settings;
  std::int64_t fallback_context = 8'000;
  bool fallback_prefill = true;
  std::string beginning;  // of the answer, by whoever asks
  Clock::duration took{};
  WordsSink* words = nullptr;
  std::string extra;
};

// Faults that only a stream can have.
class StreamCatalogue : public Catalogue {};
// And those of an answer in one piece.
class WholeCatalogue : public Catalogue {};

std::string form_name(const testing::TestParamInfo<bool>& one) {
  return one.param ? "Streamed" : "Whole";
}
INSTANTIATE_TEST_SUITE_P(Wire, Catalogue, testing::Values(false, true), form_name);
INSTANTIATE_TEST_SUITE_P(Wire, StreamCatalogue, testing::Values(true), form_name);
INSTANTIATE_TEST_SUITE_P(Wire, WholeCatalogue, testing::Values(false), form_name);

// Every case of the catalogue has a test of its name, for both forms of an answer.
TEST(FailoverCatalogue, is_whole) {
  std::set<std::string> found;
  const auto& all = *testing::UnitTest::GetInstance();
  for (int i = 0; i < all.total_test_suite_count(); ++i) {
    const auto& suite = *all.GetTestSuite(i);
    for (int k = 0; k < suite.total_test_count(); ++k) {
      const std::string name = suite.GetTestInfo(k)->name();
      const std::string form = name.substr(name.find('/') + 1);
      found.insert(name.substr(0, name.find('_')) + " " + form);
    }
  }
  std::vector<std::string> cases;
  for (int i = 1; i <= 16; ++i) cases.push_back((i < 10 ? "S0" : "S") + std::to_string(i));
  for (int i = 1; i <= 9; ++i) cases.push_back("F" + std::to_string(i));
  for (const std::string& one : cases)
    for (const char* form : {" Streamed", " Whole"}) EXPECT_TRUE(found.contains(one + form)) << one << form;
}

TEST_P(Catalogue, S01_waits_as_long_as_it_is_asked_to_or_asks_another) {
  play(*primary, whole(429, "{}", "Retry-After: 2\r\n"));
  play(*primary, good("primary"));
  expect_answer_of("primary", ask(false));
  EXPECT_GE(took, 1800ms);
  fresh();
  play(*primary, whole(429, "{}", "Retry-After: 2\r\n"));
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_LT(took, 1s);
}

TEST_P(Catalogue, S02_does_not_hammer) {
  play(*primary, whole(429, "{}"), 9);
  const auto begun = loop.clock.now();
  EXPECT_EQ(ask(false).code(), Errc::model_rate_limited);
  // No more in all than the catalogue allows within three seconds.
  EXPECT_LE(primary->requests().size(), 4U);
  EXPECT_LT(loop.clock.now() - begun, 100s);
}

TEST_P(Catalogue, S03_tries_the_same_again_after_a_hiccup) {
  play(*primary, whole(500, "{}"));
  play(*primary, good("primary"));
  expect_answer_of("primary", ask());
  EXPECT_TRUE(fallback->requests().empty());
}

TEST_P(Catalogue, S04_fails_over_from_an_outage) {
  play(*primary, whole(503, "{}"), 9);
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_EQ(primary->requests().size(), 2U);
}

TEST_P(Catalogue, S05_tries_again_after_a_reset) {
  play(*primary, {Step::request(), Step::reset()});
  play(*primary, good("primary"));
  expect_answer_of("primary", ask());
}

TEST_P(Catalogue, S06_leaves_a_silent_provider_after_one_limit) {
  play(*primary, {Step::request(), Step::stall()}, 9);
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_EQ(primary->requests().size(), 1U);
  EXPECT_LE(took, 20s);
}

TEST_P(Catalogue, S07_waits_no_twenty_seconds_for_the_first_word) {
  // An answer in one piece has its first word with its last; then the attempt's own limit says how long that may take.
  if (!streamed()) settings.attempt_time_max = 14s;
  play(*primary, {Step::request(), Step::send(streamed() ? kStreamHead + ": keep-alive\n\n" : ""), Step::stall()});
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_LT(took, 15s);
}

TEST_P(Catalogue, S08_never_shows_a_cut_answer_as_a_success) {
  const std::string forty = [] {
    std::string out;
    for (int i = 0; i < 40; ++i) out += word("x ");
    return out;
  }();
  const std::string document = raw_reply(200, "{\"choices\":[{\"message\":{\"content\":\"x x x");
  for (const bool with_reset : {true, false}) {
    const std::string bytes = streamed() ? kStreamHead + forty : document.substr(0, document.size() - 3);
    fresh();
    play(*primary, {Step::request(), Step::send(bytes), with_reset ? Step::reset() : Step::close()}, 2);
    play(*fallback, good("fallback"));
    expect_answer_of("fallback", ask());
    play(*primary, {Step::request(), Step::send(bytes), with_reset ? Step::reset() : Step::close()}, 4);
    EXPECT_FALSE(ask(false).ok());
  }
}

TEST_P(Catalogue, S09_bounds_a_stall_in_the_middle) {
  if (!streamed()) settings.attempt_time_max = 10s;
  const std::string part = raw_reply(200, json{{"choices", json::array()}}.dump());
  play(*primary,
       {Step::request(), Step::send(streamed() ? kStreamHead + word("x") : part.substr(0, part.size() - 5)),
        Step::stall()},
       9);
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_LE(took, 10s);
  EXPECT_EQ(primary->requests().size(), 1U);
}

TEST_P(StreamCatalogue, S10_skips_a_chunk_that_is_no_json_in_words_and_refuses_it_in_calls) {
  play(*primary, stream(word("a") + "data: {\"choices\":[{\n\n" + word("b") + kStop + usage("primary") + kDone));
  const auto answer = ask(false);
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->text, "ab");
  const std::string call = data(
      {{"choices",
        {{{"delta",
           {{"tool_calls", {{{"index", 0}, {"id", "a"}, {"function", {{"name", "refund"}, {"arguments", "{}"}}}}}}}},
          {"finish_reason", nullptr}}}}});
  const std::string end = data({{"choices", {{{"delta", json::object()}, {"finish_reason", "tool_calls"}}}}});
  play(*primary, stream(call + "data: {\"choices\":[{\n\n" + end + kDone), 4);
  EXPECT_EQ(ask(false).code(), Errc::model_malformed);
}

// What is no JSON in an answer of one piece is no answer; a call with arguments that are none is no call.
TEST_P(WholeCatalogue, S10_takes_no_document_or_call_that_is_no_json) {
  expect_failover_from(
      {whole(200, R"({"choices":[{"finish_reason":"stop","message":{"content":"a" "b"}}]})"),
       whole(200, R"({"choices":[{"finish_reason":"tool_calls","message":{"tool_calls":[{"id":"a","function":)"
                  R"({"name":"refund","arguments":"{\"all\":"}}]}}]})")});
}

TEST_P(Catalogue, S11_needs_no_DONE) {
  // The connection stays open, and nothing more comes.
  std::string bytes = kStreamHead;
  for (int i = 0; i < 60; ++i) bytes += word("primary" + std::to_string(i) + " ");
  const std::string complete = streamed() ? bytes + kStop + usage("primary") : std::string(good("primary")[1].bytes());
  play(*primary, {Step::request(), Step::send(complete), Step::stall()});
  expect_answer_of("primary", ask());
  EXPECT_LE(took, 1s);
  if (!streamed()) return;
  // Nor the count of what was used; then it is a guess.
  play(*primary, {Step::request(), Step::send(bytes + kStop), Step::stall()});
  const auto answer = ask();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->text, sixty_words("primary"));
  EXPECT_TRUE(answer->usage.estimated);
  EXPECT_LE(took, 1s);
}

TEST_P(Catalogue, S12_sends_what_was_too_long_to_larger_models_alone) {
  const std::string too_long = R"({"error":{"code":"context_length_exceeded"}})";
  play(*primary, whole(400, too_long), 9);
  EXPECT_FALSE(ask().ok());
  EXPECT_EQ(primary->requests().size(), 1U);
  EXPECT_TRUE(fallback->requests().empty());
  fallback_context = 128'000;
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
}

TEST_P(Catalogue, S13_never_routes_around_a_filter) {
  const std::vector<Script> filters = {
      whole(400, R"({"error":{"code":"content_filter"}})"),
      whole(200, R"({"error":{"code":403,"message":"flagged","metadata":{"reasons":["violence"]}}})"),
      whole(200, R"({"error":{"code":500,"message":"This request violates our usage policy"}})"),
      streamed() ? stream(data({{"error", {{"code", "content_filter"}}}}))
                 : whole(200, R"({"choices":[{"finish_reason":"content_filter","message":{"content":null}}]})"),
      streamed()
          ? stream(word("x") + data({{"choices", {{{"delta", json::object()}, {"finish_reason", "content_filter"}}}}}) +
                   kDone)
          : whole(200, R"({"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"no"}}]})"),
  };
  for (const Script& filter : filters) {
    play(*primary, filter);
    const auto answer = ask();
    if (answer) {
      EXPECT_FALSE(answer->refusal.empty());
    } else {
      EXPECT_EQ(answer.code(), Errc::model_refused);
    }
  }
  EXPECT_EQ(primary->requests().size(), filters.size());
  EXPECT_TRUE(fallback->requests().empty());
}

TEST_P(Catalogue, S14_begins_anew_at_the_fallback_without_a_prefill) {
  play(*primary, streamed() ? stream(word("half an")) : whole(503, "{}"), 2);
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  const std::string& request = fallback->requests().at(0);
  const json body = json::parse(request.substr(request.find("\r\n\r\n") + 4));
  EXPECT_EQ(body["messages"].back()["role"], "user");
  EXPECT_EQ(request.find("half an"), std::string::npos);
}

// A client's own beginning of an answer is sent where it is taken, and left out where it is not.
TEST_P(Catalogue, S14_leaves_a_beginning_out_where_it_is_not_taken) {
  beginning = "We have";
  fallback_prefill = false;
  play(*primary, whole(503, "{}"), 2);
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_NE(primary->requests().at(0).find("We have"), std::string::npos);
  EXPECT_EQ(fallback->requests().at(0).find("We have"), std::string::npos);
}

TEST_P(Catalogue, S16_reports_who_answered) {
  play(*primary, whole(503, "{}"), 2);
  play(*fallback, good("fallback"));
  const auto answer = ask();
  expect_answer_of("fallback", answer);
  EXPECT_EQ(answer->provider, "127.0.0.1");
}

TEST_P(Catalogue, F1_takes_no_error_object_for_a_success) {
  expect_failover_from({whole(200, R"({"error":{"code":502,"message":"upstream"}})"),
                        whole(200, R"([{"error":{"code":503}}])"),
                        whole(200, R"({"object":"error","message":"x","raw_status_code":500})"),
                        whole(200, R"({"status":"failure","message":"x"})")});
}

TEST_P(Catalogue, F2_takes_no_page_for_a_success) {
  expect_failover_from(
      {whole(200, "<html>maintenance</html>", "", "text/html"), whole(200, "<html>maintenance</html>")});
}

TEST_P(Catalogue, F3_takes_no_empty_body_for_a_success) {
  expect_failover_from({whole(200, ""), whole(200, "", "", "text/event-stream")});
}

TEST_P(Catalogue, F4_takes_no_cut_document_for_a_success) {
  expect_failover_from({whole(200, R"({"choices":[{"message":{"content":"half)"),
                        whole(200, R"({"choices":[{"message":{"content":"half"}}])")});
}

TEST_P(Catalogue, F5_takes_no_error_event_for_a_success) {
  expect_failover_from({stream(data({{"error", {{"code", 503}}}})),
                        stream("event: error\ndata: {\"error\":{\"type\":\"overloaded_error\"}}\n\n"),
                        stream("event: error\ndata: oh\n\n")});
}

TEST_P(Catalogue, F6_takes_no_answer_without_an_end_for_a_whole_one) {
  // Neither has a length: where it ends, the connection does.
  const std::string head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n\r\n";
  const Script cut = streamed() ? stream(word("it is") + word(" done"))
                                : Script{Step::request(), Step::send(head + R"({"choices":[{"message":{"content":"x")"),
                                         Step::close()};
  play(*primary, cut, 4);
  const auto answer = ask(false);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.code(), streamed() ? Errc::model_truncated : Errc::model_malformed);
}

TEST_P(Catalogue, F7_hangs_on_no_stall_before_the_first_word) {
  for (const std::string& before : {std::string(), streamed() ? kStreamHead : std::string()}) {
    fresh();
    play(*primary, {Step::request(), Step::send(before), Step::stall()});
    play(*fallback, good("fallback"));
    expect_answer_of("fallback", ask());
    EXPECT_LE(took, 20s);
  }
  fresh();
  play(*primary, {Step::request(), Step::stall()});
  EXPECT_EQ(ask(false).code(), Errc::timed_out);
  EXPECT_LE(took, 20s);
}

TEST_P(Catalogue, F8_hangs_on_no_stall_after_the_first_word) {
  const std::string part = raw_reply(200, R"({"choices":[{"message":{"content":"x y z)");
  const Script stalls = {Step::request(),
                         Step::send(streamed() ? kStreamHead + word("x") : part.substr(0, part.size() - 2)),
                         Step::stall()};
  play(*primary, stalls);
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_LE(took, 20s);
  fresh();
  play(*primary, stalls);
  EXPECT_EQ(ask(false).code(), Errc::timed_out);
  EXPECT_LE(took, 20s);
}

TEST_P(Catalogue, F9_falls_back_from_everything_that_is_no_answer) {
  settings.attempt_time_max = 3s;
  expect_failover_from({whole(402, "{}"),
                        {Step::request(), Step::reset()},
                        {Step::request(), Step::stall()},
                        whole(500, "{}"),
                        whole(429, "{}"),
                        whole(401, "{}"),
                        whole(404, "{}")});
}

// Some proxies pack what nobody asked them to pack.
TEST_P(Catalogue, reads_a_packed_answer) {
  const std::string plain = good("primary")[1].bytes();
  const auto body = plain.find("\r\n\r\n") + 4;
  const std::string type = streamed() ? "text/event-stream" : "application/json";
  const auto packed = [&](const std::string& coding, const std::string& bytes) {
    return raw_reply(200, bytes, "Content-Encoding: " + coding + "\r\n", type);
  };
  const std::string gzip = compress::gzip(plain.substr(body));
  play(*primary, {Step::request(), Step::send(packed("gzip", gzip)), Step::close()});
  play(*primary,
       {Step::request(), Step::send(packed("deflate", compress::deflate(plain.substr(body)))), Step::close()});
  expect_answer_of("primary", ask());
  expect_answer_of("primary", ask());
  // Damaged, cut, larger than allowed when unpacked, or packed in another way, it is no answer.
  settings.reply_bytes_max = 1 << 16;
  const std::string bomb = compress::gzip(std::string(1 << 20, ' ') + plain.substr(body));
  expect_failover_from({{Step::request(), Step::send(packed("gzip", plain.substr(body))), Step::close()},
                        {Step::request(), Step::send(packed("gzip", gzip.substr(0, gzip.size() / 2))), Step::close()},
                        {Step::request(), Step::send(packed("gzip", bomb)), Step::close()},
                        {Step::request(), Step::send(packed("br", "xyz")), Step::close()}});
}

// A money call comes out of an answer once, whole, whatever happened on the way there.
TEST_P(Catalogue, a_call_is_released_once_and_only_whole) {
  const json call = {{"index", 0},
                     {"id", "a"},
                     {"type", "function"},
                     {"function", {{"name", "refund"}, {"arguments", R"({"all":true})"}}}};
  const std::string piece = data({{"choices", {{{"delta", {{"tool_calls", {call}}}}}}}});
  const std::string end = data({{"choices", {{{"delta", json::object()}, {"finish_reason", "tool_calls"}}}}});
  const std::string document =
      json{{"choices", {{{"finish_reason", "tool_calls"}, {"message", {{"tool_calls", {call}}}}}}}}.dump();
  play(*primary, streamed() ? stream(piece) : cut_by_reset(raw_reply(200, document).substr(0, 150)), 2);
  play(*fallback, streamed() ? stream(piece + end + usage("fallback") + kDone) : whole(200, document));
  const auto answer = ask();
  ASSERT_TRUE(answer.ok()) << answer.error().message;
  EXPECT_EQ(answer->calls, (std::vector<ToolCall>{{"a", "refund", R"({"all":true})"}}));
}

// --- words that are handed on while they come -----------------------------------------------------

class Heard final : public WordsSink {
 public:
  void words(std::string_view next, std::string_view model) override {
    text += next;
    of = model;
  }
  std::string text;
  std::string of;
};

TEST_P(StreamCatalogue, words_come_while_they_are_written) {
  Heard heard;
  words = &heard;
  play(*primary, good("primary"));
  expect_answer_of("primary", ask());
  EXPECT_EQ(heard.text, sixty_words("primary"));
  EXPECT_EQ(heard.of, "primary");
}

TEST_P(StreamCatalogue, S08_words_that_went_out_are_not_said_again_by_another) {
  Heard heard;
  words = &heard;
  play(*primary, cut_by_reset(kStreamHead + word("half an")), 4);
  play(*fallback, good("fallback"));
  EXPECT_EQ(ask().code(), Errc::model_truncated);
  EXPECT_EQ(heard.text, "half an");
  EXPECT_TRUE(fallback->requests().empty());
  EXPECT_EQ(primary->requests().size(), 1U);
}

TEST_P(StreamCatalogue, F5_another_answers_while_no_word_went_out) {
  Heard heard;
  words = &heard;
  play(*primary, stream(data({{"error", {{"code", 503}}}})), 2);
  play(*fallback, good("fallback"));
  expect_answer_of("fallback", ask());
  EXPECT_EQ(heard.text, sixty_words("fallback"));
}

TEST_P(Catalogue, what_is_further_wanted_is_sent_and_replaces_nothing) {
  extra = R"({"temperature":0.5,"model":"other","n":7,"parallel_tool_calls":true})";
  play(*primary, good("primary"));
  expect_answer_of("primary", ask());
  const std::string& request = primary->requests().at(0);
  const json body = json::parse(request.substr(request.find("\r\n\r\n") + 4));
  EXPECT_EQ(body["temperature"], 0.5);
  EXPECT_EQ(body["model"], "primary");
  EXPECT_EQ(body["n"], 1);
  EXPECT_FALSE(body.contains("parallel_tool_calls"));  // there is no tool it could be about
}

// --- S15 -------------------------------------------------------------------------------------------

// Two hosts, of which one is down for a while.
class TwoHosts final : public http::Client {
 public:
  explicit TwoHosts(Clock& clock) : clock_(clock) {}
  Task<Result<http::Reply>> send(http::Call call, Deadline) override {
    http::Reply out;
    out.status = 200;
    out.headers.emplace_back("Content-Type", "application/json");
    const bool first = call.origin.host == "primary";
    const bool streamed = json::parse(call.body).value("stream", false);
    if (first && clock_.now() >= down_from && clock_.now() < down_until) {
      ++asked_while_down;
      out.status = 503;
      out.body = "{}";
      co_return out;
    }
    if (streamed) {
      out.headers.front().second = "text/event-stream";
      out.body = data({{"model", call.origin.host}, {"choices", {{{"delta", {{"content", "x"}}}}}}}) + kStop + kDone;
    } else {
      out.body =
          json{{"model", call.origin.host}, {"choices", {{{"finish_reason", "stop"}, {"message", {{"content", "x"}}}}}}}
              .dump();
    }
    co_return out;
  }

  Clock::time_point down_from{};
  Clock::time_point down_until{};
  int asked_while_down = 0;

 private:
  Clock& clock_;
};

class Outage : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Wire, Outage, testing::Values(false, true), form_name);

TEST_P(Outage, S15_is_survived_with_few_probes_and_a_quick_return) {
  test::Loop loop;
  TwoHosts client(loop.clock);
  test::ZeroMint mint;
  Metrics metrics;
  asio::thread_pool pool{1};
  ModelsSetup setup;
  TierSetup tier;
  tier.name = "fast";
  for (const char* host : {"primary", "fallback"}) {
    ProviderSetup provider;
    provider.name = host;
    provider.base_url = std::string("http://") + host + "/v1";
    setup.providers.push_back(provider);
    ModelSetup model;
    model.name = model.id = host;
    model.provider = setup.providers.size() - 1;
    model.streaming = GetParam();
    setup.models.push_back(model);
    tier.models.push_back(setup.models.size() - 1);
    tier.weights.push_back(1);
  }
  setup.tiers.push_back(tier);
  const RoutedModel::Ports ports{client, loop.clock, mint, metrics, pool};
  auto model = RoutedModel::make(ModelSettings(), setup, PriceTable::built_in(), ports);
  ASSERT_TRUE(model.ok());
  const auto ask = [&] {
    ModelRequest request;
    request.messages.resize(1);
    return loop.play((*model)->ask(std::move(request), Deadline::after(loop.clock, 30s)));
  };

  client.down_from = loop.clock.now();
  client.down_until = client.down_from + 60s;
  for (int i = 0; i < 20; ++i) {
    const auto answer = ask();
    ASSERT_TRUE(answer.ok()) << i;
    EXPECT_EQ(answer->model, "fallback") << i;
    ASSERT_TRUE(loop.advance(client.down_from + (i + 1) * 3s - loop.clock.now()));
  }
  EXPECT_LE(client.asked_while_down, 12);
  const auto back = client.down_until;
  while (ask()->model != "primary") {
    ASSERT_LT(loop.clock.now() - back, 30s);
    ASSERT_TRUE(loop.advance(1s));
  }
  EXPECT_LT(loop.clock.now() - back, 30s);
  pool.join();
}

}  // namespace
}  // namespace purser
