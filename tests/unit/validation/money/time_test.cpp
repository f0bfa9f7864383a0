#include "validation/money/time.hpp"

#include <gtest/gtest.h>

#include <random>

namespace purser {
namespace {

constexpr std::int64_t k2026 = 1'767'607'200'000;  // 2026-01-05T10:00:00Z

std::int64_t read(std::string_view text) {
  return to_millis(parse_time(text).value());
}

TEST(TimeTest, Formats) {
  EXPECT_EQ(format_time(from_millis(k2026)), "2026-01-05T10:00:00Z");
  EXPECT_EQ(format_time(from_millis(k2026 + 7)), "2026-01-05T10:00:00.007Z");
  EXPECT_EQ(format_time(from_millis(0)), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_time(from_millis(-1)), "1969-12-31T23:59:59.999Z");
}

TEST(TimeTest, FormatsOnTheClockOfChina) {
  EXPECT_EQ(format_time_china(from_millis(k2026)), "2026-01-05T18:00:00+08:00");
  EXPECT_EQ(format_time_china(from_millis(k2026 + 999)), "2026-01-05T18:00:00+08:00");
  EXPECT_EQ(format_time_china(from_millis(k2026 + 6 * 3'600'000)), "2026-01-06T00:00:00+08:00");
}

TEST(TimeTest, ReadsEveryForm) {
  EXPECT_EQ(read("2026-01-05T10:00:00Z"), k2026);
  EXPECT_EQ(read("2026-01-05t10:00:00z"), k2026);
  EXPECT_EQ(read("2026-01-05T18:00:00+08:00"), k2026);
  EXPECT_EQ(read("2026-01-05T06:30:00-03:30"), k2026);
  EXPECT_EQ(read("2026-01-05T10:00:00-00:00"), k2026);
  EXPECT_EQ(read("2026-01-06T09:59:00+23:59"), k2026);
  EXPECT_EQ(read("2026-01-05T23:59:59Z"), k2026 + 13 * 3'600'000 + 3'599'000);
  EXPECT_EQ(read("2026-01-05T10:00:00.1Z"), k2026 + 100);
  EXPECT_EQ(read("2026-01-05T10:00:00.007Z"), k2026 + 7);
  EXPECT_EQ(read("2026-01-05T10:00:00.9999999Z"), k2026 + 999);
  EXPECT_EQ(read("2018-06-08T10:34:56+08:00"), 1'528'425'296'000);
}

TEST(TimeTest, KnowsTheCalendar) {
  EXPECT_EQ(read("2024-02-29T00:00:00Z"), 1'709'164'800'000);
  EXPECT_FALSE(parse_time("2026-02-29T00:00:00Z").ok());
  EXPECT_FALSE(parse_time("2100-02-29T00:00:00Z").ok());
  EXPECT_TRUE(parse_time("2000-02-29T00:00:00Z").ok());
  EXPECT_FALSE(parse_time("2026-04-31T00:00:00Z").ok());
  EXPECT_EQ(read("2016-12-31T23:59:60Z"), read("2017-01-01T00:00:00Z"));
}

TEST(TimeTest, RefusesWhatIsNotATime) {
  for (const char* text : {"",
                           "2026",
                           "2026-01-05",
                           "2026-01-05T10:00:00",
                           "2026-01-05 10:00:00Z",
                           "2026-01-05T10:00Z",
                           "2026-13-05T10:00:00Z",
                           "2026-00-05T10:00:00Z",
                           "2026-01-00T10:00:00Z",
                           "2026-01-05T24:00:00Z",
                           "2026-01-05T10:60:00Z",
                           "2026-01-05T10:00:61Z",
                           "2026-01-05T10:00:00.Z",
                           "2026-01-05T10:00:00,5Z",
                           "2026-01-05T10:00:00+0800",
                           "2026-01-05T10:00:00+24:00",
                           "2026-01-05T10:00:00+08:60",
                           "2026-01-05T10:00:00+08",
                           "2026-01-05T10:00:00+08:",
                           "2026-01-05T10:00:00+:00",
                           "2026-01-05T10:00:00ZZ",
                           " 2026-01-05T10:00:00Z",
                           "26-01-05T10:00:00Z",
                           "2026-1-5T10:00:00Z",
                           "-026-01-05T10:00:00Z",
                           "2026-01-05T10:00:00 +08:00"}) {
    const auto parsed = parse_time(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.code(), Errc::malformed_time) << text;
  }
}

TEST(TimePropertyTest, WhatIsWrittenIsReadBack) {
  std::mt19937_64 random(20260105);
  std::uniform_int_distribution<std::int64_t> any(0, 253'402'300'799'999);  // up to the end of the year 9999
  for (int i = 0; i < 20'000; ++i) {
    const auto t = from_millis(any(random));
    ASSERT_EQ(parse_time(format_time(t)).value(), t);
    ASSERT_EQ(parse_time(format_time_china(t)).value(), std::chrono::floor<std::chrono::seconds>(t));
  }
}

TEST(TimeTest, WhatIsNextToADigitIsNone) {
  for (const char* text : {"2026-01-1/T00:00:00Z", "2026-01-0:T00:00:00Z"}) EXPECT_FALSE(parse_time(text).ok()) << text;
}

}  // namespace
}  // namespace purser
