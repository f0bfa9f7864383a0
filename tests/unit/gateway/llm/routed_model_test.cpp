#include "gateway/llm/routed_model.hpp"

#include "gateway/llm/fallback.hpp"
#include "gateway/llm/rules/rule_engine.hpp"
#include "tests/support/fake_http_client.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using Time = Clock::time_point;

// Randomness that the test chooses: every token is `letter` over and over.
class OneLetterMint final : public Mint {
 public:
  std::string token(std::size_t length) override { return std::string(length, letter); }
  OutTradeNo out_trade_no(const TenantId&, const IntentId&) const override { return {}; }
  OutRefundNo out_refund_no(const TenantId&, const IntentId&, const std::string&) const override { return {}; }
  ThreadId thread_of(const TenantId&, const std::string&) const override { return {}; }
  std::string seal(const std::string&) const override { return {}; }
  char letter = '0';
};

constexpr const char* kGood = R"({"model":"m","choices":[{"finish_reason":"stop","message":{"content":"hi"}}]})";

http::Reply reply(int status, std::string body, http::Headers headers = {}) {
  http::Reply out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  out.headers.emplace_back("Content-Type", "application/json");
  return out;
}

class OneModel : public testing::Test {
 protected:
  OneModel() {
    settings.base_url = "https://llm.example/v1/";
    settings.api_key = Secret("sk-test");
    settings.model = "m";
    settings.attempts_max = 3;
    settings.attempt_time_max = 20s;
    settings.total_time_max = 45s;
  }
  ~OneModel() override { pool.join(); }

  Result<std::unique_ptr<RoutedModel>> make() {
    const RoutedModel::Ports ports{client, loop.clock, mint, metrics, pool};
    ModelsSetup setup = setup_of(settings);
    setup.models.front().streaming = false;
    return RoutedModel::make(settings, std::move(setup), PriceTable::built_in(), ports);
  }

  Result<ModelAnswer> ask(Clock::duration patience = 60s) {
    auto model = make();
    EXPECT_TRUE(model.ok());
    ModelRequest request;
    request.messages.resize(1);
    request.messages[0].text = "hello";
    return loop.play((*model)->ask(std::move(request), Deadline::after(loop.clock, patience)));
  }

  // The answer when the first attempt brings `first` and a second one would succeed; how many attempts were made.
  std::size_t attempts_after(http::Reply first) {
    client.push(std::move(first));
    client.push(reply(200, kGood));
    const auto answer = ask();
    EXPECT_EQ(answer.ok(), client.calls().size() == 2);
    return client.calls().size();
  }

  // The wait before the second attempt when the first brings `first`.
  Clock::duration wait_after(http::Reply first) {
    Time second{};
    client.push(std::move(first));
    client.push([&](const http::Call&) -> Result<http::Reply> {
      second = loop.clock.now();
      return reply(200, kGood);
    });
    const Time start = loop.clock.now();
    EXPECT_TRUE(ask(300s).ok());
    return second - start;
  }

  test::Loop loop;
  test::FakeHttpClient client{loop.clock};
  OneLetterMint mint;
  ModelSettings settings;
  Metrics metrics;
  asio::thread_pool pool{1};
};

TEST_F(OneModel, posts_the_question_with_the_key) {
  client.push(reply(200, kGood));
  const auto answer = ask();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(answer->provider, "llm.example");
  EXPECT_EQ(answer->model, "m");
  ASSERT_EQ(client.calls().size(), 1U);
  const http::Call& call = client.calls()[0];
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.target, "/v1/chat/completions");
  EXPECT_EQ(http::header(call.headers, "Authorization"), "Bearer sk-test");
  EXPECT_EQ(http::header(call.headers, "Content-Type"), "application/json");
  EXPECT_EQ(json::parse(call.body)["messages"][0]["content"], "hello");
}

TEST_F(OneModel, sends_no_authorization_without_a_key) {
  settings.api_key = Secret();
  client.push(reply(200, kGood));
  ASSERT_TRUE(ask().ok());
  EXPECT_EQ(http::header(client.calls()[0].headers, "Authorization"), "");
}

TEST_F(OneModel, refuses_an_address_it_cannot_use) {
  settings.base_url = "ftp://x";
  const auto model = make();
  ASSERT_FALSE(model.ok());
  EXPECT_EQ(model.code(), Errc::config_bad_value);
  EXPECT_EQ(model.error().param, "llm.base_url");
}

TEST_F(OneModel, asks_again_after_what_passes) {
  for (const int status : {408, 409, 429, 500, 502, 503, 529}) {
    client.push(reply(status, "{}"));
    client.push(reply(200, kGood));
    EXPECT_TRUE(ask().ok()) << status;
  }
  EXPECT_EQ(client.calls().size(), 14U);
}

TEST_F(OneModel, asks_again_after_a_broken_connection) {
  for (const Errc lost : {Errc::connect_failed, Errc::connection_lost, Errc::reply_malformed}) {
    client.push(lost);
    client.push(reply(200, kGood));
    EXPECT_TRUE(ask().ok()) << code_of(lost);
  }
  EXPECT_EQ(client.calls().size(), 6U);
}

TEST_F(OneModel, asks_again_when_the_reply_is_no_answer) {
  EXPECT_EQ(attempts_after(reply(200, "")), 2U);
}

class OneModelOnce : public OneModel, public testing::WithParamInterface<std::pair<int, const char*>> {};

TEST_P(OneModelOnce, never_asks_the_same_again) {
  client.push(reply(GetParam().first, GetParam().second));
  EXPECT_FALSE(ask().ok());
  EXPECT_EQ(client.calls().size(), 1U);
}

// The provider's own wish for a retry changes nothing: the question is what is wrong.
TEST_P(OneModelOnce, not_even_when_told_to) {
  client.push(reply(GetParam().first, GetParam().second, {{"x-should-retry", "true"}}));
  EXPECT_FALSE(ask().ok());
  EXPECT_EQ(client.calls().size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, OneModelOnce,
    testing::Values(std::pair{400, "{}"}, std::pair{422, "{}"}, std::pair{413, "{}"},
                    std::pair{400, R"({"error":{"code":"content_filter"}})"},
                    std::pair{500, R"({"error":{"code":"content_filter"}})"},
                    std::pair{500, R"({"error":{"code":"context_length_exceeded"}})"},
                    std::pair{200, R"({"choices":[{"finish_reason":"length","message":{"content":null}}]})"}));

// Whoever asked can mend it, and is told so: a door answers 400 then, not "try again".
TEST_F(OneModel, says_that_the_question_is_what_is_wrong) {
  client.push(reply(400, "{}"));
  EXPECT_EQ(ask().error().param, "question");
  client.push(reply(400, R"({"error":{"code":"context_length_exceeded"}})"));
  EXPECT_EQ(ask().error().param, "context");
  client.push(reply(401, "{}"));
  EXPECT_EQ(ask().error().param, "");
}

TEST_F(OneModel, gives_up_at_once_on_what_stays) {
  for (const int status : {401, 402, 403, 404}) {
    client.push(reply(status, "{}"));
    EXPECT_EQ(ask().code(), Errc::model_unavailable) << status;
  }
  client.push(Errc::tls_failed);
  EXPECT_EQ(ask().code(), Errc::model_unavailable);
  client.push(Errc::overloaded);
  EXPECT_EQ(ask().code(), Errc::model_unavailable);
  client.push(Errc::reply_too_large);
  EXPECT_EQ(ask().code(), Errc::model_malformed);
  EXPECT_EQ(client.calls().size(), 7U);
}

TEST_F(OneModel, lets_the_provider_overrule_the_status) {
  EXPECT_EQ(attempts_after(reply(404, "{}", {{"X-Should-Retry", "true"}})), 2U);
  client.push(reply(500, "{}", {{"x-should-retry", "false"}}));
  EXPECT_FALSE(ask().ok());
  EXPECT_EQ(client.calls().size(), 3U);
}

TEST_F(OneModel, passes_a_refusal_on_as_an_answer) {
  client.push(reply(200, R"({"choices":[{"finish_reason":"content_filter","message":{"content":null}}]})"));
  const auto answer = ask();
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->refusal.empty());
  EXPECT_EQ(client.calls().size(), 1U);
}

TEST_F(OneModel, stops_after_the_attempts_it_has) {
  for (int i = 0; i < 3; ++i) client.push(reply(503, "{}"));
  EXPECT_EQ(ask().code(), Errc::model_unavailable);
  EXPECT_EQ(client.calls().size(), 3U);
}

TEST_F(OneModel, reports_the_limit_of_the_provider) {
  for (int i = 0; i < 3; ++i) client.push(reply(429, "{}"));
  EXPECT_EQ(ask().code(), Errc::model_rate_limited);
}

TEST_F(OneModel, waits_as_long_as_it_is_asked_to) {
  EXPECT_EQ(wait_after(reply(429, "{}", {{"Retry-After", "7"}})), 7s);
}

TEST_F(OneModel, waits_to_the_millisecond) {
  EXPECT_EQ(wait_after(reply(429, "{}", {{"Retry-After", "7"}, {"retry-after-ms", "1250"}})), 1250ms);
}

TEST_F(OneModel, waits_until_a_date) {
  // The virtual wall clock says 10:00:00.
  EXPECT_EQ(wait_after(reply(503, "{}", {{"Retry-After", "Mon, 05 Jan 2026 10:00:09 GMT"}})), 9s);
}

TEST_F(OneModel, waits_at_most_two_minutes) {
  settings.total_time_max = 200s;
  EXPECT_EQ(wait_after(reply(429, "{}", {{"Retry-After", "120"}})), 120s);
  for (const char* wish : {"121", "120.001", "99999999", "99999999999999999999999"}) {
    client.push(reply(429, "{}", {{"Retry-After", wish}}));
    EXPECT_EQ(ask(400s).code(), Errc::model_rate_limited) << wish;
  }
  EXPECT_EQ(client.calls().size(), 6U);
}

TEST_F(OneModel, spreads_its_retries) {
  mint.letter = '0';
  EXPECT_EQ(wait_after(reply(503, "{}")), 250ms);
  mint.letter = 'z';
  const auto most = wait_after(reply(503, "{}"));
  EXPECT_GT(most, 490ms);
  EXPECT_LE(most, 500ms);
}

TEST_F(OneModel, waits_longer_each_time) {
  std::vector<Time> asked;
  const auto failing = [&](const http::Call&) -> Result<http::Reply> {
    asked.push_back(loop.clock.now());
    return reply(503, "{}");
  };
  for (int i = 0; i < 3; ++i) client.push(failing);
  EXPECT_FALSE(ask().ok());
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[1] - asked[0], 250ms);
  EXPECT_EQ(asked[2] - asked[1], 500ms);
}

// A wish to come back at once, or in the past, is no licence for a storm.
TEST_F(OneModel, takes_no_wait_for_a_short_one) {
  EXPECT_EQ(wait_after(reply(429, "{}", {{"Retry-After", "0"}})), 250ms);
  EXPECT_EQ(wait_after(reply(429, "{}", {{"Retry-After", "Mon, 05 Jan 2026 09:00:00 GMT"}})), 250ms);
  EXPECT_EQ(wait_after(reply(429, "{}", {{"Retry-After", "soon"}})), 250ms);
}

TEST_F(OneModel, gives_each_attempt_its_share_of_the_deadline) {
  settings.attempt_time_max = 20s;
  client.push_after(5s, [](const http::Call&) -> Result<http::Reply> { return reply(503, "{}"); });
  client.push(reply(200, kGood));
  const Time start = loop.clock.now();
  ASSERT_TRUE(ask(22s).ok());
  ASSERT_EQ(client.deadlines().size(), 2U);
  EXPECT_EQ(client.deadlines()[0].at, start + 20s);
  EXPECT_EQ(client.deadlines()[1].at, start + 22s);
}

TEST_F(OneModel, keeps_its_own_total_below_the_callers_deadline) {
  settings.total_time_max = 6s;
  client.push(reply(200, kGood));
  const Time start = loop.clock.now();
  ASSERT_TRUE(ask(60s).ok());
  EXPECT_EQ(client.deadlines()[0].at, start + 6s);
}

TEST_F(OneModel, begins_no_attempt_that_cannot_finish) {
  client.push(reply(429, "{}", {{"Retry-After", "10"}}));
  const Time start = loop.clock.now();
  EXPECT_EQ(ask(10s).code(), Errc::model_rate_limited);
  EXPECT_EQ(client.calls().size(), 1U);
  EXPECT_EQ(loop.clock.now(), start);  // and it does not sit the time out either
}

TEST_F(OneModel, does_not_ask_a_silent_model_twice) {
  client.push_silence();
  const Time start = loop.clock.now();
  EXPECT_EQ(ask().code(), Errc::timed_out);
  EXPECT_EQ(loop.clock.now() - start, 20s);
  EXPECT_EQ(client.calls().size(), 1U);
}

TEST_F(OneModel, asks_nothing_when_its_time_has_passed) {
  EXPECT_EQ(ask(0s).code(), Errc::timed_out);
}

TEST_F(OneModel, bounds_the_bytes_of_a_reply) {
  settings.reply_bytes_max = static_cast<std::int64_t>(std::string_view(kGood).size());
  client.push(reply(200, kGood));
  EXPECT_TRUE(ask().ok());
  client.push(reply(200, std::string(kGood) + " "));
  EXPECT_EQ(ask().code(), Errc::model_malformed);
}

TEST_F(OneModel, ends_when_the_waiter_leaves) {
  client.push(reply(429, "{}", {{"Retry-After", "5"}}));
  auto model = make();
  ASSERT_TRUE(model.ok());
  auto running = loop.start((*model)->ask(ModelRequest(), Deadline::after(loop.clock, 60s)));
  ASSERT_TRUE(loop.settle());
  EXPECT_FALSE(running.done());
  running.cancel();
  ASSERT_TRUE(loop.settle());
  ASSERT_TRUE(running.done());
  EXPECT_EQ(running.get().code(), Errc::canceled);
  EXPECT_EQ(client.calls().size(), 1U);
}

// --- what it costs -------------------------------------------------------------------------------

constexpr const char* kCounted = R"({"choices":[{"finish_reason":"stop","message":{"content":"hi"}}],)"
                                 R"("usage":{"prompt_tokens":1000,"completion_tokens":100}})";

class Spending : public OneModel {
 protected:
  Spending() {
    settings.model = "gpt-4o-mini";
    setup = setup_of(settings);
    setup.models.front().streaming = false;
    setup.budgets.journal = folder.file("spend");
  }
  Result<ModelAnswer> ask_as(const std::string& thread, ModelTask task = ModelTask::intent) {
    if (!model) {
      const RoutedModel::Ports ports{client, loop.clock, mint, metrics, pool};
      auto made = RoutedModel::make(settings, setup, PriceTable::built_in(), ports);
      EXPECT_TRUE(made.ok()) << made.error().message;
      if (!made) return made.error();
      model = std::move(*made);
    }
    ModelRequest request;
    request.messages.resize(1);
    request.messages.front().text = words;
    request.scope.tenant = "shop";
    request.scope.user = "anna";
    request.scope.thread = thread;
    request.task = task;
    request.lost = &lost;
    auto asking = loop.start(model->ask(std::move(request), Deadline::after(loop.clock, 60s)));
    EXPECT_TRUE(loop.until([&] { return asking.done(); }));
    return asking.get();
  }

  test::TempFolder folder;
  ModelsSetup setup;
  std::unique_ptr<RoutedModel> model;
  LostCost lost;
  std::string words;
};

TEST_F(Spending, is_told_with_the_answer) {
  client.push(reply(200, kCounted));
  const auto answer = ask_as("t1");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->cost_picousd, 1'000 * 150'000 + 100 * 600'000);
  EXPECT_EQ(lost.picousd, 0);
}

TEST_F(Spending, on_no_answer_is_told_too) {
  settings.attempts_max = 1;
  client.push(reply(200, R"({"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100}})"));
  ASSERT_FALSE(ask_as("t1").ok());
  EXPECT_EQ(lost.picousd, 1'000 * 150'000 + 100 * 600'000);
  EXPECT_FALSE(lost.estimated);
  client.push(reply(200, R"({"choices":[]})"));
  ASSERT_FALSE(ask_as("t1").ok());
  EXPECT_TRUE(lost.estimated);
}

TEST_F(Spending, stops_at_the_cap_of_a_thread_and_does_not_ask) {
  setup.budgets.thread_microusd = 1'600;  // one answer reserves 1024 tokens at 1.2 micro-USD, the dearest tier
  client.push(reply(200, kCounted));
  client.push(reply(200, kCounted));
  client.push(reply(200, kCounted));
  ASSERT_TRUE(ask_as("t1").ok());
  ASSERT_TRUE(ask_as("t1").ok());
  const auto refused = ask_as("t1");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.code(), Errc::model_unavailable);
  EXPECT_EQ(refused.error().param, "budget");
  EXPECT_EQ(client.calls().size(), 2U);
  EXPECT_TRUE(ask_as("t2").ok());
}

// A byte may be a token, and a provider may serve by priority: neither is known before it answers.
TEST_F(Spending, sets_the_dearest_outcome_aside) {
  setup.budgets.thread_microusd = 1'200;  // 1024 tokens of an answer cost 614 micro-USD, and 1229 by priority
  EXPECT_EQ(ask_as("t1").error().param, "budget");
  model.reset();
  setup.budgets.thread_microusd = 1'600;
  words = std::string(2'000, '7');  // 600 micro-USD, each a token
  EXPECT_EQ(ask_as("t1").error().param, "budget");
  EXPECT_TRUE(client.calls().empty());
}

TEST_F(Spending, is_remembered_over_a_restart) {
  setup.budgets.thread_microusd = 1'600;
  for (int i = 0; i < 2; ++i) {
    client.push(reply(200, kCounted));
    ASSERT_TRUE(ask_as("t1").ok());
  }
  model.reset();
  EXPECT_EQ(ask_as("t1").error().param, "budget");
  EXPECT_EQ(client.calls().size(), 2U);
}

TEST_F(Spending, does_not_ask_when_it_cannot_be_written_down) {
  setup.budgets.journal = folder.path();
  const RoutedModel::Ports ports{client, loop.clock, mint, metrics, pool};
  EXPECT_FALSE(RoutedModel::make(settings, setup, PriceTable::built_in(), ports).ok());
  EXPECT_TRUE(client.calls().empty());
}

TEST_F(Spending, of_nothing_for_what_the_cache_knows) {
  setup.cached_tasks = {"wording"};
  client.push(reply(200, kCounted));
  ASSERT_TRUE(ask_as("t1", ModelTask::wording).ok());
  const auto again = ask_as("t1", ModelTask::wording);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->text, "hi");
  EXPECT_EQ(again->cost_picousd, 0);
  EXPECT_EQ(client.calls().size(), 1U);
}

TEST_F(Spending, of_nothing_where_the_rule_engine_is_asked) {
  setup.tasks["refund"] = "rules";
  EXPECT_EQ(ask_as("t1", ModelTask::refund).code(), Errc::model_unavailable);
  EXPECT_TRUE(client.calls().empty());
}

TEST_F(Spending, of_time_is_limited_for_reasoning) {
  setup.tiers.front().time_max = Millis(600);
  client.push_silence();
  const RoutedModel::Ports ports{client, loop.clock, mint, metrics, pool};
  setup.budgets.journal.clear();
  auto made = RoutedModel::make(settings, setup, PriceTable::built_in(), ports);
  ASSERT_TRUE(made.ok());
  const Time start = loop.clock.now();
  EXPECT_EQ(loop.play((*made)->ask(ModelRequest(), Deadline::after(loop.clock, 60s))).code(), Errc::timed_out);
  EXPECT_EQ(loop.clock.now() - start, 600ms);
}

TEST_F(Spending, is_counted_in_the_metrics) {
  client.push(reply(200, kCounted));
  ASSERT_TRUE(ask_as("t1").ok());
  const std::string text = metrics.text();
  for (const char* line :
       {"gen_ai_client_token_usage_count{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"default\","
        "gen_ai_request_model=\"gpt-4o-mini\",gen_ai_token_type=\"input\"} 1",
        "gen_ai_client_operation_duration_seconds_count", "purser_llm_attempts_total{", "outcome=\"answered\"} 1",
        "purser_llm_overhead_seconds_count",
        "purser_llm_cost_microusd_total{gen_ai_request_model=\"gpt-4o-mini\"} 210"})
    EXPECT_NE(text.find(line), std::string::npos) << line << " in\n" << text;
}

TEST(WaitWished, reads_every_form) {
  const UtcTime now = *parse_time("2026-01-05T10:00:00Z");
  const auto wished = [&](const char* name, const char* value) { return llm::wait_wished({{name, value}}, now); };
  EXPECT_EQ(llm::wait_wished({}, now), Millis(-1));
  EXPECT_EQ(wished("Retry-After", "2"), Millis(2'000));
  EXPECT_EQ(wished("retry-after", "0.25"), Millis(250));
  EXPECT_EQ(wished("retry-after", "1.23456"), Millis(1'234));
  EXPECT_EQ(wished("retry-after-ms", "17"), Millis(17));
  EXPECT_EQ(wished("retry-after-ms", "17.9"), Millis(17));
  EXPECT_EQ(wished("retry-after", "Mon, 05 Jan 2026 10:01:00 GMT"), Millis(60'000));
  EXPECT_EQ(wished("retry-after", "Mon, 05 Jan 2026 09:59:00 GMT"), Millis(0));
  for (const char* none : {"-1", "+1", "", "1e3", "1.x", ".5", "Mon, 05 Xyz 2026 10:01:00 GMT", "tomorrow"})
    EXPECT_EQ(wished("retry-after", none), Millis(-1)) << none;
}

// Who waits at a till, or for a tier with a limit of its own, has the rule engine's answer when that is over.
class InTime : public OneModel {
 protected:
  Clock::duration answered_by_rules(ModelsSetup setup, std::optional<Clock::time_point> until, ModelTask task) {
    const RoutedModel::Ports ports{client, loop.clock, mint, metrics, pool};
    auto provider = RoutedModel::make(settings, std::move(setup), PriceTable::built_in(), ports);
    EXPECT_TRUE(provider.ok());
    RuleEngine rules;
    FallbackModel model(**provider, rules, Millis(2'000));
    client.push_silence();
    ModelRequest request;
    request.locale = "en";
    request.task = task;
    request.providers_until = until;
    request.messages.resize(1);
    request.messages[0].text = "hello";
    const auto begun = loop.clock.now();
    const auto answer = loop.play(model.ask(std::move(request), Deadline::after(loop.clock, 60s)));
    EXPECT_TRUE(answer.ok());
    EXPECT_EQ(answer->provider, "purser");
    return loop.clock.now() - begun;
  }
};

TEST_F(InTime, at_a_till) {
  EXPECT_EQ(answered_by_rules(setup_of(settings), loop.clock.now() + 750ms, ModelTask::intent), 750ms);
}

TEST_F(InTime, where_the_tier_has_its_own_limit) {
  ModelsSetup setup = setup_of(settings);
  TierSetup reasoning = setup.tiers.front();
  reasoning.name = "reasoning";
  reasoning.time_max = kReasoningTimeMax;
  setup.tiers.push_back(reasoning);
  setup.tasks["refund"] = "reasoning";
  EXPECT_EQ(answered_by_rules(setup, std::nullopt, ModelTask::refund), 600ms);
}

}  // namespace
}  // namespace purser
