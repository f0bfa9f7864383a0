#include "config/model_prices.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace purser {
namespace {

const char* const kTable = R"({
  "version": "2026-08-31", "cny_per_usd": {"rate": "7.12", "date": "2026-08-31"},
  "service_tiers": {"flex": 50, "priority": 200},
  "models": {
    "small": [{"input": "0.15", "cached": "0.0028", "output": "0.60"}],
    "wide": [{"input_tokens_max": 1000, "input": "1", "output": "2"}, {"input": "3", "cache_write": "4", "output": "5"}]
  }})";

PriceTable table() {
  return *PriceTable::parse(kTable);
}

TEST(ModelPrices, are_exact_to_the_pico_dollar) {
  EXPECT_EQ(table().cost("small", "", {1'000, 0, 0, 100}).picousd, 150'000'000 + 60'000'000);
  EXPECT_EQ(table().cost("small", "", {1'000, 400, 0, 0}).picousd, 600 * 150'000 + 400 * 2'800);
  EXPECT_EQ(table().cost("small", "", {}).picousd, 0);
}

TEST(ModelPrices, go_by_the_size_of_the_question) {
  EXPECT_EQ(table().cost("wide", "", {1'000, 0, 0, 1}).picousd, 1'000 * 1'000'000 + 2'000'000);
  EXPECT_EQ(table().cost("wide", "", {1'001, 0, 0, 1}).picousd, 1'001LL * 3'000'000 + 5'000'000);
  EXPECT_EQ(table().cost("wide", "", {2'000, 0, 500, 0}).picousd, 1'500LL * 3'000'000 + 500LL * 4'000'000);
}

TEST(ModelPrices, know_the_tier_the_provider_echoes) {
  EXPECT_EQ(table().cost("small", "flex", {1'000, 0, 0, 0}).picousd, 75'000'000);
  EXPECT_EQ(table().cost("small", "priority", {1'000, 0, 0, 0}).picousd, 300'000'000);
  EXPECT_EQ(table().cost("small", "default", {1'000, 0, 0, 0}).picousd, 150'000'000);
}

TEST(ModelPrices, know_a_dated_name_and_one_with_its_maker) {
  EXPECT_TRUE(table().knows("small-2025-11-20"));
  EXPECT_TRUE(table().knows("maker/small"));
  EXPECT_FALSE(table().knows("small-2"));
  EXPECT_FALSE(table().knows("smaller"));
}

// What is not known is not free.
TEST(ModelPrices, take_the_dearest_rates_for_a_stranger) {
  const Cost cost = table().cost("stranger", "", {10, 0, 0, 10});
  EXPECT_TRUE(cost.guessed);
  EXPECT_EQ(cost.picousd, 10 * 4'000'000 + 10 * 5'000'000);
  EXPECT_FALSE(table().cost("small", "", {1, 0, 0, 0}).guessed);
}

TEST(ModelPrices, do_not_wrap_around) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(table().cost("wide", "priority", {kMost, 0, 0, kMost}).picousd, kMost);
}

TEST(ModelPrices, are_shown_in_fen_rounded_up) {
  EXPECT_EQ(table().fen(1'000'000'000'000), 712);  // one dollar
  EXPECT_EQ(table().fen(1), 1);
  EXPECT_EQ(table().fen(0), 0);
}

TEST(ModelPrices, of_the_built_in_table_can_be_read) {
  const PriceTable built_in = PriceTable::built_in();
  EXPECT_FALSE(built_in.version().empty());
  EXPECT_TRUE(built_in.knows("gpt-4o-mini"));
  EXPECT_TRUE(built_in.knows("deepseek-chat"));
  EXPECT_TRUE(built_in.knows("gpt-4o-mini-2024-07-18"));
}

TEST(ModelPrices, refuse_a_table_that_is_none) {
  for (
      const char* text : {
          "",
          "[]",
          "{}",
          R"({"version":"1"})",
          R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},"models":{}})",
          R"({"version":"1","cny_per_usd":{"rate":7,"date":"d"},"models":{"a":[{"input":"1","output":"1"}]}})",
          R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},"models":{"a":[{"input":0.1,"output":"1"}]}})",
          R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},"models":{"a":[{"input":"-1","output":"1"}]}})",
          R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},"models":{"a":[{"input":"1.1234567","output":"1"}]}})",
          R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},"models":{"a":[{"input":"1.","output":"1"}]}})",
          R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},"models":{"a":[]}})",
          R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},)"
          R"("models":{"a":[{"input_tokens_max":9,"input":"1","output":"1"}]}})",
      })
    EXPECT_EQ(PriceTable::parse(text).code(), Errc::config_bad_value) << text;
}

TEST(ModelPrices, know_the_dearest_way_to_be_served) {
  // Twice the price by priority; what is stored for later is dearer than what is read.
  EXPECT_EQ(table().dearest("small", {1'000, 0, 0, 100}), 2 * (150'000'000 + 60'000'000));
  EXPECT_EQ(table().dearest("wide", {2'000, 0, 0, 0}), 2 * 2'000LL * 4'000'000);
}

TEST(ModelPrices, are_refused_by_the_name_of_what_is_wrong) {
  const auto refused = [](const std::string& row) {
    const auto parsed =
        PriceTable::parse(R"({"version":"1","cny_per_usd":{"rate":"7","date":"d"},"models":{"m":[)" + row + "]}}");
    return parsed ? std::string() : parsed.error().message;
  };
  EXPECT_EQ(refused(R"({"input":"1","output":"2"})"), "");
  EXPECT_NE(refused("1").find("models.m is a list of rows"), std::string::npos);
  EXPECT_NE(refused(R"({"input":"1","output":"2","cached":"abc"})").find("models.m.cached"), std::string::npos);
  EXPECT_NE(refused(R"({"input":"1","output":"2","input_tokens_max":"x"})").find("input_tokens_max"),
            std::string::npos);
  EXPECT_NE(
      refused(R"({"input":"1","output":"2","input_tokens_max":9},{"input":"1","output":"2","input_tokens_max":8},)"
              R"({"input":"1","output":"2"})")
          .find("rises"),
      std::string::npos);
}

}  // namespace
}  // namespace purser
