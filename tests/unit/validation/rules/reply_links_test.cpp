// Links at their limits: what is just one, and what is none.
#include "validation/rules/reply_links.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

void expect_left(const std::vector<std::pair<const char*, const char*>>& cases) {
  for (const auto& [text, left] : cases) EXPECT_EQ(without_links(text), left) << text;
}

TEST(ReplyLinksLimitsTest, AnAddressHasFourNumbersOfUpToThreeDigits) {
  expect_left({
      {"1.2.3.4", ""},
      {"255.255.255.255", ""},
      {"1.2.3", "1.2.3"},
      {"1.2.3.4.5", "1.2.3.4.5"},
      {"1234.1.1.1", "1234.1.1.1"},
      {"1.1.1.1234", "1.1.1.1234"},
      {"1..2.3", "1..2.3"},
      {"1.2.3.x", "1.2.3.x"},
      {"tea.cup.pot.5", "tea.cup.pot.5"},
      {"1a.2b.3c.4d", "1a.2b.3c.4d"},
      {"tea.cup.pot.lid", "tea.cup.pot.lid"},
  });
}

TEST(ReplyLinksLimitsTest, AHostIsKnownByItsLastLabel) {
  expect_left({
      {"evil.cn", ""},
      {"EVIL.COM", ""},
      {"evil.nothost", "evil.nothost"},
      {"www.nothost", ""},
      {"www", "www"},
      {"www.", "www."},
      {"x-www.nothost", "x-www.nothost"},
      {"a。com", ""},
      {"tea-。com", "tea-。com"},
      {"com", "com"},
      {"a.xn--p1ai", ""},
      {"a.xn-p1ai", "a.xn-p1ai"},
      {"tea.it", ""},
      {"tea.It", "tea.It"},
      {"evil.pay", ""},
      {"evil.PAY now", " now"},
      {"evil.one, evil.in, evil.is", ", , "},
      {"EVIL.COM", ""},
      {"tea.it/x", ""},
      {"tea.c/x", "tea.c/x"},
      {"tea.c0m/x", "tea.c0m/x"},
      {"tea.com.", "."},
      {"tea.com..", ".."},
      {"my-tea.com", ""},
      {"tea。com", ""},
      {"tea｡com", ""},
      {"。com", "。com"},
      {"tea。", "tea。"},
      {"tea。 com", "tea。 com"},
      {"！。com", "！。com"},
  });
}

TEST(ReplyLinksLimitsTest, AHostMayBeWrittenInAnyScript) {
  expect_left({
      {"付款.中国", ""},
      {"请到付款.中国，谢谢", "，谢谢"},
      {"请用 支付.网络 付款", "请用  付款"},
      {"evil.中国", ""},
      {"我的店.com", ""},
      {"请访问evil.com付款", "请访问付款"},
      {"我evil.店.com", "我"},
      {"看\u2000evil.com", "看\u2000"},
      {"evil店.com/a", ""},
      {"evil.рф", ""},
      {"пример.рф/x", ""},
      {"evil.cоm", ""},
      {"evil.cоm付款", "付款"},
      {"evil.pay/x", ""},
      {"evil.luxury", ""},
      {"evil.bet now", " now"},
      {"付款.中国茶", "付款.中国茶"},
      {"好的.请付款", "好的.请付款"},
      {"龙井茶.绿茶.红茶", "龙井茶.绿茶.红茶"},
      {"“付款”.com", "“付款”.com"},
      {"价格：88.00元", "价格：88.00元"},
      {"Thanks.Here you are", "Thanks.Here you are"},
  });
}

TEST(ReplyLinksLimitsTest, AHostMayBeWrittenAround) {
  expect_left({
      {"**evil**.com", "**"},
      {"ev**il.c**om", ""},
      {"`evil`.com", "`"},
      {"_evil_.com", "_"},
      {"evil&#46;com", ""},
      {"evil&#x2E;com", ""},
      {"evil[.]com", ""},
      {"evil%2Ecom", ""},
      {"evil․com", ""},
      {"evil(.)com/x", ""},
      {"evil dot com", ""},
      {"evil点com", ""},
      {"localhost:8080", ""},
      {"shop.localhost", ""},
      {"localhost", "localhost"},
      {"8点半，10点am", "8点半，10点am"},
      {"a dot here", "a dot here"},
      {"5*3.5", "5*3.5"},
  });
}

TEST(ReplyLinksLimitsTest, ALongTextOfAlmostHostsCostsLittleMoreThanItsLength) {
  std::string text;
  for (int i = 0; i < 2'000; ++i) text += "字a字.";
  EXPECT_EQ(without_links(text), text);
  const std::string name(600, 'a');
  EXPECT_EQ(without_links(name + ".com"), name + ".com") << "no host has such a name";
}

TEST(ReplyLinksLimitsTest, APathAPortOrAQueryGoesOnWithALetterOrADigit) {
  expect_left({
      {"tea.pot/a now", " now"},
      {"tea.pot/ now", "tea.pot/ now"},
      {"tea.pot/", "tea.pot/"},
      {"tea.pot?a=1", ""},
      {"tea.pot? now", "tea.pot? now"},
      {"tea.pot#a", ""},
      {"tea.pot#", "tea.pot#"},
      {"tea.pot:80", ""},
      {"tea.pot:8", ""},
      {"tea.pot:80/a now", " now"},
      {"tea.pot:x", "tea.pot:x"},
      {"tea.pot:", "tea.pot:"},
      {"tea.com/", ""},
      {"tea.com:", ":"},
      {"tea.com/\"x", "\"x"},
  });
}

TEST(ReplyLinksLimitsTest, ASchemeIsFollowedByALetterOrADigit) {
  expect_left({
      {"tel:1", ""},
      {"tel: 1", "tel: 1"},
      {"tel:", "tel:"},
      {"TEL:1", ""},
      {"Mailto:a@b", ""},
      {"hotel:1", "hotel:1"},
      {"x-tel:1", "x-"},
      {"te:1", "te:1"},
      {"file:a b", " b"},
      {"intent:a<b", "b"},
      {"sms:1茶", "茶"},
  });
}

TEST(ReplyLinksLimitsTest, SlashesTakeTheSchemeBeforeThem) {
  expect_left({
      {"a+b-c.d://x", ""},
      {"茶a://x", "茶"},
      {"://x", ""},
      {"a://", ""},
      {"a:\\\\x y", " y"},
      {"a：//x", ""},
      {"a:/x", "a:/x"},
      {"(a://x)", "()"},
  });
}

TEST(ReplyLinksLimitsTest, ATagBeginsWithALetterOrAMark) {
  expect_left({
      {"<b>", ""},
      {"</b>", ""},
      {"<!x>", ""},
      {"<?x>", ""},
      {"<1>", "<1>"},
      {"< b>", "< b>"},
      {"a<b", "ab"},
      {"a<", "a<"},
      {"a<茶>", "a<茶>"},
  });
}

TEST(ReplyLinksLimitsTest, AMarkOfALinkHasBothItsParts) {
  expect_left({
      {"[a](b)", "a"},
      {"![a](b)", "a"},
      {"!(a)", "!(a)"},
      {"[a] (b)", "[a] (b)"},
      {"[a](b", "[a](b"},
      {"[a", "[a"},
      {"[](b)", ""},
      {"x[a](b)y", "xay"},
      {"[a]()", "a"},
  });
}

TEST(ReplyLinksLimitsTest, AWordIsLookedAtFromItsBeginning) {
  expect_left({
      {"a.b.evil.com", ""},
      {"a_evil.com", "a_"},
      {"tea-evil.nothost evil.com", "tea-evil.nothost "},
      {"evil.com,evil.cn", ","},
      {"evil.com evil.cn", " "},
      {"-evil.com", "-"},
      {"1.2.3 evil.com", "1.2.3 "},
  });
}

// Each pass makes the next link; past the last pass nothing is left that one could be made of.
TEST(ReplyLinksLimitsTest, WhatIsLeftAfterTheLastPassHasNoMarks) {
  std::string nested = "x";
  for (int i = 0; i < 12; ++i) nested = "<<b>" + nested;
  const std::string left = without_links(nested);
  for (const char mark : std::string_view("<>[]().")) EXPECT_EQ(left.find(mark), std::string::npos) << left;
}

}  // namespace
}  // namespace purser::rules
