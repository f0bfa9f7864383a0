// Which times a sentence about paying states: every way of writing them, and what is near one and is none.
#include "validation/rules/reply_times.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace purser::rules {
namespace {

using Minutes = std::vector<std::int64_t>;

TEST(ReplyTimesTest, MinutesAreReadHoweverTheyAreWritten) {
  const std::pair<const char*, Minutes> cases[] = {
      {"5 minutes to pay", {5}},
      {"pay within 5 minutes", {5}},
      {"pay within 5minutes", {5}},
      {"pay within 15 min please", {15}},
      {"a 15-minute window to pay", {15}},
      {"pay in 10 minutes, or in 7 minutes", {10, 7}},
      {"0 minutes left to pay", {0}},
      {"999999 minutes to pay", {999'999}},
      {"1000001 minutes to pay", {1'000'000}},
      {"99999999999999999999 minutes to pay", {1'000'000}},
      {"one minute to pay", {1}},
      {"pay within two minutes", {2}},
      {"pay within nine minutes", {9}},
      {"pay within ten minutes", {10}},
      {"pay within fifteen minutes", {15}},
      {"pay within sixteen minutes", {16}},
      {"pay within twenty minutes", {20}},
      {"pay within twenty-five minutes", {25}},
      {"pay within thirty minutes", {30}},
      {"pay within thirty five minutes", {35}},
      {"pay within a few minutes", {}},
      {"pay this minute", {}},
      {"pay in a minute", {}},
      {"请在5分钟内支付", {5}},
      {"请在 5 分钟内支付", {5}},
      {"五分钟内支付", {5}},
      {"请在零分钟内支付", {0}},
      {"请在一分钟内支付", {1}},
      {"请在两分钟内支付", {2}},
      {"请在九分钟内支付", {9}},
      {"十分钟内支付", {10}},
      {"请在十分钟内支付", {10}},
      {"请在十五分钟内支付", {15}},
      {"请在二十分钟内支付", {20}},
      {"请在二十五分钟内支付", {25}},
      {"九十九分钟内支付", {99}},
      {"两三分钟内支付", {}},
      {"几分钟内支付", {}},
  };
  for (const auto& [text, minutes] : cases) {
    EXPECT_EQ(stated_times(text).minutes, minutes) << text;
    EXPECT_TRUE(stated_times(text).minutes_of_day.empty()) << text;
  }
}

TEST(ReplyTimesTest, HoursCountUnlessARefundIsSpokenOf) {
  const std::pair<const char*, Minutes> cases[] = {
      {"pay within 2 hours", {120}}, {"pay within one hour", {60}},
      {"请在两小时内支付", {120}},   {"请在两个小时内支付", {120}},
      {"请在24小时内支付", {1'440}}, {"the refund takes 24 hours", {}},
      {"退款将在24小时内到账", {}},  {"the refund takes 30 minutes", {30}},
      {"退款30分钟内到账", {30}},    {"we open again in 2 hours", {}},
      {"5 minutes on foot", {}},     {"步行五分钟", {}},
  };
  for (const auto& [text, minutes] : cases) EXPECT_EQ(stated_times(text).minutes, minutes) << text;
}

TEST(ReplyTimesTest, SecondsAreCountedByThemselves) {
  const std::pair<const char*, Minutes> cases[] = {
      {"600 seconds to pay", {600}}, {"pay within 30 secs", {30}}, {"pay within 2 seconds", {2}},
      {"pay within 0 seconds", {0}}, {"one second, then pay", {}}, {"pay in a second", {}},
      {"请在300秒内支付", {300}},    {"三十秒内支付", {30}},       {"一秒内支付", {}},
      {"wait 30 seconds", {}},
  };
  for (const auto& [text, seconds] : cases) {
    EXPECT_EQ(stated_times(text).seconds, seconds) << text;
    EXPECT_TRUE(stated_times(text).minutes.empty()) << text;
  }
}

TEST(ReplyTimesTest, PartsAndArticlesCountForHoursAndDays) {
  const std::pair<const char*, Minutes> cases[] = {
      {"an hour to pay", {60}},
      {"pay within an hour", {60}},
      {"hour to pay", {}},
      {"the hour to pay", {}},
      {"pay within half an hour", {30}},
      {"half an hour to pay", {30}},
      {"half hour to pay", {30}},
      {"a half-hour to pay", {30}},
      {"a quarter of an hour to pay", {15}},
      {"a quarter hour to pay", {15}},
      {"half a minute to pay", {0}},
      {"半小时内支付", {30}},
      {"半个小时内支付", {30}},
      {"半分钟内支付", {0}},
      {"一刻钟内支付", {15}},
      {"a day to pay", {1'440}},
      {"pay within a day", {1'440}},
      {"two days to pay", {2'880}},
      {"2 days to pay", {2'880}},
      {"day to pay", {}},
      {"请在三天内支付", {4'320}},
      {"pay within 2 days, we ship in 3 days", {2'880}},
      {"we ship in 3 days, pay within 2 days", {2'880}},
      {"we ship 2 days after you pay", {}},
      {"the tea is good for 2 days, and you can pay", {}},
      {"the order opens in 2 days", {}},
      {"pay until tomorrow", {1'440}},
      {"今天内支付", {1'440}},
      {"今天内发货，请支付", {}},
      {"the order is yours until tomorrow", {}},
  };
  for (const auto& [text, minutes] : cases) EXPECT_EQ(stated_times(text).minutes, minutes) << text;
}

TEST(ReplyTimesTest, TimesOfDayAreReadInTwelveAndTwentyFourHours) {
  const std::pair<const char*, Minutes> cases[] = {
      {"paid at 14:05", {845}},
      {"pay by 9:05.", {545}},
      {"paid at 0:00", {0}},
      {"paid at 23:59", {1'439}},
      {"paid at 24:00", {1'440}},
      {"paid at 25:00", {}},
      {"paid at 14:60", {}},
      {"not paid at 25:00 or 14:60 but at 14:05", {845}},
      {"paid at 14:59", {899}},
      {"paid at 14:0", {}},
      {"paid at 14:x5", {}},
      {"paid at 14:5x", {}},
      {"paid at x:05", {}},
      {":05 paid", {}},
      {"9:05 paid", {545}},
      {"paid at 14:5 by card", {}},
      {"pay: before 14:05", {845}},
      {"paid 2:5 of it at 14:05", {845}},
      {"paid 1:75 of it at 14:05", {845}},
      {"：05 支付", {}},
      {"2:05 pm, paid", {845}},
      {"paid at 2:05pm", {845}},
      {"paid at 2:05 PM", {845}},
      {"paid at 12:05 pm", {725}},
      {"paid at 11:59 pm", {1'439}},
      {"paid at 2:05, shipped in pm", {125}},
      {"paid at 2:05 am", {125}},
      {"已于14：05支付", {845}},
      {"下午2:05支付", {845}},
      {"已于下午2:05支付", {845}},
      {"已于下午12:05支付", {725}},
      {"已于晚上8:30支付", {1'230}},
      {"已于晚上 11:59 支付", {1'439}},
      {"下午我们发货，已于8:30支付", {510}},
      {"paid at 14:01, expires at 14:05", {841, 845}},
      {"we close at 18:00", {}},
  };
  for (const auto& [text, minutes] : cases) {
    EXPECT_EQ(stated_times(text).minutes_of_day, minutes) << text;
    EXPECT_TRUE(stated_times(text).minutes.empty()) << text;
  }
}

}  // namespace
}  // namespace purser::rules
