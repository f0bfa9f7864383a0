#include "agent/app/goods.hpp"

#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace purser::test {
namespace {

// Prices of a later day would never be too old to charge by.
TEST(GoodsOfAFile, are_of_today_or_before) {
  TempFolder folder;
  const UtcTime now = parse_time("2026-01-05T10:00:00Z").value();
  CatalogueSettings settings;
  settings.file = folder.file("goods.json");
  const auto load = [&](UtcTime as_of) {
    std::ofstream(settings.file) << R"({"version":"1","as_of":")" << format_time(as_of)
                                 << R"(","items":[{"sku":"TEA","name":{"zh":"茶","en":"tea"},"unit_price_fen":100}]})";
    return load_catalogue(settings, now);
  };
  EXPECT_TRUE(load(now - std::chrono::hours(24)).ok());
  EXPECT_TRUE(load(now + kCatalogueAheadMax).ok()) << "whose clock is right?";
  const auto ahead = load(now + kCatalogueAheadMax + Millis(1));
  ASSERT_FALSE(ahead.ok());
  EXPECT_EQ(ahead.code(), Errc::config_bad_value);
  EXPECT_EQ(ahead.error().param, "catalogue.file");
  EXPECT_NE(ahead.error().message.find(settings.file + ": /as_of: must not be more than 5 minutes in the future"),
            std::string::npos)
      << ahead.error().message;
  settings.file.clear();
  EXPECT_TRUE(load_catalogue(settings, UtcTime{}).ok()) << "the sample";
}

}  // namespace
}  // namespace purser::test
