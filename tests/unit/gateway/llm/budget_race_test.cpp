// Concurrent turns against one cap, through the whole of the routed model and its journal on the disk, in orders that a
// seed decides, with the daemon killed at any moment: what providers can have billed is never above the cap. (The
// budget alone goes through ten thousand such days in budget_test.cpp.)
#include "gateway/llm/routed_model.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>
#include <random>

namespace purser {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::int64_t kCapMicrousd = 20'000;
constexpr std::int64_t kOutputMax = 100;

class SeededMint final : public Mint {
 public:
  explicit SeededMint(std::mt19937_64& chance) : chance_(chance) {}
  std::string token(std::size_t length) override {
    std::string out;
    while (out.size() < length) out += static_cast<char>('a' + chance_() % 26);
    return out;
  }
  OutTradeNo out_trade_no(const TenantId&, const IntentId&) const override { return {}; }
  OutRefundNo out_refund_no(const TenantId&, const IntentId&, const std::string&) const override { return {}; }
  ThreadId thread_of(const TenantId&, const std::string&) const override { return {}; }
  std::string seal(const std::string& text) const override { return text; }

 private:
  std::mt19937_64& chance_;
};

// A provider that takes its time, fails as chance will, and writes its own bill.
class BillingProvider final : public http::Client {
 public:
  BillingProvider(Clock& clock, std::mt19937_64& chance) : clock_(clock), chance_(chance) {}

  Task<Result<http::Reply>> send(http::Call call, Deadline) override {
    const std::int64_t number = ++asked;
    // Until it has answered, it may bill all that such a question can cost.
    open_[number] = cost(static_cast<std::int64_t>(call.body.size() / 2), kOutputMax);
    auto slept = co_await clock_.sleep_until(clock_.now() + std::chrono::milliseconds(1 + chance_() % 50));
    if (!slept) co_return slept.error();
    open_.erase(number);
    http::Reply out;
    out.headers.emplace_back("Content-Type", "application/json");
    out.status = chance_() % 5 == 0 ? 500 : 200;
    out.body = "{}";
    if (out.status == 500) co_return out;
    const auto input = static_cast<std::int64_t>(call.body.size() / 4);
    const auto output = static_cast<std::int64_t>(chance_() % (kOutputMax + 1));
    billed_ += cost(input, output);
    out.body = json{{"choices", {{{"finish_reason", "stop"}, {"message", {{"content", "hi"}}}}}},
                    {"usage", {{"prompt_tokens", input}, {"completion_tokens", output}}}}
                   .dump();
    co_return out;
  }

  // The daemon dies now: nobody will hear what is still open, but it is billed.
  void lose_all() {
    for (const auto& [number, most] : open_) billed_ += most;
    open_.clear();
  }
  std::int64_t most_billed() const {
    std::int64_t sum = billed_;
    for (const auto& [number, most] : open_) sum += most;
    return sum;
  }

  std::int64_t asked = 0;

 private:
  static std::int64_t cost(std::int64_t input, std::int64_t output) {
    static const PriceTable prices = PriceTable::built_in();
    return prices.cost("gpt-4o", "", {input, 0, 0, output}).picousd;
  }

  Clock& clock_;
  std::mt19937_64& chance_;
  std::map<std::int64_t, std::int64_t> open_;
  std::int64_t billed_ = 0;
};

ModelsSetup setup_with(const std::string& journal) {
  ModelsSetup setup;
  ProviderSetup provider;
  provider.name = "p";
  provider.base_url = "http://provider/v1";
  setup.providers.push_back(provider);
  ModelSetup model;
  model.name = model.id = "m";
  model.price = "gpt-4o";
  model.streaming = false;
  model.output_tokens_max = kOutputMax;
  setup.models.push_back(model);
  TierSetup tier;
  tier.name = "fast";
  tier.models = {0};
  tier.weights = {1};
  setup.tiers.push_back(tier);
  setup.budgets.total_microusd = kCapMicrousd;
  setup.budgets.journal = journal;
  return setup;
}

// One day with turns that come and go, and daemons that die. Returns how many questions the provider saw.
std::int64_t play_day(std::uint64_t seed) {
  std::mt19937_64 chance(seed);
  test::TempFolder folder;
  test::Loop loop;
  BillingProvider provider(loop.clock, chance);
  SeededMint mint(chance);
  Metrics metrics;
  asio::thread_pool pool{1};
  std::string journal = folder.file("journal-0");
  for (int life = 0; life < 3; ++life) {
    const RoutedModel::Ports ports{provider, loop.clock, mint, metrics, pool};
    auto model = RoutedModel::make(ModelSettings(), setup_with(journal), PriceTable::built_in(), ports);
    EXPECT_TRUE(model.ok()) << model.error().message;
    std::vector<test::Started<Result<ModelAnswer>>> turns;
    for (int i = 0; i < 12; ++i) {
      ModelRequest request;
      request.messages.resize(1);
      request.messages[0].text = std::string(chance() % 300, 'x');
      turns.push_back(loop.start((*model)->ask(std::move(request), Deadline::after(loop.clock, 30s))));
      EXPECT_TRUE(loop.advance(std::chrono::milliseconds(chance() % 20)));
      EXPECT_LE(provider.most_billed(), kCapMicrousd * 1'000'000) << "seed " << seed;
    }
    // Killed here: what is in the file is all that is left of it.
    const std::string left = folder.file("journal-" + std::to_string(life + 1));
    std::filesystem::copy_file(journal, left);
    provider.lose_all();
    for (auto& turn : turns) turn.cancel();
    EXPECT_TRUE(loop.until([&] { return std::ranges::all_of(turns, [](auto& turn) { return turn.done(); }); }));
    journal = left;
  }
  EXPECT_LE(provider.most_billed(), kCapMicrousd * 1'000'000) << "seed " << seed;
  pool.join();
  return provider.asked;
}

TEST(BudgetRace, no_order_of_turns_and_deaths_goes_over_the_cap) {
  std::int64_t asked = 0;
  for (std::uint64_t seed = 1; seed <= 200 && !testing::Test::HasFailure(); ++seed) asked += play_day(seed);
  // The cap is what stopped them: neither was everybody refused, nor did everybody come through.
  EXPECT_GT(asked, 200);
  EXPECT_LT(asked, 200 * 36);
}

}  // namespace
}  // namespace purser
