// Sums written out by a second hand are read back: every form, in Chinese and English, alone and within a sentence.
#include "validation/rules/money_figures.hpp"

#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

#include <random>

namespace purser::rules {
namespace {

using samples::fen;

const std::string kDigitsZh[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};

// Below ten thousand, as people say it: 1203 is 一千二百零三, 15 is 十五 at the head of a number.
std::string section_zh(std::int64_t n, bool head) {
  const std::string scales[] = {"千", "百", "十", ""};
  std::string out;
  bool zero = false;
  for (std::int64_t unit = 1'000, i = 0; unit > 0; unit /= 10, ++i) {
    const std::int64_t digit = n / unit % 10;
    if (digit == 0) {
      zero = zero || !out.empty();
      continue;
    }
    if (zero) out += "零";
    zero = false;
    const bool bare_ten = unit == 10 && digit == 1 && out.empty() && head;
    out += (bare_ten ? "" : kDigitsZh[digit]) + scales[i];
  }
  return out;
}

std::string zh(std::int64_t n) {
  if (n == 0) return "零";
  const std::int64_t high = n / 10'000;
  const std::int64_t low = n % 10'000;
  if (high == 0) return section_zh(low, true);
  std::string out = section_zh(high, true) + "万";
  if (low == 0) return out;
  return out + (low < 1'000 ? "零" : "") + section_zh(low, false);
}

std::string en(std::int64_t n) {
  const std::string small[] = {"zero",     "one",     "two",     "three",     "four",     "five",    "six",
                               "seven",    "eight",   "nine",    "ten",       "eleven",   "twelve",  "thirteen",
                               "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
  const std::string tens[] = {"", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"};
  if (n < 20) return small[n];
  if (n < 100) return tens[n / 10] + (n % 10 == 0 ? "" : "-" + small[n % 10]);
  if (n < 1'000) return small[n / 100] + " hundred" + (n % 100 == 0 ? "" : " and " + en(n % 100));
  return en(n / 1'000) + " thousand" +
         (n % 1'000 == 0    ? ""
          : n % 1'000 < 100 ? " and " + en(n % 1'000)
                            : " " + en(n % 1'000));
}

std::string decimal(std::int64_t minor, bool grouped = false) {
  std::string yuan = std::to_string(minor / 100);
  if (grouped)
    for (std::size_t at = yuan.size(); at > 3; at -= 3) yuan.insert(at - 3, ",");
  const std::string rest = std::to_string(minor % 100);
  return yuan + "." + (rest.size() == 1 ? "0" : "") + rest;
}

std::vector<std::string> forms_of(std::int64_t minor) {
  const std::int64_t yuan = minor / 100, jiao = minor / 10 % 10, rest = minor % 10;
  std::vector<std::string> forms = {"¥" + decimal(minor),           "￥" + decimal(minor, true),
                                    "CNY " + decimal(minor),        decimal(minor) + "元",
                                    decimal(minor) + " yuan",       "RMB " + decimal(minor, true),
                                    decimal(minor) + "块钱",        std::to_string(minor) + " fen",
                                    std::to_string(minor) + "分钱", "人民币" + decimal(minor, true)};
  const std::string pieces = (jiao > 0   ? kDigitsZh[jiao] + "角"
                              : rest > 0 ? std::string("零")
                                         : "") +
                             (rest > 0 ? kDigitsZh[rest] + "分" : "");
  if (yuan > 0) forms.push_back(zh(yuan) + "元" + pieces);
  if (yuan > 0 && jiao > 0 && rest == 0) {
    forms.push_back(zh(yuan) + "块" + kDigitsZh[jiao]);
    forms.push_back(std::to_string(yuan) + "块" + kDigitsZh[jiao] + "毛");
    forms.push_back(std::to_string(yuan) + "块" + std::to_string(jiao) + "毛");
    forms.push_back(std::to_string(yuan) + "元" + std::to_string(jiao) + "角");
    forms.push_back(std::to_string(yuan) + "块" + std::to_string(jiao));
  }
  if (yuan > 0 && jiao > 0 && rest > 0) forms.push_back(zh(yuan) + "块" + kDigitsZh[jiao] + "毛" + kDigitsZh[rest]);
  if (minor % 100 == 0) {
    forms.push_back(zh(yuan) + "块钱");
    if (yuan < 1'000'000) forms.push_back(en(yuan) + " yuan");
    forms.push_back(std::to_string(yuan) + " kuai");
  } else if (yuan > 0) {
    if (yuan < 1'000'000) forms.push_back(en(yuan) + " yuan and " + en(minor % 100) + " fen");
    forms.push_back(std::to_string(yuan) + " yuan " + std::to_string(minor % 100) + " fen");
  }
  return forms;
}

TEST(MoneyFiguresPropertyTest, WhatIsWrittenIsReadBack) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 400; ++i) {
    const std::int64_t most[] = {100, 2'000, 100'000, 5'000'000, 900'000'000};
    std::int64_t minor = 1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most[i % 5]));
    if (i % 7 == 0) minor = (minor / 100 + 1) * 100;
    if (i % 11 == 0) minor = (minor / 10 + 1) * 10;
    for (const std::string& form : forms_of(minor)) {
      EXPECT_EQ(money_figures(form), std::vector<Money>{fen(minor)}) << form;
      EXPECT_EQ(money_figures("一共" + form + "，谢谢"), std::vector<Money>{fen(minor)}) << form;
      EXPECT_EQ(money_figures("that is " + form + ", please"), std::vector<Money>{fen(minor)}) << form;
    }
  }
}

}  // namespace
}  // namespace purser::rules
