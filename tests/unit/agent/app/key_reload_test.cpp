#include "agent/app/key_reload.hpp"

#include "gateway/log.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

namespace purser {
namespace {

std::string pem(const std::string& inside) {
  return "-----BEGIN PRIVATE KEY-----\n" + inside + "\n-----END PRIVATE KEY-----\n";
}

class KeyReload : public ::testing::Test {
 protected:
  KeyReload() {
    sources_.environment = {{"PURSER_WECHAT_MCHID", "1900000001"},
                            {"PURSER_WECHAT_APPID", "wx1"},
                            {"PURSER_WECHAT_MERCHANT_SERIAL", "ABCDEF"},
                            {"PURSER_WECHAT_PUBLIC_KEY_ID", "PUB_KEY_ID_1"},
                            {"PURSER_WECHAT_PUBLIC_KEY_FILE", folder_.write("platform.pem", "p1")},
                            {"PURSER_WECHAT_MERCHANT_KEY_PEM_FILE", folder_.write("merchant.pem", pem("m1"))},
                            {"PURSER_WECHAT_APIV3_KEY_FILE", folder_.write("apiv3.key", std::string(32, 'a'))},
                            {"PURSER_SERVER_PUBLIC_URL", "https://pay.example.com"},
                            {"PURSER_AUTH_KEYS_FILE", folder_.write("keys.json", "{}")},
                            {"PURSER_WEBHOOKS_ENDPOINTS_FILE", folder_.write("endpoints.json", "{}")},
                            {"PURSER_API_KEYS", "acme:sk_test_0123456789abcdef"}};
  }

  void SetUp() override {
    const auto loaded = load_settings(sources_);
    ASSERT_TRUE(loaded.ok()) << report_text(loaded);
  }

  UseKeys use() {
    return [this](const Settings& all) -> Result<void> {
      const WechatSettings& settings = all.wechat;
      taken_.push_back(settings);
      return answer_;
    };
  }
  // A file of another time stamp, as an editor or a rotation leaves it.
  void rewrite(const std::string& name, const std::string& content) {
    const auto path = folder_.write(name, content);
    const auto stamp = std::filesystem::last_write_time(path);
    std::filesystem::last_write_time(path, stamp + std::chrono::seconds(++writes_));
  }
  bool logged(const std::string& what) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const auto& line) { return line.find(what) != line.npos; });
  }

  std::vector<std::string> lines_;
  log::CaptureForTest capture_{[this](std::string line) { lines_.push_back(std::move(line)); }};
  test::TempFolder folder_;
  test::Loop loop_;
  SettingsSources sources_;
  std::vector<WechatSettings> taken_;
  Result<void> answer_ = success();
  int writes_ = 0;
};

TEST_F(KeyReload, AHangupReadsTheKeysAnewEachTime) {
  asio::signal_set hangup(loop_.ioc, SIGHUP);
  rewrite("apiv3.key", std::string(32, 'b'));
  ::raise(SIGHUP);  // one that came during the start is not lost
  auto running = loop_.start(reload_keys_on_hangup(use(), hangup, sources_));
  ASSERT_TRUE(loop_.until([&] { return taken_.size() == 1; }));
  EXPECT_EQ(taken_[0].apiv3_key.reveal(), std::string(32, 'b'));
  rewrite("merchant.pem", pem("m2"));
  ::raise(SIGHUP);
  ASSERT_TRUE(loop_.until([&] { return taken_.size() == 2; }));
  EXPECT_NE(taken_[1].merchant_key_pem.reveal().find("m2"), std::string::npos);
  running.cancel(asio::cancellation_type::terminal);
  EXPECT_TRUE(loop_.until([&] { return running.done(); }));
}

TEST_F(KeyReload, AChangedFileIsSeenWithinAMinuteAndOnlyThen) {
  auto running = loop_.start(reload_keys_on_change(use(), loop_.clock, sources_));
  ASSERT_TRUE(loop_.advance(std::chrono::minutes(10)));
  EXPECT_TRUE(taken_.empty());
  for (const std::string name : {"merchant.pem", "apiv3.key", "platform.pem", "keys.json", "endpoints.json"}) {
    taken_.clear();
    rewrite(name, name == "apiv3.key" ? std::string(32, 'c') : pem("changed"));
    ASSERT_TRUE(loop_.advance(std::chrono::seconds(61)));
    EXPECT_EQ(taken_.size(), 1u) << name;
    ASSERT_TRUE(loop_.advance(std::chrono::minutes(5)));
    EXPECT_EQ(taken_.size(), 1u) << name;
  }
  running.cancel(asio::cancellation_type::terminal);
  EXPECT_TRUE(loop_.until([&] { return running.done(); }));
}

TEST_F(KeyReload, WhatCannotBeUsedIsToldAndTheWatchGoesOn) {
  auto running = loop_.start(reload_keys_on_change(use(), loop_.clock, sources_));
  ASSERT_TRUE(loop_.advance(std::chrono::seconds(1)));
  answer_ = Error(Errc::config_bad_value, "no private key in it", "wechat.merchant_key_pem");
  rewrite("merchant.pem", pem("half a ke"));
  ASSERT_TRUE(loop_.advance(std::chrono::seconds(61)));
  EXPECT_TRUE(logged("keys.not_reloaded"));
  for (const auto& line : lines_) EXPECT_EQ(line.find("half a ke"), line.npos);
  answer_ = success();
  rewrite("merchant.pem", pem("m3"));
  ASSERT_TRUE(loop_.advance(std::chrono::seconds(61)));
  EXPECT_EQ(taken_.size(), 2u);
  // Settings that do not load at all reach nobody.
  std::filesystem::remove(folder_.file("apiv3.key"));
  ASSERT_TRUE(loop_.advance(std::chrono::seconds(61)));
  EXPECT_EQ(taken_.size(), 2u);
  EXPECT_TRUE(logged("wechat.apiv3_key"));  // which of them it is
  running.cancel(asio::cancellation_type::terminal);
  EXPECT_TRUE(loop_.until([&] { return running.done(); }));
}

}  // namespace
}  // namespace purser
