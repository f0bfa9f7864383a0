// A second model beside a silent first one: only for words, only as often as the share allows, and the loser is broken
// off and booked.
#include "gateway/llm/routed_model.hpp"
#include "tests/support/fake_http_client.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/zero_mint.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

Result<http::Reply> good(const http::Call& call) {
  http::Reply out;
  out.status = 200;
  out.headers.emplace_back("Content-Type", "application/json");
  out.body = json{{"model", call.origin.host},
                  {"choices", {{{"finish_reason", "stop"}, {"message", {{"content", "hi"}}}}}},
                  {"usage", {{"prompt_tokens", 10}, {"completion_tokens", 1}}}}
                 .dump();
  return out;
}

Result<http::Reply> answer_with(int status, const std::string& body) {
  http::Reply out;
  out.status = status;
  out.headers.emplace_back("Content-Type", "application/json");
  out.body = body;
  return out;
}

class Hedging : public testing::Test {
 protected:
  Hedging() {
    setup.hedges_percent_max = 100;
    TierSetup tier;
    tier.name = "fast";
    tier.hedge_after = Millis(300);
    for (const char* host : {"first", "second"}) {
      ProviderSetup provider;
      provider.name = host;
      provider.base_url = std::string("http://") + host + "/v1";
      setup.providers.push_back(provider);
      ModelSetup one;
      one.name = one.id = host;
      one.price = "gpt-4o";
      one.provider = setup.providers.size() - 1;
      one.streaming = false;
      setup.models.push_back(one);
      tier.models.push_back(setup.models.size() - 1);
      tier.weights.push_back(1);
    }
    setup.tiers.push_back(tier);
  }
  ~Hedging() override { pool.join(); }

  Result<ModelAnswer> ask(bool with_tool = false) {
    if (!model) {
      const RoutedModel::Ports ports{client, loop.clock, mint, metrics, pool};
      auto made = RoutedModel::make(ModelSettings(), setup, PriceTable::built_in(), ports);
      EXPECT_TRUE(made.ok());
      model = std::move(*made);
    }
    ModelRequest request;
    request.messages.resize(1);
    if (with_tool) request.tools.push_back({"pay", "", "{}", true});
    const auto begun = loop.clock.now();
    auto answer = loop.play(model->ask(std::move(request), Deadline::after(loop.clock, 30s)));
    took = loop.clock.now() - begun;
    return answer;
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> out;
    for (const http::Call& call : client.calls()) out.push_back(call.origin.host);
    return out;
  }
  using Hosts = std::vector<std::string>;

  test::Loop loop;
  test::FakeHttpClient client{loop.clock};
  test::ZeroMint mint;
  Metrics metrics;
  asio::thread_pool pool{1};
  ModelsSetup setup;
  std::unique_ptr<RoutedModel> model;
  Clock::duration took{};
};

TEST_F(Hedging, asks_a_second_when_the_first_is_silent) {
  client.push_after(10s, good);
  client.push_after(100ms, good);
  const auto answer = ask();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->model, "second");
  EXPECT_EQ(asked(), (Hosts{"first", "second"}));
  EXPECT_EQ(took, 400ms);
  // The one that was broken off may have read the question: that costs, too.
  ModelAnswer alone;
  alone.cost_picousd = PriceTable::built_in().cost("gpt-4o", "", {10, 0, 0, 1}).picousd;
  EXPECT_GT(answer->cost_picousd, alone.cost_picousd);
  EXPECT_NE(metrics.text().find(R"(purser_llm_hedges_total{answered_by="second"} 1)"), std::string::npos);
}

TEST_F(Hedging, breaks_the_second_off_when_the_first_answers_after_all) {
  client.push_after(350ms, good);
  client.push_after(10s, good);
  const auto answer = ask();
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->model, "first");
  EXPECT_EQ(took, 350ms);
}

TEST_F(Hedging, asks_nobody_else_while_the_first_is_in_time) {
  client.push_after(299ms, good);
  EXPECT_EQ(ask()->model, "first");
  EXPECT_EQ(asked(), Hosts{"first"});
  // A first that fails early is the plan's matter: the same is tried again.
  client.push([](const http::Call&) { return answer_with(500, "{}"); });
  client.push(good);
  EXPECT_EQ(ask()->model, "first");
}

TEST_F(Hedging, is_never_for_a_question_with_tools) {
  client.push_after(10s, good);
  EXPECT_EQ(ask(true)->model, "first");
  EXPECT_EQ(asked(), Hosts{"first"});
}

TEST_F(Hedging, never_goes_around_a_refusal) {
  client.push_after(10s, good);
  client.push_after(100ms,
                    [](const http::Call&) { return answer_with(400, R"({"error":{"code":"content_filter"}})"); });
  EXPECT_EQ(ask().code(), Errc::model_refused);
  EXPECT_EQ(asked().size(), 2U);
}

TEST_F(Hedging, goes_on_by_the_plan_when_both_fail) {
  setup.providers.push_back(setup.providers.back());
  setup.providers.back().base_url = "http://third/v1";
  ModelSetup third = setup.models.back();
  third.name = third.id = "third";
  third.provider = 2;
  setup.models.push_back(third);
  setup.tiers.front().models.push_back(2);
  setup.tiers.front().weights.push_back(1);
  client.push_after(400ms, [](const http::Call&) { return answer_with(401, "{}"); });
  client.push_after(200ms, [](const http::Call&) { return answer_with(401, "{}"); });
  client.push(good);
  EXPECT_EQ(ask()->model, "third");
  EXPECT_EQ(asked(), (Hosts{"first", "second", "third"}));
}

TEST_F(Hedging, is_a_bounded_share_of_all_questions) {
  setup.hedges_percent_max = 10;
  for (int i = 0; i < 40; ++i) {
    client.push_after(500ms, good);
    // The second is asked at every tenth question; its script must be there then, and only then.
    if (i % 10 == 9) client.push_after(10s, good);
    ASSERT_TRUE(ask().ok()) << i;
  }
  EXPECT_EQ(client.left(), 0U);
  EXPECT_EQ(client.calls().size(), 44U);
}

}  // namespace
}  // namespace purser
