#include "config/document.hpp"

#include "config/definitions.hpp"
#include "config/loader.hpp"
#include "config/sample_catalogue.hpp"
#include "validation/domain/catalogue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace purser {
namespace {

const std::string kFolder = std::string(PURSER_SOURCE_DIR) + "/config/";

std::string bytes_of(const std::string& path) {
  std::ostringstream bytes;
  bytes << std::ifstream(path, std::ios::binary).rdbuf();
  return bytes.str();
}

void expect_current(const std::string& path, const std::string& wanted) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << wanted;
  EXPECT_EQ(bytes_of(path), wanted) << path << " is stale: UPDATE_GOLDEN=1 rewrites it";
}

TEST(Document, CommittedMarkdownIsCurrent) {
  expect_current(kFolder + "CONFIG.md", config_markdown());
}
TEST(Document, CommittedDefaultsAreCurrent) {
  expect_current(kFolder + "default.json", default_config_json());
}

TEST(Document, EverySettingIsExplained) {
  const std::string text = config_markdown();
  for (const auto& definition : definitions()) {
    EXPECT_NE(text.find("| `" + std::string(definition.key) + "` |"), std::string::npos) << definition.key;
    EXPECT_NE(text.find("`" + variable_of(definition) + "`"), std::string::npos) << definition.key;
  }
}

TEST(Document, LoadingTheDefaultsChangesNothing) {
  SettingsSources sources;
  sources.file = kFolder + "default.json";
  const auto loaded = load_settings(sources);
  EXPECT_TRUE(loaded.ok()) << report_text(loaded);
}

TEST(Document, TheSampleCatalogueIsGoodAndVaried) {
  EXPECT_EQ(bytes_of(kFolder + "catalogue.sample.json"), sample_catalogue());
  const auto catalogue = Catalogue::from_json(sample_catalogue());
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  const auto& items = catalogue->items();
  const auto count = [&](auto test) { return std::count_if(items.begin(), items.end(), test); };
  EXPECT_GE(items.size(), 20U);
  EXPECT_GE(count([](const auto& item) { return item.unit_price.minor() < 200; }), 2);
  EXPECT_GE(count([](const auto& item) { return item.unit_price.minor() > 100'000; }), 1);
  EXPECT_EQ(count([](const auto& item) { return !item.on_sale; }), 1);
  const Settings defaults;
  for (const auto& item : items) {
    EXPECT_LE(item.unit_price.minor(), defaults.intent.order_amount_max_fen) << item.sku.str();
    EXPECT_FALSE(item.description_zh.empty() || item.description_en.empty()) << item.sku.str();
  }
}

TEST(Document, TheSampleIsFoundByTheWordsOfACustomer) {
  const auto catalogue = Catalogue::from_json(sample_catalogue());
  ASSERT_TRUE(catalogue);
  const auto first = [&](const char* words) {
    const auto found = catalogue->search(words, 1);
    return found.empty() ? std::string() : found.front()->sku.str();
  };
  EXPECT_EQ(first("我要两包龙井茶"), "tea-longjing-100g");
  EXPECT_EQ(first("two packs of longjing please"), "tea-longjing-100g");
  EXPECT_EQ(first("来一斤苹果"), "fruit-apple-1kg");
  EXPECT_EQ(first("walnuts"), "snack-walnut-500g");
  EXPECT_EQ(first("月饼"), "") << "not on sale";
}

}  // namespace
}  // namespace purser
