#include "gateway/llm/route/router.hpp"

#include <gtest/gtest.h>

#include <map>

namespace purser::llm {
namespace {

class Routes : public testing::Test {
 protected:
  Routes() {
    for (const char* price : {"gpt-4o", "gpt-4o-mini", "qwen-turbo"}) {
      ModelSetup model;
      model.name = model.id = model.price = price;
      setup.models.push_back(model);
    }
    TierSetup tier;
    tier.name = "fast";
    tier.models = {0, 1, 2};
    tier.weights = {1, 1, 1};
    setup.tiers.push_back(tier);
  }

  std::vector<std::size_t> chain(Router& router, std::uint32_t random = 0, bool tools = false,
                                 std::int64_t tokens = 100) {
    std::vector<std::size_t> out;
    for (const Candidate& one : router.chain({"fast", tools, tokens, random}, now)) out.push_back(one.model);
    return out;
  }
  void answered(Router& router, std::size_t model, Millis took) {
    router.begun(model, now);
    router.ended(model, AttemptEnd::answered, took, Millis(-1), now);
  }
  void fails(Router& router, std::size_t model, AttemptEnd end, int times, Millis wished = Millis(-1)) {
    for (int i = 0; i < times; ++i) {
      router.begun(model, now);
      router.ended(model, end, Millis(10), wished, now);
    }
  }

  using Models = std::vector<std::size_t>;
  ModelsSetup setup;
  PriceTable prices = PriceTable::built_in();
  Millis now{1'000};
};

TEST_F(Routes, keep_the_order_of_the_settings) {
  Router router(setup, prices, {});
  for (std::uint32_t random : {0U, 1U, 99U}) EXPECT_EQ(chain(router, random), Models({0, 1, 2}));
}

TEST_F(Routes, go_by_cost) {
  setup.tiers[0].strategy = Strategy::cost;
  Router router(setup, prices, {});
  EXPECT_EQ(chain(router), Models({2, 1, 0}));
}

TEST_F(Routes, go_by_weight) {
  setup.tiers[0].strategy = Strategy::weighted;
  setup.tiers[0].weights = {1, 2, 7};
  Router router(setup, prices, {});
  std::map<std::size_t, int> first;
  for (std::uint32_t random = 0; random < 1'000; ++random) ++first[chain(router, random).front()];
  EXPECT_EQ(first, (std::map<std::size_t, int>{{0, 100}, {1, 200}, {2, 700}}));
}

TEST_F(Routes, go_by_the_lesser_load_of_two) {
  setup.tiers[0].strategy = Strategy::latency;
  Router router(setup, prices, {});
  answered(router, 0, Millis(900));
  answered(router, 1, Millis(300));
  answered(router, 2, Millis(100));
  std::map<std::size_t, int> first;
  for (std::uint32_t random = 0; random < 600; ++random) ++first[chain(router, random).front()];
  EXPECT_EQ(first.count(0), 0U);  // the slowest loses every pair
  EXPECT_GT(first[2], first[1]);
  // Many questions under way make a fast model slow.
  for (int i = 0; i < 20; ++i) router.begun(2, now);
  for (std::uint32_t random = 0; random < 600; ++random) EXPECT_NE(chain(router, random).front(), 2U);
}

TEST_F(Routes, feel_a_slow_answer_at_once_and_forget_it_slowly) {
  PeakLatency latency;
  latency.ended(Millis(100), Millis(0));
  latency.ended(Millis(5'000), Millis(100));
  EXPECT_EQ(latency.load(), 5'000'000);
  latency.ended(Millis(100), Millis(200));
  EXPECT_GT(latency.load(), 4'000'000);
  latency.ended(Millis(100), Millis(20'000));
  EXPECT_EQ(latency.load(), 100'000);
}

TEST_F(Routes, leave_out_who_is_ill_and_come_back) {
  Router router(setup, prices, {});
  fails(router, 0, AttemptEnd::transient, 3);
  EXPECT_EQ(chain(router), Models({1, 2}));
  now += Millis(2'000);
  EXPECT_EQ(chain(router), Models({0, 1, 2}));
  router.begun(0, now);  // the probe is under way: others go elsewhere
  EXPECT_EQ(chain(router), Models({1, 2}));
  router.ended(0, AttemptEnd::answered, Millis(10), Millis(-1), now);
  EXPECT_EQ(chain(router), Models({0, 1, 2}));
}

TEST_F(Routes, respect_a_wish_to_be_left_alone) {
  Router router(setup, prices, {});
  fails(router, 1, AttemptEnd::limited, 1, Millis(4'000));
  EXPECT_EQ(chain(router), Models({0, 2}));
  now += Millis(4'000);
  EXPECT_EQ(chain(router), Models({0, 1, 2}));
}

TEST_F(Routes, take_no_answer_for_illness) {
  Router router(setup, prices, {});
  for (const AttemptEnd end :
       {AttemptEnd::refused, AttemptEnd::asked_wrongly, AttemptEnd::too_long, AttemptEnd::user_error, AttemptEnd::left})
    fails(router, 0, end, 5);
  EXPECT_EQ(chain(router), Models({0, 1, 2}));
}

TEST_F(Routes, stay_within_the_regions) {
  for (const char* region : {"cn", "us", ""}) setup.providers.emplace_back().data_region = region;
  for (std::size_t i = 0; i < 3; ++i) setup.models[i].provider = i;
  Router router(setup, prices, {});
  const auto within = [&](std::optional<RegionSetup::Regions> regions) {
    Models out;
    for (const Candidate& one : router.chain({"fast", false, 1, 0, std::move(regions)}, now)) out.push_back(one.model);
    return out;
  };
  EXPECT_EQ(within(std::nullopt), Models({0, 1, 2}));
  EXPECT_EQ(within({{"cn"}}), Models({0}));
  EXPECT_EQ(within({{"us", "cn"}}), Models({0, 1}));  // who does not say where is not asked
  EXPECT_EQ(within({{"eu"}}), Models());
  EXPECT_EQ(within(RegionSetup::Regions()), Models());
  // Neither an outage nor the strategy leads out of them.
  fails(router, 0, AttemptEnd::transient, 3);
  EXPECT_EQ(within({{"cn"}}), Models());
}

TEST_F(Routes, ask_only_who_can) {
  setup.models[0].tools = false;
  setup.models[1].context_tokens = 1'000;
  Router router(setup, prices, {});
  EXPECT_EQ(chain(router, 0, true), Models({1, 2}));
  EXPECT_EQ(chain(router, 0, false, 1'001), Models({0, 2}));
  EXPECT_TRUE(router.chain({"no such tier", false, 1, 0}, now).empty());
}

}  // namespace
}  // namespace purser::llm
