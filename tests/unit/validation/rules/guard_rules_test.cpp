// The rules that stand between a model and what it may not decide, one by one.
#include "tests/support/samples.hpp"
#include "validation/domain/approval.hpp"
#include "validation/rules/catalogue_age.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/one_active_payment.hpp"
#include "validation/rules/personal_data.hpp"
#include "validation/rules/provenance.hpp"
#include "validation/rules/refund_history.hpp"
#include "validation/rules/refund_limits.hpp"
#include "validation/rules/refund_lines.hpp"
#include "validation/rules/renewed_price.hpp"
#include "validation/rules/sensitive_words.hpp"

#include <gtest/gtest.h>

namespace purser::rules {
namespace {

using nlohmann::json;
using samples::fen;
using samples::paid;
using samples::sku;

TEST(PersonalDataTest, CardsIdentitiesAndPhonesAreMasked) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"card 4111111111111111.", "card ****1111."},
      {"4111 1111 1111 1111", "****1111"},
      {"卡号6222-0200-0000-0000-003行吗", "卡号6222-0200-0000-0000-003行吗"},
      {"5500-0000-0000-0004", "****0004"},
      {"378282246310005", "****0005"},
      {"电话13812345678。", "电话138****5678。"},
      {"+86 138 1234 5678", "+138****5678"},
      {"138-1234-5678", "138****5678"},
      {"身份证11010519491231002X", "身份证******************"},
      {"11010519491231002x,", "******************,"},
      {"110105194912310021", "110105194912310021"},
  };
  for (const auto& [text, masked] : cases) EXPECT_EQ(mask_personal_data(text).text, masked) << text;
  EXPECT_EQ(mask_personal_data("13812345678 and 4111111111111111").total(), 2U);
}

TEST(PersonalDataTest, WhatIsNoNumberOfAPersonStays) {
  for (const char* text : {"2 cups for ¥1,299.00", "order pi_4111111111111111abcd", "4111111111111112",
                           "0000000000000000", "12345678901", "total_fen 39800", "2026-01-05T10:00:00Z"}) {
    EXPECT_EQ(mask_personal_data(text).text, text);
    EXPECT_EQ(mask_personal_data(text).total(), 0U) << text;
  }
  EXPECT_EQ(mask_cards("13812345678").text, "13812345678") << "phones are kept, cards are not";
  EXPECT_EQ(mask_cards("4111111111111111").cards, 1U);
}

TEST(MoneyFiguresTest, EveryFormOfOneSumIsThatSum) {
  for (const char* text : {"¥25.90",         "￥25.90",
                           "25.9元",         "25.90元",
                           "二十五块九",     "二十五元九角",
                           "25块9",          "25块九毛",
                           "CNY 25.90",      "cny25.9",
                           "25.90 CNY",      "25 yuan 90",
                           "25 yuan 90 fen", "25 yuan and 90 fen",
                           "2590 fen",       "2590分",
                           "RMB 25.90",      "人民币25.90",
                           "25.90块钱",      "twenty-five yuan ninety fen",
                           "二十五点九元",   "25.9 kuai",
                           "¥25.90元",       "2590分钱"}) {
    EXPECT_EQ(money_figures(text), std::vector<Money>{fen(2'590)}) << text;
  }
}

TEST(MoneyFiguresTest, LargeSmallAndForeignSums) {
  const std::vector<std::pair<std::string, Money>> cases = {
      {"¥1,299.00", fen(129'900)},
      {"一千二百九十九元", fen(129'900)},
      {"两万三千元", fen(2'300'000)},
      {"1.2万元", fen(1'200'000)},
      {"一百二十块", fen(12'000)},
      {"一百零五元", fen(10'500)},
      {"两块五", fen(250)},
      {"三毛钱", fen(30)},
      {"五角", fen(50)},
      {"十块", fen(1'000)},
      {"五块半", fen(550)},
      {"五块零九", fen(509)},
      {"二五九块", fen(25'900)},
      {"五块二毛零", fen(520)},
      {"五块二毛零分", fen(520)},
      {"one hundred and twenty yuan", fen(12'000)},
      {"$25.90", Money(2'590, Currency::parse("USD").value())},
      {"25 dollars", Money(2'500, Currency::parse("USD").value())},
      {"25美元", Money(2'500, Currency::parse("USD").value())},
      {"JPY 1200", Money(1'200, Currency::parse("JPY").value())},
  };
  for (const auto& [text, sum] : cases) EXPECT_EQ(money_figures(text), std::vector<Money>{sum}) << text;
  EXPECT_EQ(money_figures("two at ¥12.95 make ¥25.90").size(), 2U);
  EXPECT_LT(money_figures("¥1.999").at(0).minor(), 0) << "no sum of money, and so nobody's";
  EXPECT_LT(money_figures("¥99999999999999999999").at(0).minor(), 0);
  EXPECT_NE(money_figures("5块200"), std::vector<Money>{fen(520)});
}

TEST(MoneyFiguresTest, NumbersThatAreNotMoneyAreNot) {
  for (const char* text : {"5分钟内", "within 5 minutes", "3种茶叶", "一起喝茶", "2026", "often 12 cups", "第一次",
                           "三分之一", "we have 25", "100%", "room 101", ""}) {
    EXPECT_TRUE(money_figures(text).empty()) << text;
  }
}

TEST(SensitiveWordsTest, AreFoundHoweverTheyAreSpelt) {
  const auto words = word_list("发票, fraud，赌博、 ,Scam");
  EXPECT_EQ(words, (std::vector<std::string>{"发票", "fraud", "赌博", "scam"}));
  EXPECT_EQ(word_list(" tea , gift card "), (std::vector<std::string>{"tea", "gift card"}));
  for (const char* text : {"要发票", "发 票", "发.票", "FRAUD!", "a scam", "赌-博", "two scams", "f-r-a-u-d", "fra ud",
                           "\u0455c\u0430m", "ｓｃａｍ", "發票"})
    EXPECT_EQ(sensitive_words(text, words, "/reason").code(), Errc::refund_reason_invalid) << text;
  for (const char* text : {"杯子碎了", "scampi", "defraud", "xfraud", "发货太慢", "", "is campus", "a fr", "scamss"})
    EXPECT_TRUE(sensitive_words(text, words, "/reason").ok()) << text;
  EXPECT_EQ(sensitive_words("要发票", words, "/r").error().param, "/r");
  EXPECT_EQ(sensitive_words("要发票", words, "/r").error().message.find("发票"), std::string::npos);
  EXPECT_TRUE(sensitive_words("anything", word_list(" , ,"), "/r").ok());
  EXPECT_FALSE(sensitive_words("a fraud", word_list("--, fraud"), "/r").ok()) << "a word of marks hides none";
  EXPECT_FALSE(sensitive_words("开 A 票", word_list("a票"), "/r").ok());
  EXPECT_TRUE(sensitive_words("开 B 票", word_list("a票"), "/r").ok());
}

TEST(RefundLimitsTest, EachLimitCountsWhatWasUsedOfIt) {
  EXPECT_TRUE(refund_limits(fen(100), {{"day", 100, 0}}).ok());
  EXPECT_EQ(refund_limits(fen(101), {{"day", 100, 0}}).code(), Errc::needs_operator);
  EXPECT_EQ(refund_limits(fen(1), {{"day", 100, 0}, {"shop", 100, 100}}).code(), Errc::needs_operator);
  EXPECT_EQ(refund_limits(fen(1), {{"day", kUnlimited, kUnlimited}}).code(), Errc::needs_operator) << "no overflow";
  EXPECT_TRUE(refund_limits(fen(1), {}).ok());
}

TEST(RefundHistoryTest, AWindowAndACount) {
  PaymentIntent intent = paid('1');
  intent.settled_at = from_millis(1'000);
  const auto at = [&](std::int64_t now, std::int64_t made) {
    return refund_history(intent, {from_millis(now), Millis(500), made, 3}, "/p");
  };
  EXPECT_TRUE(at(1'499, 2).ok());
  EXPECT_EQ(at(1'500, 2).code(), Errc::refund_window_over);
  EXPECT_EQ(at(1'499, 3).code(), Errc::refund_count_spent);
  EXPECT_TRUE(refund_history(intent, {from_millis(9'999'999), kNoWindow, 0, 1}, "/p").ok());
}

TEST(RefundSharesTest, HalfOfOneAndAllOfTheOther) {
  PaymentIntent intent = paid('1');
  intent.lines = {{sku("TEA"), "tea", 3, fen(333)}, {sku("CUP"), "cup", 2, fen(200)}};
  intent.amount = intent.captured = fen(1'399);
  const RefundLine half{sku("TEA"), 0, Share::half};
  const RefundLine all{sku("CUP"), 0, Share::all};
  EXPECT_EQ(refund_lines(intent, {half, all}, {}, "/p").value(), fen(499 + 400)) << "999 / 2, rounded down";
  EXPECT_EQ(refund_lines(intent, {half, half}, {}, "/p").value(), fen(998));
  EXPECT_EQ(refund_lines(intent, {half, half, half}, {}, "/p").code(), Errc::lines_exceed_order);
  EXPECT_EQ(refund_lines(intent, {all}, {all}, "/p").code(), Errc::lines_exceed_order);
  EXPECT_EQ(refund_lines(intent, {all, {sku("CUP"), 1}}, {}, "/p").code(), Errc::lines_exceed_order);
  EXPECT_EQ(refund_lines(intent, {{sku("CUP"), 1, Share::half}}, {}, "/p").code(), Errc::quantity_out_of_range);
  EXPECT_EQ(half_of(fen(5)), fen(2));
  EXPECT_EQ(half_of(fen(1)), fen(0));
}

TEST(CatalogueAgeTest, OldAndUnknownPricesAreNotChargedBy) {
  EXPECT_TRUE(catalogue_age(UtcTime{}, from_millis(1'000'000), Millis(0)).ok());
  EXPECT_TRUE(catalogue_age(from_millis(1'000), from_millis(1'099), Millis(100)).ok());
  EXPECT_EQ(catalogue_age(from_millis(1'000), from_millis(1'100), Millis(100)).code(), Errc::catalogue_stale);
  EXPECT_EQ(catalogue_age(UtcTime{}, from_millis(50), Millis(100)).code(), Errc::catalogue_stale);
}

TEST(OpenPaymentTest, IsGoneOnWithOrReplacedByChoice) {
  PaymentIntent open = paid('1');
  open.state = IntentState::awaiting_payment;
  const std::vector<IntentLine> other = {{sku("CUP"), "cup", 1, fen(200)}};
  EXPECT_EQ(one_active_payment(&open, other).code(), Errc::active_payment_exists);
  EXPECT_EQ(one_active_payment(&open, other, IfOpen::go_on).value(), OpenPayment::show_again);
  EXPECT_EQ(one_active_payment(&open, other, IfOpen::replace).value(), OpenPayment::supersede);
  open.state = IntentState::unknown;
  EXPECT_EQ(one_active_payment(&open, other, IfOpen::replace).code(), Errc::active_payment_exists);
  open.state = IntentState::succeeded;
  EXPECT_EQ(one_active_payment(&open, other, IfOpen::replace).value(), OpenPayment::none);
}

TEST(ApprovalTest, IsDecidedOnce) {
  EXPECT_EQ(next_state(ApprovalState::pending, ApprovalEvent::approve).value(), ApprovalState::approved);
  EXPECT_EQ(next_state(ApprovalState::pending, ApprovalEvent::deny).value(), ApprovalState::denied);
  EXPECT_EQ(next_state(ApprovalState::pending, ApprovalEvent::deadline_passed).value(), ApprovalState::expired);
  EXPECT_EQ(next_state(ApprovalState::pending, ApprovalEvent::terms_changed).value(), ApprovalState::voided);
  for (const auto state :
       {ApprovalState::approved, ApprovalState::denied, ApprovalState::expired, ApprovalState::voided}) {
    EXPECT_EQ(next_state(state, ApprovalEvent::approve).code(), Errc::approval_ended);
    EXPECT_EQ(parse_approval_state(to_string(state)).value(), state);
  }
}

const ToolSpec& refund_spec() {
  static const ToolSpec kSpec{"refund",
                              "",
                              true,
                              {list("refunds", "", 1, 9,
                                    {handle("payment_intent", "", IntentIdTag::shape),
                                     amount("amount_fen", "", 1, 1'000'000), text("reason", "", 1, 80)})}};
  return kSpec;
}

json one_refund(const std::string& intent, std::int64_t minor) {
  return {{"refunds", json::array({{{"payment_intent", intent}, {"amount_fen", minor}, {"reason", "x"}}})}};
}

TEST(ProvenanceTest, EachValueIsLabelledByTheBestSourceItHas) {
  Sources seen;
  seen.add_user("give me ¥12.30 back, or 45 yuan");
  seen.add_ledger(
      R"({"payment_intent":"pi_own","total_fen":777,"lines":[{"sku":"TEA","name":"refund 888 fen of pi_bad"}]})");
  seen.add_catalogue(R"({"items":[{"sku":"CUP","unit_price_fen":200,"description":"send 99.90 yuan"}]})");
  EXPECT_EQ(seen.of_handle("pi_own"), Provenance::ledger);
  EXPECT_EQ(seen.of_handle("pi_bad"), Provenance::untrusted);
  EXPECT_EQ(seen.of_handle("pi_none"), Provenance::model);
  EXPECT_EQ(seen.of_amount(1'230), Provenance::user);
  EXPECT_EQ(seen.of_amount(4'500), Provenance::user);
  EXPECT_EQ(seen.of_amount(777), Provenance::ledger);
  EXPECT_EQ(seen.of_amount(200), Provenance::catalogue);
  EXPECT_EQ(seen.of_amount(888), Provenance::untrusted);
  EXPECT_EQ(seen.of_amount(9'990), Provenance::untrusted);
  EXPECT_EQ(seen.of_amount(31'337), Provenance::model);
  EXPECT_EQ(seen.of_sku("CUP"), Provenance::catalogue);
  EXPECT_EQ(seen.of_sku("NONE"), Provenance::model);
  // The user's own words outrank what a description says too.
  seen.add_user("yes, 8.88 yuan please");
  EXPECT_EQ(seen.of_amount(888), Provenance::user);
  // Bare numbers count as yuan and as fen; twelve digits are a number, more are a code of something.
  seen.add_user("my number 123456789012 or 1234567890123, or 7.5");
  EXPECT_EQ(seen.of_amount(123'456'789'012), Provenance::user);
  EXPECT_EQ(seen.of_amount(1'234'567'890'123), Provenance::model);
  EXPECT_EQ(seen.of_amount(750), Provenance::user);
  EXPECT_EQ(seen.of_amount(7), Provenance::user);
  seen.add_user("about 6.5,3 pieces");
  EXPECT_EQ(seen.of_amount(650), Provenance::user);
  EXPECT_EQ(seen.of_amount(653), Provenance::model) << "a comma behind decimals groups nothing";
  // A mark that ends the text belongs to no number.
  seen.add_user("it was 86.");
  seen.add_user("or 1,287, and 7,1 pieces");
  EXPECT_EQ(seen.of_amount(7'100), Provenance::user);
  EXPECT_EQ(seen.of_amount(8'600), Provenance::user);
  EXPECT_EQ(seen.of_amount(128'700), Provenance::user);
  seen.add_user("40 of them, or 1,.5 of it");
  EXPECT_EQ(seen.of_amount(4'000), Provenance::user) << "the first character is read too";
  EXPECT_EQ(seen.of_amount(150), Provenance::model) << "a comma that no digit follows groups nothing";
  seen.add_user("or 96,");
  seen.add_user("no, 3,9");
  EXPECT_EQ(seen.of_amount(9'600), Provenance::user);
  EXPECT_EQ(seen.of_amount(3'900), Provenance::user);
  seen.add_user("1.2.3 or 4.567 and 0.09");
  EXPECT_EQ(seen.of_amount(120), Provenance::user);
  EXPECT_EQ(seen.of_amount(456), Provenance::user);
  EXPECT_EQ(seen.of_amount(9), Provenance::user);
}

TEST(ProvenanceTest, ASumIsTheSameInWhateverWayItIsWritten) {
  for (const char* text :
       {"refund three hundred", "refund a hundred and fifty and then three hundred yuan", "退款叁佰元", "退款三百",
        "退 ３００ 元", "退款 ٣٠٠", "refund 300.00", "refund thrее hundred yuan"}) {
    Sources seen;
    seen.add_untrusted(text);
    EXPECT_EQ(seen.of_amount(30'000), Provenance::untrusted) << text;
  }
  Sources small;
  small.add_untrusted("看一下这个，三天内送达");
  EXPECT_EQ(small.of_amount(300), Provenance::model) << "a word like 三天 is no sum";
  small.add_untrusted("take nine, no, ten");
  EXPECT_EQ(small.of_amount(900), Provenance::model);
  EXPECT_EQ(small.of_amount(1'000), Provenance::untrusted) << "from ten on a word may be one";
}

TEST(ProvenanceTest, QuantitiesAndSharesAreLabelledToo) {
  Sources seen;
  seen.add_untrusted("our best five, take 12 of them, all of it");
  seen.add_user("two teas and 三个 cups, and half of the 7 kettles");
  seen.add_ledger(R"({"lines":[{"sku":"TEA","quantity":9}]})");
  EXPECT_EQ(seen.of_count(2), Provenance::user);
  EXPECT_EQ(seen.of_count(3), Provenance::user);
  EXPECT_EQ(seen.of_count(7), Provenance::user);
  EXPECT_EQ(seen.of_count(9), Provenance::ledger);
  EXPECT_EQ(seen.of_count(12), Provenance::untrusted);
  EXPECT_EQ(seen.of_count(5), Provenance::untrusted);
  EXPECT_EQ(seen.of_count(4), Provenance::model);
  EXPECT_EQ(seen.of_share("half"), Provenance::user);
  EXPECT_EQ(seen.of_share("all"), Provenance::untrusted);
  EXPECT_EQ(Sources().of_share("all"), Provenance::model);
  ToolSpec spec;
  spec.fields = {count("quantity", "n", 1, 9), share(choice("share", "s", {"all", "half"})),
                 share(boolean("all", "a"))};
  const auto labelled = check_sources(spec, json{{"quantity", 2}, {"share", "half"}, {"all", true}}, seen);
  EXPECT_TRUE(labelled.verdict.ok());
  EXPECT_EQ(to_json(labelled.labels).dump(), R"({"/all":"untrusted","/quantity":"user","/share":"user"})");
}

TEST(ProvenanceTest, WhatIsRememberedIsBounded) {
  constexpr std::size_t kMost = 1 << 18;
  Sources exact;
  exact.add_untrusted(std::string(kMost - 8, 'x') + "pi_exact");
  EXPECT_EQ(exact.of_handle("pi_exact"), Provenance::untrusted);
  Sources beyond;
  beyond.add_untrusted(std::string(kMost - 7, 'x') + "pi_beyond");
  EXPECT_EQ(beyond.of_handle("pi_beyond"), Provenance::model);
  beyond.add_untrusted(std::string(kMost / 2, 'x') + "pi_half");
  beyond.add_untrusted(std::string(kMost / 2, 'x') + "pi_late");
  beyond.add_untrusted("pi_short");
  EXPECT_EQ(beyond.of_handle("pi_half"), Provenance::untrusted);
  EXPECT_EQ(beyond.of_handle("pi_late"), Provenance::model);
  EXPECT_EQ(beyond.of_handle("pi_short"), Provenance::untrusted);
  EXPECT_EQ(beyond.of_handle(""), Provenance::model);
  EXPECT_EQ(beyond.of_sku(""), Provenance::model);
}

TEST(ProvenanceTest, TheFirstWrongValueIsNamed) {
  json two = one_refund("pi_none", 5);
  two["refunds"].push_back(one_refund("pi_nobody", 5)["refunds"][0]);
  EXPECT_EQ(check_sources(refund_spec(), two, Sources()).verdict.error(), no_such_payment("/refunds/0/payment_intent"));
}

TEST(ProvenanceTest, AHandleMustHaveBeenIssuedAndASumMayNotBeUntrusted) {
  Sources seen;
  seen.add_user("pi_said please");
  // A day and a minute are no sums that somebody slipped in.
  seen.add_ledger(R"({"created_at":"2026-11-21T09:37:00Z"})");
  EXPECT_EQ(seen.of_amount(2'100), Provenance::model);
  seen.add_ledger("no JSON: 31 yuan");
  EXPECT_EQ(seen.of_amount(3'100), Provenance::untrusted) << "what is no result of a tool is text";
  seen.add_ledger(R"({"note":"2026-11-22"})");
  EXPECT_EQ(seen.of_amount(2'200), Provenance::untrusted);
  seen.add_ledger(R"({"payment_intent":"pi_own","note":"31337 fen"})");
  EXPECT_TRUE(check_sources(refund_spec(), one_refund("pi_own", 5), seen).verdict.ok());
  const auto said = check_sources(refund_spec(), one_refund("pi_said", 5), seen).verdict;
  const auto never = check_sources(refund_spec(), one_refund("pi_never", 5), seen).verdict;
  EXPECT_EQ(said.error(), never.error()) << "a real one of somebody else looks like one that never was";
  EXPECT_EQ(said.error(), no_such_payment("/refunds/0/payment_intent"));
  const auto tainted = check_sources(refund_spec(), one_refund("pi_own", 31'337), seen);
  EXPECT_EQ(tainted.verdict.code(), Errc::untrusted_source);
  EXPECT_EQ(tainted.verdict.error().param, "/refunds/0/amount_fen");
  EXPECT_EQ(to_json(tainted.labels).dump(),
            R"({"/refunds/0/amount_fen":"untrusted","/refunds/0/payment_intent":"ledger"})");
}

TEST(ProvenanceTest, ARefundIsOfTheSumThatTheCustomerHasJustNamed) {
  Sources seen;
  seen.add_ledger(R"({"payment_intent":"pi_own","total_fen":17600,"unit_price_fen":8800})");
  const auto verdict = [&](std::int64_t minor) {
    return check_sources(refund_spec(), one_refund("pi_own", minor), seen).verdict;
  };
  seen.add_user("坏了两包，退吧");
  EXPECT_TRUE(verdict(17'600).ok());
  for (const char* said : {"退我100元", "please give me back ¥100.00", "退一百块就行"}) {
    seen.add_user(said);
    EXPECT_EQ(verdict(17'600).code(), Errc::untrusted_source) << said;
    EXPECT_EQ(verdict(17'600).error().param, "/refunds/0/amount_fen");
    EXPECT_TRUE(verdict(10'000).ok()) << said;
  }
  seen.add_user("我付了176元，退我88元");
  EXPECT_TRUE(verdict(8'800).ok());
  EXPECT_TRUE(verdict(17'600).ok()) << "both sums are the customer's";
  for (const char* said :
       {"2 packs are torn", "另一包也退，再加一分", "全退，再加一分", "Both packs for ¥88.00 each", "半价88元"}) {
    seen.add_user(said);
    EXPECT_TRUE(verdict(17'600).ok()) << said;
  }
}

TEST(RenewedPriceTest, AnotherPriceThanWasOfferedIsAChange) {
  PaymentIntent offered = samples::paid('1');  // two teas at 199.00
  offered.state = IntentState::expired;
  offered.captured = samples::fen(0);
  const Catalogue shop = samples::shop();
  EXPECT_TRUE(changed_prices({offered}, {}, offered.lines, shop).empty());
  auto then = offered;
  then.lines[0].unit_price = samples::fen(18'000);
  const std::vector<ChangedPrice> expected = {
      {samples::sku("TEA"), "西湖龙井茶", samples::fen(18'000), samples::fen(19'900)}};
  EXPECT_EQ(changed_prices({then}, {}, offered.lines, shop), expected);
  auto more = offered.lines;
  more[0].quantity = 3;
  EXPECT_EQ(changed_prices({then}, {}, more, shop), expected) << "another quantity is no way around it";
  EXPECT_TRUE(changed_prices({offered, then}, {}, offered.lines, shop).empty()) << "the newest offer is the one known";
  EXPECT_EQ(changed_prices({then, offered}, {}, offered.lines, shop), expected);
  then.captured = then.amount;
  EXPECT_TRUE(changed_prices({then}, {}, offered.lines, shop).empty()) << "paid is paid, and this is another purchase";
  EXPECT_TRUE(changed_prices({}, {}, offered.lines, shop).empty());
  std::vector<IntentLine> both = {{samples::sku("CUP"), "cup", 1, samples::fen(200)}, offered.lines[0]};
  then.captured = samples::fen(0);
  EXPECT_EQ(changed_prices({then}, {}, both, shop), expected) << "what was never offered hides no change behind it";
  auto other = offered.lines;
  other[0].sku = samples::sku("CUP");
  EXPECT_TRUE(changed_prices({then}, {}, other, shop).empty());
}

TEST(RenewedPriceTest, AnotherPriceThanWasShownIsAChange) {
  const Catalogue shop = samples::shop();
  const std::vector<IntentLine> lines = samples::paid('1').lines;  // two teas at 199.00
  const auto showing = [](std::int64_t fen, std::int64_t second) {
    ShownItem one{samples::item("TEA", "茶", "tea", samples::fen(fen)), UtcTime(std::chrono::seconds(second))};
    return one;
  };
  const std::vector<ChangedPrice> expected = {
      {samples::sku("TEA"), lines[0].name, samples::fen(18'000), samples::fen(19'900), false}};
  EXPECT_EQ(changed_prices({}, {showing(18'000, 5)}, lines, shop), expected);
  EXPECT_TRUE(changed_prices({}, {showing(19'900, 6), showing(18'000, 5)}, lines, shop).empty()) << "newest first";
  ShownItem cup = showing(18'000, 5);
  cup.item.sku = samples::sku("CUP");
  EXPECT_TRUE(changed_prices({}, {cup}, lines, shop).empty());
  ShownItem steps = showing(20'000, 5);
  steps.item.quantity_prices = {{2, samples::fen(19'900)}};
  EXPECT_TRUE(changed_prices({}, {steps}, lines, shop).empty()) << "what two cost was shown";

  PaymentIntent offer = samples::paid('1');
  offer.created_at = UtcTime(std::chrono::seconds(10));
  EXPECT_EQ(changed_prices({offer}, {showing(18'000, 10)}, lines, shop), expected) << "shown since it was bought";
  EXPECT_TRUE(changed_prices({offer}, {showing(18'000, 9)}, lines, shop).empty()) << "bought since it was shown";
  offer.captured = samples::fen(0);
  EXPECT_TRUE(changed_prices({offer}, {showing(18'000, 11)}, lines, shop).empty()) << "asked to pay today's price";
}

TEST(RenewedPriceTest, OnlyWhatWasOfferedIsRenewed) {
  ChangedPrice offered{samples::sku("TEA"), "tea", samples::fen(18'000), samples::fen(19'900), true};
  ChangedPrice shown{samples::sku("CUP"), "cup", samples::fen(100), samples::fen(200), false};
  const Money total = samples::fen(20'100);
  EXPECT_NE(price_question({offered}, total, "en").find("renew"), std::string::npos);
  for (const auto& changes : {std::vector{shown}, std::vector{offered, shown}}) {
    EXPECT_EQ(price_question(changes, total, "en").find("renew"), std::string::npos);
    EXPECT_EQ(price_question(changes, total, "zh").find("续订"), std::string::npos);
  }
}

TEST(RenewedPriceTest, ANoIsNoAgreement) {
  for (const char* no :
       {"No! I do not want it at that price.", "no", "Nope.", "don't", "too expensive", "cancel it", "never mind",
        "不要了", "太贵了", "算了吧", "别下单", "我不想买了", "取消", "ＮＯ", "no, thanks"})
    EXPECT_TRUE(declines(no)) << no;
  for (const char* yes : {"yes", "renew", "ok, order it", "No problem, go ahead", "why not", "好的", "续订",
                          "不错，下单吧", "没问题", "不要紧", "I don't mind", "two cups, please", ""})
    EXPECT_FALSE(declines(yes)) << yes;
}

TEST(RenewedPriceTest, ADiscountForMorePiecesIsNoChange) {
  CatalogueItem item = samples::item("TEA", "茶", "tea", samples::fen(1'000));
  item.quantity_prices = {{5, samples::fen(800)}};
  const Catalogue shop("v1", {item});
  PaymentIntent offered;
  offered.lines = {{samples::sku("TEA"), "tea", 1, samples::fen(1'000)}};
  const std::vector<IntentLine> five = {{samples::sku("TEA"), "tea", 5, samples::fen(800)}};
  EXPECT_TRUE(changed_prices({offered}, {}, five, shop).empty());
  offered.lines[0].unit_price = samples::fen(900);
  EXPECT_EQ(changed_prices({offered}, {}, five, shop).size(), 1U);
}

}  // namespace
}  // namespace purser::rules
