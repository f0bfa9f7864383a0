#include "agent/app/transcript.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <sstream>

namespace purser {
namespace {

using nlohmann::json;

std::string printed(const json& card, const std::string& locale) {
  std::ostringstream out;
  Transcript transcript(out, false, locale);
  transcript.reply({{"text", "Hello."}, {"cards", {card}}}, std::chrono::milliseconds(7));
  return out.str();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

const json kRequest = {{"type", "payment_request"},
                       {"sandbox", true},
                       {"amount", {{"value", 22100}, {"currency", "CNY"}}},
                       {"lines",
                        {{{"sku", "a"}, {"name", "西湖龙井 100克"}, {"quantity", 2}, {"unit_price", 8800}},
                         {{"sku", "b"}, {"name", "Celadon tea cup"}, {"quantity", 1}, {"unit_price", 4500}}}},
                       {"expires_at", "2026-01-05T10:05:00.250Z"},
                       {"confirmation", {{"type", "qr"}, {"code_url", "weixin://wxpay/bizpayurl?pr=x"}}}};

TEST(Transcript, ANameIsNoLinkAndNoMarkup) {
  json card = kRequest;
  card["lines"][0]["name"] = "tea ![x](http://evil.example/a.png)<b>100 g</b> [paid](https://evil.example)";
  const json goods = {{"type", "catalogue"},
                      {"items", {{{"name", "[cup](https://evil.example) <script>x"}, {"price_text", "¥2.00"}}}}};
  const std::string shown = printed(card, "en") + printed(goods, "en");
  EXPECT_NE(shown.find("2 × tea x100 g paid"), std::string::npos) << shown;
  EXPECT_NE(shown.find("cup"), std::string::npos) << shown;
  for (const char* live : {"evil", "](", "<b>", "<script"}) EXPECT_EQ(shown.find(live), std::string::npos) << shown;
}

TEST(Transcript, WideCharactersTakeTwoColumns) {
  EXPECT_EQ(display_width("tea"), 3u);
  EXPECT_EQ(display_width("龙井"), 4u);
  EXPECT_EQ(display_width("（¥88.00）"), 10u);
  EXPECT_EQ(display_width("🍵"), 2u);
}

TEST(Transcript, ACardShowsEachLineItsSumTheTotalAndTheTimeLeft) {
  const std::string text = printed(kRequest, "en");
  EXPECT_NE(text.find("Hello.  7 ms"), std::string::npos) << text;
  EXPECT_NE(text.find("to pay (sandbox)"), std::string::npos) << text;
  EXPECT_NE(text.find("2 × 西湖龙井 100克    ¥176.00"), std::string::npos) << text;
  EXPECT_NE(text.find("1 × Celadon tea cup    ¥45.00"), std::string::npos) << text;
  EXPECT_NE(text.find("total                 ¥221.00"), std::string::npos) << text;
  EXPECT_NE(text.find("pay before 10:05:00 UTC"), std::string::npos) << text;
  EXPECT_NE(text.find("weixin://wxpay/bizpayurl?pr=x"), std::string::npos) << text;
}

TEST(Transcript, TheSidesOfABoxStandBelowEachOther) {
  for (const char* locale : {"en", "zh"}) {
    const auto lines = lines_of(printed(kRequest, locale));
    for (std::size_t i = 1; i < lines.size(); ++i)
      EXPECT_EQ(display_width(lines[i]), display_width(lines[1])) << lines[i];
  }
}

TEST(Transcript, ARefundSaysInWordsHowFarItIs) {
  json card = {{"type", "refund_receipt"},
               {"amount", {{"value", 8800}, {"currency", "CNY"}}},
               {"state", "processing"},
               {"reason", "torn"}};
  EXPECT_NE(printed(card, "en").find("on its way   ¥88.00"), std::string::npos);
  EXPECT_NE(printed(card, "zh").find("处理中   ¥88.00"), std::string::npos);
  card["state"] = "succeeded";
  EXPECT_NE(printed(card, "en").find("done   ¥88.00"), std::string::npos);
  card["state"] = "abnormal";
  EXPECT_NE(printed(card, "en").find("by a person"), std::string::npos);
  EXPECT_NE(printed(card, "en").find("reason: torn"), std::string::npos);
}

TEST(Transcript, ALineWhoseSumDoesNotFitIsShownWithoutOne) {
  json card = kRequest;
  card["lines"][0]["unit_price"] = std::numeric_limits<std::int64_t>::max();
  EXPECT_NE(printed(card, "en").find("2 × 西湖龙井 100克"), std::string::npos);
}

}  // namespace
}  // namespace purser
