// What a reply says once its signs, bullets and gaps are read as words.
#include "validation/rules/reply_reading.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace purser::rules {
namespace {

void expect_read(const std::vector<std::pair<const char*, const char*>>& cases) {
  for (const auto& [text, read] : cases) EXPECT_EQ(as_read(text), read) << text;
}

TEST(ReplyReadingTest, TicksAndCrossesAreWordsOfTheLinesLanguage) {
  expect_read({
      {"order ✅", "order  successful "},
      {"order ❌ today", "order  failed  today"},
      {"✅ order", " successful  order"},
      {"订单 ✅", "订单成功"},
      {"订单❌", "订单失败"},
      {"退 ✅", "退成功"},
      {"〇✅", "〇成功"},
      {"tea 茶 ✅", "tea 茶成功"},
      {"a✅b", "a successful b"},
  });
}

TEST(ReplyReadingTest, WhatSaysSomethingOfANameIsAColon) {
  expect_read({
      {"order — paid", "order :  paid"},
      {"order—paid", "order: paid"},
      {"order=paid", "order: paid"},
      {"order=>paid", "order: paid"},
      {"order->paid", "order: paid"},
      {"order|paid", "order: paid"},
      {"order | paid", "order :  paid"},
      {"order - paid", "order: paid"},
      {"pre-paid order", "pre-paid order"},
      {"order —", "order : "},
      {"5–10 minutes", "5-10 minutes"},
      {"5–ten minutes", "5: ten minutes"},
      {"five–10 minutes", "five: 10 minutes"},
      {"5 —", "5 : "},
      {"5—", "5: "},
  });
}

TEST(ReplyReadingTest, BulletsAndFramesAreNoWords) {
  expect_read({
      {"• tea", "tea"},
      {"- tea", "tea"},
      {"-5 yuan", "-5 yuan"},
      {"| tea |", "tea"},
      {"> tea\n> cup", "tea\ncup"},
      {"tea", "tea"},
      {"tea\n\ncup\n", "tea\n\ncup\n"},
      {"", ""},
  });
}

TEST(ReplyReadingTest, GapsBetweenChineseCharactersAreClosed) {
  expect_read({
      {"支 付 成 功", "支付成功"},
      {"支  付 成功", "支付成功"},
      {"the order 已 支付 now", "the order 已支付 now"},
      {"您的 order is paid", "您的 order is paid"},
      {"the order is paid", "the order is paid"},
  });
}

TEST(ReplyReadingTest, FormalNumeralsArePlainOnes) {
  EXPECT_EQ(plain_numerals("叁佰伍拾圆"), "三百五十元");
  EXPECT_EQ(plain_numerals("壹萬億"), "一万亿");
  EXPECT_EQ(plain_numerals("three hundred"), "three hundred");
}

TEST(ReplyReadingTest, EachCharacterIsReadAsItStands) {
  for (const auto& [text, read] : std::vector<std::pair<const char*, const char*>>{
           {"订单a✅", "订单a成功"},
           {"龘 ✅ ok", "龘成功 ok"},
           {"a b 已 付", "a b 已付"},
           {"  已 付", "已付"},
           {"已经已经付", "已已付"},
           {"茶", "茶"},
           {"a = b", "a :  b"},
           {"\xEA\xB0\x80✅", "\xEA\xB0\x80 successful "},
       })
    EXPECT_EQ(as_read(text), read) << text;
  EXPECT_EQ(plain_numerals("壹 a"), "一 a");
  EXPECT_EQ(plain_numerals("茶"), "茶");
}

}  // namespace
}  // namespace purser::rules
