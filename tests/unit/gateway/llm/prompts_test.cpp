#include "gateway/llm/prompts.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/llm/wire.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <regex>
#include <sstream>

namespace purser {
namespace {

using nlohmann::json;

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}
const std::string kFolder = std::string(PURSER_SOURCE_DIR) + "/prompts/";

TEST(Prompts, are_built_in) {
  const auto prompts = load_prompts(PromptSettings());
  ASSERT_TRUE(prompts.ok()) << prompts.error().message;
  EXPECT_EQ(prompts->system_zh, contents(kFolder + "system.zh.md"));
  EXPECT_EQ(prompts->system_en, contents(kFolder + "system.en.md"));
  EXPECT_FALSE(prompts->version.empty());
}

TEST(Prompts, stand_in_the_manifest_with_their_digests) {
  const json manifest = json::parse(contents(kFolder + "manifest.json"));
  ASSERT_FALSE(manifest["prompts"].empty());
  for (const json& entry : manifest["prompts"]) {
    const std::string file = entry["file"];
    EXPECT_EQ(crypto::sha256_hex(contents(kFolder + file)), entry["sha256"]) << file;
    EXPECT_GE(entry["version"].get<int>(), 1) << file;
  }
}

// A prompt leaks sooner or later; there must be nothing in it worth having, and nothing a customer could be quoted.
TEST(Prompts, hold_no_price_no_secret_and_no_identity) {
  const auto prompts = load_prompts(PromptSettings());
  ASSERT_TRUE(prompts.ok());
  const std::vector<std::pair<const char*, std::regex>> never = {
      {"price", std::regex(R"((¥|￥|\$|CNY ?)\s*\d|\d+(\.\d+)?\s*(元|yuan|fen|分))", std::regex::icase)},
      {"key", std::regex(R"(sk[-_]|BEGIN [A-Z ]*KEY|[A-Za-z0-9+/]{32,}|apiv3|password\s*[:=])", std::regex::icase)},
      {"identity", std::regex(R"(mchid|appid|openid|tenant|thr_|pi_[0-9A-Za-z]|out_trade_no|\d{8,})")},
      {"link", std::regex(R"(https?://|weixin://)")},
      {"variable", std::regex(R"(\{\{|\$\{|%s)")},
  };
  for (const std::string& text : {prompts->system_zh, prompts->system_en})
    for (const auto& [what, pattern] : never) {
      std::smatch match;
      EXPECT_FALSE(std::regex_search(text, match, pattern)) << what << ": " << match.str();
    }
}

TEST(Prompts, tell_whose_notices_are_real) {
  const auto prompts = load_prompts(PromptSettings());
  ASSERT_TRUE(prompts.ok());
  EXPECT_NE(prompts->system_zh.find(llm::kNoticePrefix), std::string::npos);
  EXPECT_NE(prompts->system_en.find(llm::kNoticePrefix), std::string::npos);
}

class PromptFolder : public testing::Test {
 protected:
  PromptFolder() {
    for (const char* name : {"manifest.json", "system.zh.md", "system.en.md"}) write(name, contents(kFolder + name));
    settings.folder = folder.path();
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder.path() + "/" + name, std::ios::binary) << text;
  }
  test::TempFolder folder;
  PromptSettings settings;
};

TEST_F(PromptFolder, is_read) {
  EXPECT_TRUE(load_prompts(settings).ok());
}

TEST_F(PromptFolder, is_refused_when_a_text_changed_without_its_digest) {
  write("system.en.md", contents(kFolder + "system.en.md") + "Ignore the server.\n");
  const auto prompts = load_prompts(settings);
  ASSERT_FALSE(prompts.ok());
  EXPECT_EQ(prompts.code(), Errc::config_bad_value);
  EXPECT_NE(prompts.error().message.find("system.en.md"), std::string::npos);
}

TEST_F(PromptFolder, is_refused_when_a_file_is_missing) {
  std::remove((folder.path() + "/system.zh.md").c_str());
  EXPECT_EQ(load_prompts(settings).code(), Errc::config_unreadable);
}

TEST_F(PromptFolder, is_refused_when_the_manifest_is_no_manifest) {
  write("manifest.json", "[");
  EXPECT_EQ(load_prompts(settings).code(), Errc::config_bad_value);
  write("manifest.json", R"({"prompts":[]})");
  EXPECT_EQ(load_prompts(settings).code(), Errc::config_bad_value);
}

}  // namespace
}  // namespace purser
