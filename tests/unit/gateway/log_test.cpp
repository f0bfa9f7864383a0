#include "gateway/log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <type_traits>
#include <vector>

namespace purser::log {
namespace {

static_assert(!std::is_constructible_v<Field, std::string_view, const Secret&>, "a secret must not be loggable");
static_assert(!std::is_constructible_v<Field, std::string_view, Secret>, "a secret must not be loggable");

class Log : public ::testing::Test {
 protected:
  ~Log() override { (void)configure(LogSettings{}); }
  static void use(const std::string& level, const std::string& format) {
    LogSettings settings;
    settings.level = level;
    settings.format = format;
    ASSERT_TRUE(configure(settings).ok());
  }
  std::vector<std::string> lines_;
  CaptureForTest capture_{[this](std::string line) { lines_.push_back(std::move(line)); }};
};

TEST_F(Log, WritesOneLineOfText) {
  info(
      "rail.answered",
      {{"status", 200}, {"code", "OK"}, {"empty", ""}, {"ok", true}, {"why", Errc::timed_out}, {"words", "two words"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0], "info rail.answered status=200 code=OK empty=\"\" ok=true why=timed_out words=\"two words\"");
}

TEST_F(Log, ARequestsIdStandsWholeAndOtherNumbersDoNot) {
  info("api.answered", {{"request", "req-13912345678"}, {"why", "call 13912345678"}});
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find("request=req-13912345678 "), std::string::npos) << lines_[0];
  EXPECT_EQ(lines_[0].find("call 13912345678"), std::string::npos) << lines_[0];
}

TEST_F(Log, NothingInAValueEndsTheLineOrMovesTheTerminal) {
  const std::string nasty = "a\r\nerror forged=\"1\"\t\x1b[31m\x7f\xc2\x9b\u2028\\" + std::string(1, '\0');
  warn("event\nforged", {{"value", nasty}});
  use("info", "json");
  warn("event\nforged", {{"value", nasty}});
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_EQ(lines_[0],
            "warn event\\nforged value=\"a\\r\\nerror forged=\\\"1\\\"\\t\\x1b[31m\\x7f\\u009b\\u2028\\\\\\x00\"");
  for (const std::string& line : lines_) {
    EXPECT_EQ(line.find_first_of(std::string("\n\r\x1b\x7f\0", 5)), std::string::npos);
  }
  EXPECT_EQ(nlohmann::json::parse("{" + lines_[1] + "}")["value"], nasty);
}

TEST_F(Log, JsonIsJsonWhateverTheBytes) {
  use("trace", "json");
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  trace("event", {{"bytes", bytes}, {"text", "微信支付 \"ok\""}, {"count", -3}, {"yes", false}});
  ASSERT_EQ(lines_.size(), 1u);
  const auto parsed = nlohmann::json::parse("{" + lines_[0] + "}");
  EXPECT_EQ(parsed["level"], "trace");
  EXPECT_EQ(parsed["text"], "微信支付 \"ok\"");
  EXPECT_EQ(parsed["count"], -3);
  EXPECT_EQ(parsed["yes"], false);
}

TEST_F(Log, BelowTheLevelNothingIsWritten) {
  use("warn", "text");
  debug("no");
  info("no");
  warn("yes");
  error("yes");
  EXPECT_EQ(lines_, (std::vector<std::string>{"warn yes", "error yes"}));
  EXPECT_FALSE(enabled(Level::info));
  EXPECT_TRUE(enabled(Level::error));
}

TEST_F(Log, RefusesSettingsThatAreNone) {
  LogSettings settings;
  settings.level = "loud";
  EXPECT_EQ(configure(settings).error().param, "log.level");
  settings = LogSettings();
  settings.format = "xml";
  EXPECT_EQ(configure(settings).error().param, "log.format");
}

}  // namespace
}  // namespace purser::log
