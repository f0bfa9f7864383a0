#include "gateway/llm/attempt_log.hpp"

#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

namespace purser::llm {
namespace {

class Log : public testing::Test {
 protected:
  Log() {
    for (const char* name : {"gpt-4o", "gpt-4o-mini", "qwen-turbo"}) {
      ModelSetup model;
      model.name = model.id = model.price = name;
      setup.models.push_back(model);
    }
    TierSetup tier;
    tier.name = "fast";
    tier.models = {0, 1, 2};
    tier.weights = {1, 1, 1};
    tier.strategy = Strategy::latency;
    setup.tiers.push_back(tier);
  }

  // Writes what a router did with questions that ended as chance would have it.
  void write(std::int64_t questions) {
    auto log = AttemptLog::open(path);
    ASSERT_TRUE(log.ok());
    (*log)->write(entry::start(prices.version()));
    Router router(setup, prices, {});
    std::mt19937 chance(7);
    Millis now{0};
    for (std::int64_t number = 1; number <= questions; ++number) {
      now += Millis(chance() % 900);
      const RouteQuestion question{"fast", true, 100, static_cast<std::uint32_t>(chance() % 1'000)};
      const auto chain = router.chain(question, now);
      (*log)->write(entry::asked(number, now, question, chain));
      for (const Candidate& one : chain) {
        router.begun(one.model, now);
        (*log)->write(entry::begun(number, now, one.model));
        const auto end = static_cast<AttemptEnd>(chance() % 9);
        const Millis took(chance() % 400);
        now += took;
        router.ended(one.model, end, took, Millis(-1), now);
        auto ended = entry::ended(number, now, one.model, end, took, Millis(-1));
        ended["cost_picousd"] = 7;  // for people
        (*log)->write(ended);
        if (end == AttemptEnd::answered) break;
      }
    }
  }
  std::string bytes() const {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  }
  Result<std::int64_t> replay(const std::string& log) const { return replay_routes(log, setup, prices, {}); }

  ModelsSetup setup;
  PriceTable prices = PriceTable::built_in();
  test::TempFolder folder;
  std::string path = folder.file("attempts");
};

TEST_F(Log, replays_to_the_same_routes) {
  write(500);
  const auto same = replay(bytes());
  ASSERT_TRUE(same.ok()) << same.error().message;
  EXPECT_EQ(*same, 500);
}

TEST_F(Log, shows_every_changed_byte_of_the_last_line_too) {
  write(3);
  const std::string all = bytes();
  const std::size_t last = all.rfind('\n', all.size() - 2) + 1;
  for (std::size_t at = last; at + 1 < all.size(); ++at) {
    std::string changed = all;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(replay(changed).ok()) << changed.substr(last);
  }
}

TEST_F(Log, goes_on_after_half_a_line) {
  write(3);
  std::ofstream(path, std::ios::app) << R"({"at":12,"before":"ab)";
  EXPECT_FALSE(replay(bytes()).ok());
  write(4);
  const auto same = replay(bytes());
  ASSERT_TRUE(same.ok()) << same.error().message;
  EXPECT_EQ(*same, 7);
}

TEST_F(Log, begins_anew_with_each_process) {
  write(20);
  write(30);
  EXPECT_EQ(*replay(bytes()), 50);
}

TEST_F(Log, shows_what_was_changed_or_left_out) {
  write(20);
  const std::string log = bytes();
  const auto second = log.find('\n', log.find('\n') + 1) + 1;
  EXPECT_EQ(replay(log.substr(0, second) + log.substr(log.find('\n', second) + 1)).code(), Errc::store_corrupt);
  std::string changed = log;
  const auto at = changed.find("\"took\":", changed.size() / 2) + 7;
  changed[at] = changed[at] == '9' ? '8' : '9';
  EXPECT_EQ(replay(changed).code(), Errc::store_corrupt);
}

TEST_F(Log, differs_under_another_setup) {
  write(200);
  std::reverse(setup.tiers[0].models.begin(), setup.tiers[0].models.end());
  EXPECT_EQ(replay(bytes()).code(), Errc::store_corrupt);
}

TEST_F(Log, tells_where_it_cannot_be_written) {
  EXPECT_EQ(AttemptLog::open(folder.path() + "/none/log").code(), Errc::config_unreadable);
}

}  // namespace
}  // namespace purser::llm
