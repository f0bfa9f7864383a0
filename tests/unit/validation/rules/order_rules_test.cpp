// The rules of an order, one by one.
#include "tests/support/samples.hpp"
#include "tests/unit/validation/rules/rule_errors.hpp"
#include "validation/money/text.hpp"
#include "validation/pipeline.hpp"
#include "validation/rules/currency.hpp"
#include "validation/rules/description.hpp"
#include "validation/rules/one_active_payment.hpp"
#include "validation/rules/order_lines.hpp"
#include "validation/rules/order_total.hpp"
#include "validation/rules/price_tolerance.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace purser::rules {
namespace {

using samples::fen;
using samples::sku;
using samples::yen;

constexpr LineLimits kLimits{3, 50, 5'000'000};
__extension__ typedef __int128 Wide;

TEST(PriceToleranceTest, HoldsTheEdges) {
  EXPECT_FALSE(within_tolerance(19'800, 19'900));
  EXPECT_TRUE(within_tolerance(19'801, 19'900));
  EXPECT_TRUE(within_tolerance(19'900, 19'900));
  EXPECT_TRUE(within_tolerance(19'999, 19'900));
  EXPECT_FALSE(within_tolerance(20'000, 19'900));

  EXPECT_FALSE(within_tolerance(198, 200));
  EXPECT_TRUE(within_tolerance(199, 200));
  EXPECT_TRUE(within_tolerance(201, 200));
  EXPECT_FALSE(within_tolerance(202, 200));
}

TEST(PriceToleranceTest, Below200OnlyTheExactFigure) {
  for (std::int64_t server = 1; server < 200; ++server) {
    EXPECT_TRUE(within_tolerance(server, server)) << server;
    EXPECT_FALSE(within_tolerance(server + 1, server)) << server;
    EXPECT_FALSE(within_tolerance(server - 1, server)) << server;
  }
}

TEST(PriceToleranceTest, WithoutAToleranceOnlyTheExactFigure) {
  EXPECT_TRUE(within_tolerance(19'900, 19'900, 0));
  EXPECT_FALSE(within_tolerance(19'901, 19'900, 0));
  EXPECT_FALSE(within_tolerance(19'900, 19'900, -1));
}

TEST(PriceToleranceTest, NothingPositiveNothingAccepted) {
  EXPECT_FALSE(within_tolerance(0, 1, 1'000)) << "not for nothing, whatever the tolerance";
  EXPECT_FALSE(within_tolerance(0, 0));
  EXPECT_FALSE(within_tolerance(-5, -5));
  EXPECT_FALSE(within_tolerance(1, 0));
  EXPECT_FALSE(within_tolerance(std::numeric_limits<std::int64_t>::min(), kMost));
  EXPECT_TRUE(within_tolerance(kMost, kMost));
  EXPECT_FALSE(within_tolerance(1, kMost));
  EXPECT_FALSE(within_tolerance(kMost, 1));
}

TEST(PriceTolerancePropertyTest, AgreesWithWideIntegers) {
  std::mt19937_64 random(20260105);
  for (int i = 0; i < 200'000; ++i) {
    const auto server = static_cast<std::int64_t>(random() >> (1 + random() % 62));
    const auto near = static_cast<std::int64_t>(random() % 2'001) - 1'000;
    const auto any = static_cast<std::int64_t>(random() >> (1 + random() % 62));
    const std::int64_t claim = i % 2 == 0 || server > kMost - 1'000 ? any : server + near;
    const Wide off = Wide{claim} - server;
    const bool expected = claim >= 1 && server >= 1 && (off < 0 ? -off : off) * 200 <= server;
    ASSERT_EQ(within_tolerance(claim, server), expected) << claim << " of " << server;
  }
}

TEST(PriceToleranceTest, SaysWhatToDo) {
  EXPECT_TRUE(price_tolerance(19'901, fen(19'900), 5'000'000, "/p").ok());
  const auto off = price_tolerance(20'000, fen(19'900), 5'000'000, "/p");
  expect_error(off.error(), Errc::price_mismatch, "/p");
  EXPECT_NE(off.error().message.find("search_catalogue"), std::string::npos);
  EXPECT_EQ(off.error().message.find("19900"), std::string::npos);
  for (std::int64_t claim : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{5'000'001}, kMost}) {
    expect_error(price_tolerance(claim, fen(claim), 5'000'000, "/p").error(), Errc::amount_out_of_range, "/p");
  }
  EXPECT_TRUE(price_tolerance(1, fen(1), 5'000'000, "/p").ok());
  EXPECT_TRUE(price_tolerance(5'000'000, fen(5'000'000), 5'000'000, "/p").ok());
}

Result<std::vector<IntentLine>> lines(std::vector<LineClaim> claims) {
  return order_lines(samples::shop(), claims, kLimits, "zh");
}

TEST(OrderLinesTest, CarryTheCataloguesNamesAndPrices) {
  const auto built = lines({{sku("TEA"), 2, 19'950}, {sku("CUP"), 1, std::nullopt}});
  ASSERT_TRUE(built.ok());
  EXPECT_EQ(*built,
            (std::vector<IntentLine>{{sku("TEA"), "西湖龙井茶", 2, fen(19'900)}, {sku("CUP"), "茶杯", 1, fen(200)}}));
  EXPECT_EQ(order_lines(samples::shop(), {{sku("CUP"), 1, {}}}, kLimits, "en")->front().name, "Cup");
}

TEST(OrderLinesTest, RefuseWhatIsNotForSale) {
  expect_error(lines({{sku("TEA"), 1, {}}, {sku("NO"), 1, {}}}).error(), Errc::unknown_sku, "/lines/1/sku");
  expect_error(lines({{Sku(), 1, {}}}).error(), Errc::unknown_sku, "/lines/0/sku");
  expect_error(lines({{sku("OLD"), 1, {}}}).error(), Errc::sku_not_on_sale, "/lines/0/sku");
  expect_error(lines({{sku("TEA"), 1, {}}, {sku("TEA"), 1, {}}}).error(), Errc::duplicate_lines, "/lines/1/sku");
}

TEST(OrderLinesTest, HoldTheQuantityOfTheItemAndOfTheShop) {
  EXPECT_TRUE(lines({{sku("TEA"), 20, {}}}).ok());
  expect_error(lines({{sku("TEA"), 21, {}}}).error(), Errc::quantity_out_of_range, "/lines/0/quantity");
  EXPECT_TRUE(lines({{sku("CUP"), 50, {}}}).ok());
  expect_error(lines({{sku("CUP"), 51, {}}}).error(), Errc::quantity_out_of_range, "/lines/0/quantity");
  for (std::int64_t quantity : {std::int64_t{0}, std::int64_t{-1}, kMost}) {
    expect_error(lines({{sku("CUP"), quantity, {}}}).error(), Errc::quantity_out_of_range, "/lines/0/quantity");
  }
}

TEST(OrderLinesTest, HoldTheNumberOfLines) {
  EXPECT_TRUE(lines({{sku("TEA"), 1, {}}, {sku("CUP"), 1, {}}, {sku("SWEET"), 1, {}}}).ok());
  expect_error(lines({}).error(), Errc::json_out_of_range, "/lines");
  expect_error(lines({{sku("TEA"), 1, {}}, {sku("CUP"), 1, {}}, {sku("SWEET"), 1, {}}, {sku("YEN"), 1, {}}}).error(),
               Errc::json_out_of_range, "/lines");
}

TEST(OrderLinesTest, CheckTheStatedPriceOfEachLine) {
  expect_error(lines({{sku("TEA"), 1, 19'900}, {sku("SWEET"), 1, 200}}).error(), Errc::price_mismatch,
               "/lines/1/unit_price_fen");
  expect_error(lines({{sku("TEA"), 1, 0}}).error(), Errc::amount_out_of_range, "/lines/0/unit_price_fen");
}

TEST(OrderLinesTest, ManyPiecesCostWhatTheCatalogueSaysForMany) {
  auto items = samples::shop().items();
  for (CatalogueItem& item : items)
    if (item.sku == sku("TEA")) item.quantity_prices = {{3, fen(18'000)}};
  const Catalogue shop("v1", std::move(items));
  const auto price = [&](LineClaim claim) -> Result<Money> {
    auto built = order_lines(shop, {std::move(claim)}, kLimits, "zh");
    if (!built) return built.error();
    return built->front().unit_price;
  };
  EXPECT_EQ(price({sku("TEA"), 2, {}}).value(), fen(19'900));
  EXPECT_EQ(price({sku("TEA"), 3, {}}).value(), fen(18'000));
  // A stated price is held against what these pieces cost, not against another number of them.
  EXPECT_EQ(price({sku("TEA"), 3, 18'000}).value(), fen(18'000));
  EXPECT_EQ(price({sku("TEA"), 3, 19'900}).code(), Errc::price_mismatch);
  EXPECT_EQ(price({sku("TEA"), 2, 18'000}).code(), Errc::price_mismatch);
}

TEST(OrderAmountTest, IsTheSumWithinItsBounds) {
  const std::vector<IntentLine> built = {{sku("TEA"), "", 2, fen(19'900)}, {sku("CUP"), "", 1, fen(200)}};
  EXPECT_EQ(order_amount(built, Currency::cny(), 40'000).value(), fen(40'000));
  expect_error(order_amount(built, Currency::cny(), 39'999).error(), Errc::order_amount_out_of_range, "/lines");
  expect_error(order_amount({}, Currency::cny(), 100).error(), Errc::order_amount_out_of_range, "/lines");
  expect_error(order_amount({{sku("TEA"), "", 1, fen(0)}}, Currency::cny(), 100).error(),
               Errc::order_amount_out_of_range, "/lines");
  expect_error(order_amount({{sku("TEA"), "", 2, fen(kMost)}}, Currency::cny(), kMost).error(), Errc::amount_overflow,
               "/lines");
  expect_error(order_amount(built, Currency::parse("USD").value(), kMost).error(), Errc::currency_mismatch, "/lines");
}

TEST(OrderTotalTest, IsHeldToWhatItsLinesMayDiffer) {
  EXPECT_TRUE(order_total(std::nullopt, fen(39'800), 199, 5'000'000).ok());
  EXPECT_TRUE(order_total(1, fen(1), 0, 5'000'000).ok());
  EXPECT_FALSE(within_tolerance(0, 1, 1'000));
  EXPECT_FALSE(within_tolerance(1, 0, 1'000));
  EXPECT_TRUE(order_total(5'000'000, fen(5'000'000), 0, 5'000'000).ok());
  const auto costs = [](std::int64_t minor) {
    return order_amount({{sku("SWEET"), "糖", 1, fen(minor)}}, Currency::cny(), 500);
  };
  EXPECT_TRUE(costs(1).ok());
  EXPECT_TRUE(costs(500).ok());
  expect_error(costs(0).error(), Errc::order_amount_out_of_range, "/lines");
  expect_error(costs(501).error(), Errc::order_amount_out_of_range, "/lines");
  EXPECT_TRUE(order_total(39'800, fen(39'800), 199, 5'000'000).ok());
  EXPECT_TRUE(order_total(39'999, fen(39'800), 199, 5'000'000).ok());
  EXPECT_TRUE(order_total(39'601, fen(39'800), 199, 5'000'000).ok());
  expect_error(order_total(40'000, fen(39'800), 199, 5'000'000).error(), Errc::total_mismatch, "/total_fen");
  expect_error(order_total(39'600, fen(39'800), 199, 5'000'000).error(), Errc::total_mismatch, "/total_fen");
  expect_error(order_total(200, fen(199), 0, 5'000'000).error(), Errc::total_mismatch, "/total_fen");
  for (std::int64_t claim : {std::int64_t{0}, std::int64_t{-39'800}, std::int64_t{5'000'001}, kMost}) {
    expect_error(order_total(claim, fen(39'800), 199, 5'000'000).error(), Errc::amount_out_of_range, "/total_fen");
  }
}

TEST(OrderTotalTest, EachLineAddsWhatItsItemTolerates) {
  CatalogueItem exact = samples::item("EXACT", "准", "exact", fen(100'000));
  exact.tolerance_per_mille = 0;
  CatalogueItem loose = samples::item("LOOSE", "松", "loose", fen(100'000));
  loose.tolerance_per_mille = 50;
  const CatalogueItem plain = samples::item("PLAIN", "茶", "plain", fen(39'800));
  const Catalogue shop("v1", {exact, loose, plain});
  const auto line = [](const CatalogueItem& of, std::int64_t quantity) {
    return IntentLine{of.sku, of.name_en, quantity, of.unit_price};
  };
  EXPECT_EQ(total_tolerance(shop, {line(exact, 3)}, 5), 0);
  EXPECT_EQ(total_tolerance(shop, {line(loose, 2)}, 5), 10'000);
  EXPECT_EQ(total_tolerance(shop, {{sku("SWEET"), "糖", 9, fen(111)}}, 1), 0) << "999 thousandths are no fen";
  EXPECT_EQ(total_tolerance(shop, {line(plain, 1)}, 5), 199);
  EXPECT_EQ(total_tolerance(shop, {line(plain, 1)}, 10), 398) << "the tenant's own";
  EXPECT_EQ(total_tolerance(shop, {line(exact, 1), line(loose, 1), line(plain, 1)}, 5), 5'199);
  EXPECT_EQ(total_tolerance(shop, {{sku("SWEET"), "糖", 1, fen(199)}}, 5), 0) << "below 200 it must be exact";
  EXPECT_EQ(total_tolerance(shop, {}, 5), 0);
  OrderProposal proposal;
  proposal.lines = {{sku("EXACT"), 1, std::nullopt}};
  proposal.total_fen = 100'001;
  OrderPolicy policy;
  policy.lines_max = 3;
  policy.quantity_max = 5;
  policy.order_amount_max_fen = 5'000'000;
  EXPECT_EQ(judge_order(shop, proposal, policy, "en").value.code(), Errc::total_mismatch);
  proposal.lines = {{sku("LOOSE"), 1, 105'000}};
  proposal.total_fen = 105'000;
  EXPECT_TRUE(judge_order(shop, proposal, policy, "en").value.ok());
}

TEST(OrderTotalPropertyTest, ATotalOfAcceptedPricesIsAccepted) {
  std::mt19937_64 random(20260105);
  for (int i = 0; i < 20'000; ++i) {
    std::int64_t claimed = 0, server = 0;
    std::vector<IntentLine> lines;
    for (int j = 0; j < 5; ++j) {
      const auto price = static_cast<std::int64_t>(random() % 50'000 + 1);
      const auto quantity = static_cast<std::int64_t>(random() % 20 + 1);
      const std::int64_t slack = price / 200;
      claimed += quantity * (price + (random() % 2 == 0 ? slack : -slack));
      server += quantity * price;
      lines.push_back({sku("TEA"), "", quantity, fen(price)});
    }
    ASSERT_TRUE(order_total(claimed, fen(server), total_tolerance(Catalogue(), lines, 5), kMost).ok())
        << claimed << " of " << server;
  }
}

TEST(CurrencyRuleTest, IsTheCatalogues) {
  const std::vector<IntentLine> tea = {{sku("TEA"), "", 1, fen(19'900)}};
  EXPECT_EQ(order_currency(tea, std::nullopt).value(), Currency::cny());
  EXPECT_EQ(order_currency(tea, "CNY").value(), Currency::cny());
  expect_error(order_currency(tea, "USD").error(), Errc::currency_mismatch, "/currency");
  expect_error(order_currency(tea, "JPY").error(), Errc::currency_mismatch, "/currency");
  expect_error(order_currency(tea, "RMB").error(), Errc::unknown_currency, "/currency");
  expect_error(order_currency(tea, "cny").error(), Errc::unknown_currency, "/currency");
  expect_error(order_currency({tea[0], {sku("YEN"), "", 1, yen(1'200)}}, std::nullopt).error(), Errc::currency_mismatch,
               "/lines");
}

TEST(DescriptionTest, IsComposedInTheUsersLanguage) {
  EXPECT_EQ(compose_description({{sku("TEA"), "西湖龙井茶", 2, fen(1)}, {sku("CUP"), "茶杯", 1, fen(1)}}, "zh-CN"),
            "西湖龙井茶 ×2、茶杯 ×1");
  EXPECT_EQ(compose_description({{sku("TEA"), "Longjing tea", 2, fen(1)}, {sku("CUP"), "Cup", 1, fen(1)}}, "en"),
            "Longjing tea ×2, Cup ×1");
}

TEST(DescriptionTest, LeavesOutWhatTheRailDoesNotTake) {
  EXPECT_EQ(compose_description({{sku("TEA"), "龙井😀茶\u202E\n新", 1, fen(1)}}, "zh"), "龙井茶 新 ×1");
  EXPECT_EQ(compose_description({{sku("TEA"), "😀", 1, fen(1)}}, "zh"), "TEA ×1");
  EXPECT_EQ(compose_description({{sku("TEA"), "\xFF", 1, fen(1)}}, "zh"), "TEA ×1");
}

TEST(DescriptionTest, IsCutAtLinesThenWithinTheFirst) {
  std::vector<IntentLine> many;
  for (int i = 0; i < 20; ++i) many.push_back({sku("TEA"), "一二三四五六七八九十", 1, fen(1)});
  const std::string zh = compose_description(many, "zh");
  EXPECT_LE(code_points(zh), kDescriptionMax);
  EXPECT_TRUE(zh.ends_with("×1，另有 12 项")) << zh;
  EXPECT_TRUE(compose_description(many, "en").ends_with("×1 and 13 more"));

  const std::string cut = compose_description({{sku("TEA"), std::string(300, 'x'), 99, fen(1)}, many[0]}, "en");
  EXPECT_EQ(code_points(cut), kDescriptionMax);
  EXPECT_TRUE(cut.ends_with("x… ×99 and 1 more")) << cut;
}

TEST(DescriptionTest, FitsExactlyOrIsCut) {
  const std::string fits(kDescriptionMax - 3, 'x');
  EXPECT_EQ(compose_description({{sku("TEA"), fits, 1, fen(1)}}, "en"), fits + " ×1");
  const std::string cut = compose_description({{sku("TEA"), fits + "x", 1, fen(1)}}, "en");
  EXPECT_EQ(code_points(cut), kDescriptionMax);
  EXPECT_TRUE(cut.ends_with("… ×1"));
}

TEST(DescriptionTest, WhatIsComposedAlwaysPassesTheCheck) {
  std::mt19937 random(20260105);
  const std::string pieces[] = {"茶", "x", " ", "😀", "\u202E", "Ａ", "\n", "é"};
  for (int i = 0; i < 2'000; ++i) {
    std::vector<IntentLine> some(1 + random() % 20);
    for (IntentLine& line : some) {
      line = IntentLine{sku("S"), "", static_cast<std::int64_t>(1 + random() % 99), fen(1)};
      for (std::size_t j = random() % 160; j > 0; --j) line.name += pieces[random() % std::size(pieces)];
    }
    const std::string text = compose_description(some, i % 2 == 0 ? "zh" : "en");
    const auto good = check_description(text);
    ASSERT_TRUE(good.ok()) << good.error().message << ": " << text;
  }
}

TEST(DescriptionTest, TheCheckHoldsLengthAndCharacters) {
  std::string longest;
  for (std::size_t i = 0; i < kDescriptionMax; ++i) longest += "茶";
  EXPECT_TRUE(check_description(longest).ok());
  for (const std::string& text :
       {longest + "茶", std::string(), std::string("  "), std::string("a\nb"), std::string("a\tb"), std::string("a\rb"),
        std::string("a\u2028b"), std::string("a\x01"), std::string("茶😀"), std::string("a\u202Eb"),
        std::string("a\u200Bb"), std::string("\xFF")}) {
    ASSERT_FALSE(check_description(text).ok()) << text;
    EXPECT_EQ(check_description(text).code(), Errc::description_invalid);
  }
}

PaymentIntent open_tea(IntentState state) {
  PaymentIntent intent = samples::paid('1');
  intent.state = state;
  return intent;
}

TEST(OneActivePaymentTest, NothingOpenNothingInTheWay) {
  const std::vector<IntentLine> cup = {{sku("CUP"), "", 1, fen(200)}};
  EXPECT_EQ(one_active_payment(nullptr, cup).value(), OpenPayment::none);
  for (auto state : {IntentState::succeeded, IntentState::expired, IntentState::canceled, IntentState::failed,
                     IntentState::conflicted}) {
    const PaymentIntent ended = open_tea(state);
    EXPECT_EQ(one_active_payment(&ended, cup).value(), OpenPayment::none) << to_string(state);
  }
}

TEST(OneActivePaymentTest, TheSameContentIsTheSamePayment) {
  PaymentIntent open = open_tea(IntentState::awaiting_payment);
  open.lines.push_back({sku("CUP"), "茶杯", 1, fen(200)});
  const std::vector<IntentLine> turned = {{sku("CUP"), "Cup", 1, fen(200)},
                                          {sku("TEA"), "Longjing tea", 2, fen(19'900)}};
  EXPECT_EQ(one_active_payment(&open, turned).value(), OpenPayment::show_again) << "order and language do not matter";
}

TEST(OneActivePaymentTest, OtherContentIsRefused) {
  for (auto state : {IntentState::created, IntentState::awaiting_payment, IntentState::unknown}) {
    const PaymentIntent open = open_tea(state);
    for (const std::vector<IntentLine>& wanted : std::initializer_list<std::vector<IntentLine>>{
             {{sku("TEA"), "", 1, fen(19'900)}},
             {{sku("TEA"), "", 2, fen(19'901)}},
             {{sku("TEA"), "", 2, yen(19'900)}},
             {{sku("CUP"), "", 2, fen(19'900)}},
             {{sku("TEA"), "", 2, fen(19'900)}, {sku("CUP"), "", 1, fen(200)}},
             {}}) {
      const auto refused = one_active_payment(&open, wanted);
      ASSERT_FALSE(refused.ok());
      EXPECT_EQ(refused.code(), Errc::active_payment_exists);
      EXPECT_NE(refused.error().message.find(open.id.str()), std::string::npos);
      EXPECT_NE(refused.error().message.find("cancel_payment"), std::string::npos);
    }
  }
}

TEST(Description, stays_in_the_approved_pattern_and_the_room_it_leaves) {
  const std::vector<IntentLine> lines{{sku("TEA"), "西湖龙井茶", 2, fen(1)}, {sku("CUP"), "茶杯", 1, fen(1)}};
  const DescriptionRule rule{32, "示例茶铺-{goods}"};
  ASSERT_TRUE(usable(rule));
  const auto text = compose_description(lines, "zh", rule);
  EXPECT_EQ(text, "示例茶铺-西湖龙井茶 ×2、茶杯 ×1");
  EXPECT_TRUE(check_description(text, rule).ok());
  EXPECT_EQ(check_description("西湖龙井茶 ×2", rule).code(), Errc::description_invalid);
  EXPECT_EQ(check_description("示例茶铺-", rule).code(), Errc::description_invalid);
  EXPECT_EQ(check_description("示例茶铺-" + std::string(28, 'x'), rule).code(), Errc::description_invalid);
  // A name that does not fit is cut to what the maximum leaves, to the character.
  const std::vector<IntentLine> one{{sku("TEA"), std::string(100, 'x'), 2, fen(1)}};
  const auto cut = compose_description(one, "zh", rule);
  EXPECT_EQ(code_points(cut), 32U);
  EXPECT_TRUE(cut.ends_with("… ×2"));
  EXPECT_TRUE(check_description(cut, rule).ok());
  const DescriptionRule tight{16, "ab-{goods}"};
  ASSERT_TRUE(usable(tight));
  EXPECT_EQ(code_points(compose_description(one, "zh", tight)), 16U);
}

TEST(Description, of_a_pattern_that_cannot_be_is_told_beforehand) {
  EXPECT_TRUE(usable({127, ""}));
  EXPECT_FALSE(usable({127, "no place for them"}));
  EXPECT_FALSE(usable({127, "\U0001F375{goods}"}));  // the rail would take no order at all
  EXPECT_FALSE(usable({127, "tea\n{goods}"}));
  EXPECT_FALSE(usable({127, "{goods} and {goods}"}));
  EXPECT_FALSE(usable({127, "{goods}{goods}"}));
  EXPECT_FALSE(check_description("x", {0, ""}).ok());
  EXPECT_FALSE(check_description("x", {-1, ""}).ok());
  EXPECT_TRUE(check_description("x", {1, ""}).ok());
  EXPECT_FALSE(usable({127, "tea"}));
  EXPECT_FALSE(usable({16, "12345-{goods}"}));
  EXPECT_TRUE(usable({18, "12345-{goods}"}));
}

}  // namespace
}  // namespace purser::rules
