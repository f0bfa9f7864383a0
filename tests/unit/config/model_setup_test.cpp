#include "config/model_setup.hpp"

#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

using nlohmann::json;

const char* const kSetup = R"({
  "providers": {"ds": {"like": "deepseek", "api_key_env": "DS_KEY"},
                "own": {"base_url": "http://127.0.0.1:8000/v1", "headers": {"X-Org": "shop"}}},
  "models": {"chat": {"provider": "ds", "id": "deepseek-chat", "context_tokens": 131072},
             "local": {"provider": "own", "id": "qwen3-8b", "price": "qwen-turbo", "tools": false}},
  "tiers": {"fast": {"models": ["chat", "local"], "strategy": "weighted", "weights": [3, 1]},
            "reasoning": {"models": ["chat"]}},
  "tasks": {"refund": "reasoning", "wording": "rules"}})";

LoadedModels load(const std::string& text) {
  return load_models(text, "file m.json", {{"DS_KEY", "sk-1"}, {"EMPTY", ""}});
}
// The key of the only mistake.
std::string mistake(const json& setup) {
  const auto loaded = load(setup.dump());
  if (loaded.mistakes.size() != 1) return std::to_string(loaded.mistakes.size()) + " mistakes";
  EXPECT_EQ(loaded.mistakes[0].source, "file m.json");
  return loaded.mistakes[0].key;
}

TEST(ModelSetup, is_read) {
  const auto loaded = load(kSetup);
  ASSERT_TRUE(loaded.mistakes.empty()) << loaded.mistakes[0].key << " " << loaded.mistakes[0].rule;
  const ModelsSetup& s = loaded.setup;
  ASSERT_EQ(s.providers.size(), 2U);
  EXPECT_EQ(s.providers[0].base_url, "https://api.deepseek.com/v1");
  EXPECT_EQ(s.providers[0].api_key.reveal(), "sk-1");
  EXPECT_EQ(s.providers[0].reasoning_back, ReasoningBack::with_calls);
  EXPECT_FALSE(s.providers[0].parallel_field);
  EXPECT_EQ(s.providers[1].headers.at(0), (std::pair<std::string, std::string>("X-Org", "shop")));
  ASSERT_EQ(s.models.size(), 2U);
  EXPECT_EQ(s.models[0].price, "deepseek-chat");
  EXPECT_EQ(s.models[1].price, "qwen-turbo");
  EXPECT_FALSE(s.models[1].tools);
  ASSERT_NE(s.tier("fast"), nullptr);
  EXPECT_EQ(s.tier("fast")->strategy, Strategy::weighted);
  EXPECT_EQ(s.tier("fast")->weights, (std::vector<std::int64_t>{3, 1}));
}

TEST(ModelSetup, sends_each_task_to_its_tier) {
  const auto loaded = load(kSetup);
  EXPECT_EQ(loaded.setup.tier_for("refund")->name, "reasoning");
  EXPECT_EQ(loaded.setup.tier_for("intent")->name, "fast");
  EXPECT_EQ(loaded.setup.tier_for("wording"), nullptr);  // the rule engine's
}

TEST(ModelSetup, gives_reasoning_six_hundred_milliseconds) {
  const auto loaded = load(kSetup);
  EXPECT_EQ(loaded.setup.tier("reasoning")->time_max, Millis(600));
  EXPECT_EQ(loaded.setup.tier("fast")->time_max, Millis(0));
  json other = json::parse(kSetup);
  other["tiers"]["reasoning"]["time_max_ms"] = 5'000;
  EXPECT_EQ(load(other.dump()).setup.tier("reasoning")->time_max, Millis(5'000));
}

TEST(ModelSetup, knows_ready_made_providers) {
  const json ready = json::parse(ready_made_providers());
  for (const char* name : {"openai", "deepseek", "dashscope", "mistral", "anthropic", "gemini", "openrouter", "litellm",
                           "tokenmix", "vllm", "ollama", "llamacpp"}) {
    ASSERT_TRUE(ready.contains(name)) << name;
    const json setup = {{"providers", {{"p", {{"like", name}}}}},
                        {"models", {{"m", {{"provider", "p"}, {"id", "x"}}}}},
                        {"tiers", {{"fast", {{"models", {"m"}}}}}}};
    EXPECT_TRUE(load(setup.dump()).mistakes.empty()) << name;
  }
}

TEST(ModelSetup, takes_regions) {
  json setup = json::parse(kSetup);
  setup["providers"]["own"]["data_region"] = "eu";
  setup["regions"] = {{"tenants", {{"shop", {"cn", "eu"}}, {"*", {"eu"}}, {"nobody", json::array()}}},
                      {"tasks", {{"dispute", {"cn"}}}}};
  const auto loaded = load(setup.dump());
  ASSERT_TRUE(loaded.mistakes.empty()) << loaded.mistakes[0].key;
  const ModelsSetup& s = loaded.setup;
  using Regions = RegionSetup::Regions;
  EXPECT_EQ(s.regions.allowed("shop", "intent"), Regions({"cn", "eu"}));
  EXPECT_EQ(s.regions.allowed("shop", "dispute"), Regions({"cn"}));
  EXPECT_EQ(s.regions.allowed("other", "intent"), Regions({"eu"}));
  EXPECT_EQ(s.regions.allowed("other", "dispute"), Regions());
  EXPECT_EQ(s.regions.allowed("nobody", "intent"), Regions());
  EXPECT_TRUE(s.keeps_within(0, Regions({"cn"})));
  EXPECT_FALSE(s.keeps_within(1, Regions({"cn"})));
  EXPECT_FALSE(s.keeps_within(1, Regions()));
  EXPECT_TRUE(s.keeps_within(1, std::nullopt));
  EXPECT_EQ(load(kSetup).setup.regions.allowed("shop", "dispute"), std::nullopt);
}

TEST(ModelSetup, knows_who_goes_on_with_an_answer_that_was_begun) {
  json setup = json::parse(kSetup);
  EXPECT_FALSE(load(setup.dump()).setup.models[0].prefill);  // as the ready-made provider says
  EXPECT_TRUE(load(setup.dump()).setup.models[1].prefill);
  setup["models"]["chat"]["prefill"] = true;
  setup["providers"]["own"]["prefill"] = false;
  EXPECT_TRUE(load(setup.dump()).setup.models[0].prefill);
  EXPECT_FALSE(load(setup.dump()).setup.models[1].prefill);
}

TEST(ModelSetup, names_what_is_wrong_with_regions_and_classes) {
  const auto with = [](const char* key, const json& value) {
    json setup = json::parse(kSetup);
    setup[key] = value;
    return mistake(setup);
  };
  EXPECT_EQ(with("regions", 1), "regions");
  EXPECT_EQ(with("regions", {{"users", json::object()}}), "regions.users");
  EXPECT_EQ(with("regions", {{"tenants", 1}}), "regions.tenants");
  EXPECT_EQ(with("regions", {{"tenants", {{"shop", "cn"}}}}), "regions.tenants.shop");
  EXPECT_EQ(with("regions", {{"tenants", {{"shop", {"atlantis"}}}}}), "regions.tenants.shop");
  EXPECT_EQ(with("regions", {{"tenants", {{"shop", {""}}}}}), "regions.tenants.shop");
  EXPECT_EQ(with("regions", {{"tasks", {{"chat", {"cn"}}}}}), "regions.tasks.chat");
  EXPECT_EQ(with("classify_errors", "nowhere"), "classify_errors");
  EXPECT_EQ(with("classify_errors", "fast"), "0 mistakes");
}

TEST(ModelSetup, names_what_is_wrong) {
  const json good = json::parse(kSetup);
  const auto with = [&](const char* path, const json& value) {
    json out = good;
    out[json::json_pointer(path)] = value;
    return mistake(out);
  };
  EXPECT_EQ(with("/providers/ds/like", "nobody"), "providers.ds.like");
  EXPECT_EQ(with("/providers/ds/api_key_env", "UNSET"), "providers.ds.api_key_env");
  EXPECT_EQ(with("/providers/ds/api_key_env", "EMPTY"), "providers.ds.api_key_env");
  EXPECT_EQ(with("/providers/ds/api_key_file", "/x"), "providers.ds.api_key_env");
  EXPECT_EQ(with("/providers/ds/api_key", "sk-in-the-open"), "providers.ds.api_key");
  EXPECT_EQ(with("/providers/own/headers/Authorization", "Bearer x"), "providers.own.headers.Authorization");
  EXPECT_EQ(with("/providers/own/base_url", "ftp://x"), "providers.own.base_url");
  EXPECT_EQ(with("/providers/own/reasoning_back", "maybe"), "providers.own.reasoning_back");
  EXPECT_EQ(with("/providers/own/extra_body", "x"), "providers.own.extra_body");
  EXPECT_EQ(with("/models/chat/id", ""), "models.chat.id");
  EXPECT_EQ(with("/models/chat/context_tokens", 0), "models.chat.context_tokens");
  EXPECT_EQ(with("/models/chat/output_tokens_max", 15), "models.chat.output_tokens_max");
  EXPECT_EQ(with("/models/chat/tools", 1), "models.chat.tools");
  EXPECT_EQ(with("/models/chat/unknown", 1), "models.chat.unknown");
  EXPECT_EQ(with("/tiers/fast/strategy", "luck"), "tiers.fast.strategy");
  EXPECT_EQ(with("/tiers/fast/weights", {1}), "tiers.fast.weights");
  EXPECT_EQ(with("/tiers/fast/weights", {0, 1}), "tiers.fast.weights");
  EXPECT_EQ(with("/tiers/fast/models", {"chat", "nobody"}), "tiers.fast.models");
  EXPECT_EQ(with("/tiers/rules", json::object()), "tiers.rules");
  EXPECT_EQ(with("/tasks/refund", "nowhere"), "tasks.refund");
  EXPECT_EQ(with("/tasks/chatter", "fast"), "tasks.chatter");
  EXPECT_EQ(with("/unknown", 1), "unknown");
}

TEST(ModelSetup, tells_everything_at_once) {
  EXPECT_EQ(load(R"({"providers":{"a":{"base_url":1},"b":7},"models":{"m":{"provider":"x"}}})").mistakes.size(), 5U);
}

TEST(ModelSetup, refuses_what_is_no_setup) {
  for (const char* text : {"", "[]", "{", "{}", R"({"tiers":{},"tiers":{}})"})
    EXPECT_FALSE(load(text).mistakes.empty()) << text;
}

TEST(ModelSetup, takes_limits_and_budgets) {
  json setup = json::parse(kSetup);
  setup["limits"] = {{"first_token_time_max_ms", 500}};
  setup["budgets"] = {{"thread_microusd", 7}, {"journal", "/tmp/spend"}};
  setup["cached_tasks"] = {"wording"};
  const auto loaded = load(setup.dump());
  ASSERT_TRUE(loaded.mistakes.empty());
  EXPECT_EQ(loaded.setup.first_token_time_max, Millis(500));
  EXPECT_EQ(loaded.setup.gap_time_max, Millis(10'000));
  EXPECT_EQ(loaded.setup.budgets.thread_microusd, 7);
  EXPECT_EQ(loaded.setup.cached_tasks, std::vector<std::string>({"wording"}));
  setup["budgets"].erase("journal");
  EXPECT_EQ(mistake(setup), "budgets.journal");
}

TEST(ModelSetup, is_read_from_the_file_the_settings_name) {
  test::TempFolder folder;
  ModelSettings settings;
  settings.base_url = "file://" + folder.write("models.json", kSetup);
  const auto loaded = load_models(settings, {{"DS_KEY", "sk-1"}});
  EXPECT_TRUE(loaded.mistakes.empty());
  EXPECT_EQ(loaded.setup.models.size(), 2U);
  EXPECT_EQ(load_models(settings, {}).mistakes.size(), 1U);  // its key is not set
}

TEST(ModelSetup, comes_from_the_one_endpoint_of_the_settings) {
  ModelSettings settings;
  EXPECT_TRUE(setup_of(settings).empty());
  settings.base_url = "http://127.0.0.1:1/v1";
  settings.model = "m";
  const ModelsSetup setup = setup_of(settings);
  ASSERT_EQ(setup.models.size(), 1U);
  EXPECT_EQ(setup.models[0].id, "m");
  for (const std::string_view task : kTasks) EXPECT_EQ(setup.tier_for(task)->name, "fast");
}

}  // namespace
}  // namespace purser
