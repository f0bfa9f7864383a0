// Who moved money where: how far the words of such a sentence may stand from each other, and what turns them.
#include "validation/rules/reply_grammar.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

// A letter for each thing that is said: paid, refunded, refund started, all of it, nothing due.
std::string said(std::string_view text, bool figures) {
  const MoneyMoves moves = money_moves(Statement{ascii::lower(text), words_of(ascii::lower(text))}, figures);
  return std::string(moves.paid ? "p" : "") + (moves.refunded ? "r" : "") + (moves.refund_started ? "s" : "") +
         (moves.all_of_it ? "a" : "") + (moves.nothing_due ? "d" : "");
}

using Cases = std::vector<std::pair<const char*, const char*>>;

void expect_said(const Cases& cases, bool figures = true) {
  for (const auto& [text, expected] : cases) EXPECT_EQ(said(text, figures), expected) << text;
}

TEST(ReplyGrammarTest, TheShopTookIt) {
  expect_said({
      {"we took 4", "p"},
      {"i received 4", "p"},
      {"we then took 4", "p"},
      {"we then there took 4", ""},
      {"we took tea tea tea 4", "p"},
      {"we took tea tea tea tea 4", ""},
      {"we 4 took tea", ""},
      {"we took", ""},
      {"they took 4", ""},
      {"we never took 4", ""},
      {"we took 4 back", ""},
      {"we have your amount", "p"},
      {"we have your 4", "p"},
      {"we have your tea", ""},
      {"we have your", ""},
      {"we have the amount", ""},
      {"they have your amount", ""},
      {"if we have your amount", ""},
      {"we own your amount", ""},
      {"we took the card 4", "p"},
      {"we took payment details", ""},
      {"we took a transfer link", ""},
      {"we took tea", ""},
  });
  expect_said({{"we took 4", ""}, {"we took 4 yuan", "p"}, {"we took yuan", "p"}}, false);
}

TEST(ReplyGrammarTest, TheCustomerGaveIt) {
  expect_said({
      {"you transferred 4", "p"},
      {"you've sent 4", "p"},
      {"you have sent 4", "p"},
      {"you have then sent 4", ""},
      {"you sent tea tea tea tea 4", "p"},
      {"you sent tea tea tea tea tea 4", ""},
      {"you 4 sent tea", ""},
      {"they sent 4", ""},
      {"you never sent 4", ""},
      {"you will send 4", ""},
  });
}

TEST(ReplyGrammarTest, ItIsWithTheShop) {
  expect_said({
      {"4 is with us", "p"},
      {"4 tea tea tea with us", "p"},
      {"4 tea tea tea tea with us", ""},
      {"4 with the us", ""},
      {"4 in our books", "p"},
      {"4 is not with us", ""},
      {"tea with us", ""},
      {"the amount is in", "p"},
      {"the sum are in", "p"},
      {"the amount is in tea", ""},
      {"the tea is in", ""},
      {"the amount was in", ""},
      {"the amount is", ""},
      {"if the amount is in", ""},
  });
}

TEST(ReplyGrammarTest, ItLeftThePurse) {
  expect_said({
      {"4 left your wallet", "p"},
      {"4 taken from your tea wallet", "p"},
      {"4 taken from your tea tea wallet", ""},
      {"4 tea tea tea tea tea left your wallet", "p"},
      {"4 tea tea tea tea tea tea left your wallet", ""},
      {"4 left your tea", ""},
      {"4 never left your wallet", ""},
      {"tea left your wallet", ""},
      {"4 in your wallet", ""},
  });
}

TEST(ReplyGrammarTest, TheBooksSayIt) {
  expect_said({
      {"tea shows as paid", "p"},
      {"tea is marked as settled", "p"},
      {"as paid it shows", "p"},
      {"tea shows as tea", ""},
      {"tea as paid", ""},
      {"tea shows paid", ""},
      {"tea shows not as paid", ""},
      {"the bill is settled", "p"},
      {"everything was settled", "pa"},
      {"tea is settled", ""},
      {"settled the tab", ""},
      {"the bill is not settled", ""},
      {"the bill you settled", "p"},
      {"we confirm receipt of 4", "p"},
      {"we confirm receipt of tea tea tea 4", "p"},
      {"we confirm receipt of tea tea tea tea 4", ""},
      {"we confirm receipt of tea", ""},
      {"receipt of 4 we confirm", "p"},
      {"receipt of 4", ""},
      {"we confirm receipt tea 4", ""},
      {"we confirm 4 receipt of tea", ""},
      {"we cannot confirm receipt of 4", ""},
  });
}

TEST(ReplyGrammarTest, ItArrivedOnOneSide) {
  expect_said({
      {"4 reached us", "p"},
      {"4 reached tea us", "p"},
      {"4 reached tea tea us", ""},
      {"4 reached you", "r"},
      {"4 reached tea you", "r"},
      {"4 reached tea tea you", ""},
      {"4 tea tea tea tea tea reached us", "p"},
      {"4 tea tea tea tea tea tea reached us", ""},
      {"4 reached tea", ""},
      {"tea reached us", ""},
      {"4 never reached us", ""},
      {"4 never reached you", ""},
      {"4 reached us and you", "p"},
  });
}

TEST(ReplyGrammarTest, TheShopGaveItBack) {
  expect_said({
      {"4 is back in your tin", "r"},
      {"sums are back with you 4 are back with you", "r"},
      {"4 is back in the your tin", ""},
      {"tea is back in your tin", ""},
      {"tea is back with you 4", ""},
      {"4 was back in your tin", ""},
      {"back in your tin 4", ""},
      {"4 is never back with you", ""},
      {"4 you said is back with you", ""},
      {"4 may is back with you", ""},
      {"4 is back", ""},
      {"we sent 4 back", "r"},
      {"sent 4 back", "r"},
      {"4 sent tea tea tea tea tea back", "r"},
      {"4 sent tea tea tea tea tea tea back", ""},
      {"we sent 4", ""},
      {"we sent tea back", ""},
      {"we never sent 4 back", ""},
      {"we returned 4 to your wallet", "r"},
      {"we returned 4 tea tea tea tea wallet", "r"},
      {"we returned 4 tea tea tea tea tea wallet", ""},
      {"we returned tea to your wallet", ""},
      {"we moved 4 to your wallet", ""},
      {"wallet was credited 4", "r"},
      {"balance been credited with 4", "r"},
      {"wallet is credited 4", ""},
      {"tin was credited 4", ""},
      {"wallet was credited tea", ""},
      {"4 wallet was credited", ""},
      {"was credited 4", ""},
      {"credited 4", ""},
  });
}

TEST(ReplyGrammarTest, TheCustomerGotItBack) {
  expect_said({
      {"you got 4 back", "r"},
      {"you've got 4 back", "r"},
      {"you have got 4 back", "r"},
      {"you tea tea got 4 back", ""},
      {"you got 4 tea tea tea back", "r"},
      {"you got 4 tea tea tea tea back", ""},
      {"you got tea back", ""},
      {"4 you got tea back", ""},
      {"you got back 4", "r"},
      {"you back got 4", ""},
      {"you got 4", ""},
      {"they got 4 back", ""},
      {"you never got 4 back", ""},
      {"you want 4 back", ""},
  });
}

TEST(ReplyGrammarTest, ItWasReversed) {
  expect_said({
      {"we reversed it", "r"},
      {"we have reversed it", "r"},
      {"shop reversed it", "r"},
      {"shop then reversed it", "r"},
      {"we tea tea reversed it", ""},
      {"they reversed it", ""},
      {"reversed it", ""},
      {"it was reversed", "r"},
      {"it is refunded", "r"},
      {"tea was reversed", ""},
      {"we reversed tea", ""},
      {"we returned it", ""},
      {"we never reversed it", ""},
      {"we may refunded it", ""},
      {"it was never reversed", ""},
  });
}

TEST(ReplyGrammarTest, ItIsGoingBack) {
  expect_said({
      {"4 is on its way back", "s"},
      {"on its way back 4", "s"},
      {"4 is on its way", ""},
      {"tea is on its way back", ""},
      {"4 is coming back", "s"},
      {"4 heading back", "s"},
      {"4 going back", "s"},
      {"4 coming tea", ""},
      {"4 is being refunded", "s"},
      {"4 is being", ""},
      {"4 is being tea", ""},
      {"if 4 is coming back", ""},
      {"tea is being reversed 4", "s"},
  });
}

TEST(ReplyGrammarTest, AllOfIt) {
  expect_said({
      {"4 is going back in full", "sa"},
      {"everything", "a"},
      {"all the tea", "a"},
      {"every cent", "a"},
      {"half of it", ""},
      {"100%", "a"},
  });
}

TEST(ReplyGrammarTest, NothingIsDue) {
  expect_said({
      {"nothing left to pay", "d"},
      {"nothing tea left to pay", "d"},
      {"nothing tea tea left to pay", ""},
      {"no further tea tea tea payment", "d"},
      {"no further tea tea tea tea payment", ""},
      {"no further tea", ""},
      {"left to pay", ""},
      {"nothing to pay", ""},
      {"you do not owe", "d"},
      {"you no longer owe", "d"},
      {"you owe", ""},
      {"owe", ""},
      {"you do not need to pay again", "d"},
      {"no need to pay again", "d"},
      {"not need tea pay any", "d"},
      {"not need tea tea pay any", ""},
      {"no need to pay", ""},
      {"you need to pay again", ""},
      {"need to pay again", ""},
      {"no need to pay anything else", ""},
      {"no need to drink again", ""},
      {"balance due ¥0.00", "d"},
      {"balance due 0.00", "d"},
      {"balance due 10.00", ""},
      {"tea ¥0.00", ""},
      {"due tea", ""},
      {"balance due ¥10.00 and cny0.00", ""},
  });
}

TEST(ReplyGrammarTest, SomethingOfMoneyIsOver) {
  expect_said({
      {"payment ok", "p"},
      {"the deposit went fine", "p"},
      {"ok payment", "p"},
      {"payment", ""},
      {"tea ok", ""},
      {"payment link ok", ""},
      {"deposit not ok", ""},
      {"deposit ok please", ""},
      {"deposit before ok", ""},
      {"refund ok", "s"},
      {"the refund went fine", "s"},
      {"refund and payment ok", "s"},
      {"payment refunded ok", ""},
      {"if deposit ok", ""},
  });
}

TEST(ReplyGrammarTest, ChinesePayments) {
  expect_said({
      {"款收到", "p"},
      {"款茶茶茶茶茶茶茶茶收到", "p"},
      {"款茶茶茶茶茶茶茶茶茶收到", ""},
      {"茶收到", ""},
      {"款没收到", ""},
      {"款茶茶未收到", ""},
      {"款收到请查收", "p"},
      {"款会收到", ""},
      {"会员款收到", "p"},
      {"如果款收到", ""},
      {"款收到后", ""},
      {"元茶茶茶茶茶茶茶茶茶元收到", "p"},
      {"返的款收到", ""},
      {"茶被扣款", "p"},
      {"会被扣款", ""},
      {"被扣款后", ""},
      {"没被扣款", ""},
      {"退茶被扣款", ""},
  });
}

TEST(ReplyGrammarTest, ChineseRefunds) {
  expect_said({
      {"款退给茶", "r"},
      {"款茶茶茶茶茶茶茶茶茶茶退给茶", "r"},
      {"款茶茶茶茶茶茶茶茶茶茶茶退给茶", ""},
      {"款没退给茶", ""},
      {"茶退给茶", ""},
      {"退款茶茶茶茶到你的", "r"},
      {"退款茶茶茶茶茶到你的", ""},
      {"退款处理到你的", ""},
      {"茶退好了", "r"},
      {"没退好了", ""},
      {"会退好了", ""},
      {"退茶在路上", "s"},
      {"茶在路上", ""},
      {"返茶在路上", "s"},
      {"退茶会在路上", ""},
      {"退茶没在路上", ""},
      {"全额", "a"},
      {"茶全都在", "a"},
      {"不欠茶", "d"},
      {"欠茶", ""},
  });
}

TEST(ReplyGrammarTest, WhatTurnsTheLastWordTurnsAll) {
  expect_said({{"the deposit is done", "p"}, {"the deposit is done not", ""}, {"never the deposit is done", ""}});
}

TEST(ReplyGrammarTest, SomethingOfMoneyIsOverInChinese) {
  expect_said({
      {"付妥", "p"},
      {"茶妥", ""},
      {"付茶", ""},
      {"请放心付妥", "p"},
      {"请付妥", ""},
      {"没问题付妥", "p"},
      {"没付妥", ""},
      {"付妥链接", ""},
      {"退钱妥", "s"},
      {"返钱妥", "s"},
  });
}

TEST(ReplyGrammarTest, EnglishWithinChineseIsReadFromTwoWords) {
  expect_said({
      {"payment ok 茶", "p"},
      {"payment 茶 ok", "p"},
      {"full 茶", ""},
      {"in full 茶", "a"},
  });
}

}  // namespace
}  // namespace purser::rules
