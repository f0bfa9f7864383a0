// One change to one otherwise honest call, from the text a model wrote to the verdict: the gate, the fields, the rules.
// Base: two teas at 199.00, bought, paid and refunded. After every refusal the honest call still goes through.
#include "tests/support/samples.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/pipeline.hpp"
#include "validation/rules/tool_fields.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace purser {
namespace {

using nlohmann::json;
using samples::fen;
using samples::intent_id;
using samples::paid;

constexpr std::int64_t kOrderMax = 5'000'000;
constexpr std::int64_t kAnyAmount = 100'000'000'000;
const std::string kHonestOrder =
    R"({"lines":[{"sku":"TEA","quantity":2,"unit_price_fen":19900}],"total_fen":39800,"currency":"CNY"})";
const std::string kIntent = R"("payment_intent":"pi_0000000000000000000001")";
const std::string kHonestRefund =
    R"({"refunds":[{)" + kIntent +
    R"(,"lines":[{"sku":"TEA","quantity":1}],"amount_fen":19900,"reason":"破损"}],"total_fen":19900})";

const rules::ToolSpec& buy() {
  using namespace rules;
  static const ToolSpec spec{
      "buy",
      "",
      true,
      {required(list("lines", "", 1, 20,
                     {required(id("sku", "", SkuTag::shape)), required(integer("quantity", "", 1, 99)),
                      integer("unit_price_fen", "", 1, kOrderMax)})),
       integer("total_fen", "", 1, kOrderMax), text("currency", "", 3, 3)}};
  return spec;
}

const rules::ToolSpec& give_back() {
  using namespace rules;
  static const ToolSpec spec{
      "give_back",
      "",
      true,
      {required(
           list("refunds", "", 1, 20,
                {required(id("payment_intent", "", IntentIdTag::shape)),
                 list("lines", "", 1, 20,
                      {required(id("sku", "", SkuTag::shape)), required(integer("quantity", "", 1, 99))}),
                 boolean("all", ""), integer("amount_fen", "", 1, kAnyAmount), required(text("reason", "", 1, 80))})),
       integer("total_fen", "", 1, kAnyAmount)}};
  return spec;
}

std::optional<std::int64_t> optional_integer(const json& object, const char* key) {
  return object.contains(key) ? std::optional(object.at(key).get<std::int64_t>()) : std::nullopt;
}

// What the gate and the fields let through, or their refusal.
Result<json> arguments_of(std::string_view text, const rules::ToolSpec& spec) {
  auto parsed = parse_strict(text, JsonLimits());
  if (!parsed) return parsed.error();
  return rules::check_arguments(spec, std::move(*parsed));
}

Result<CheckedOrder> order(std::string_view text) {
  const auto arguments = arguments_of(text, buy());
  if (!arguments) return arguments.error();
  OrderProposal proposal;
  for (const json& line : arguments->at("lines")) {
    proposal.lines.push_back({Sku::trusted(line.at("sku").get<std::string>()), line.at("quantity").get<std::int64_t>(),
                              optional_integer(line, "unit_price_fen")});
  }
  proposal.total_fen = optional_integer(*arguments, "total_fen");
  if (arguments->contains("currency")) proposal.currency = arguments->at("currency").get<std::string>();
  return check_order(samples::shop(), proposal, OrderPolicy{kOrderMax, 99, 20}, "zh");
}

Result<std::vector<CheckedRefund>> refund(std::string_view text,
                                          const std::vector<PaymentIntent>& owned = {paid('1')}) {
  const auto arguments = arguments_of(text, give_back());
  if (!arguments) return arguments.error();
  RefundProposal proposal;
  for (const json& item : arguments->at("refunds")) {
    RefundProposal::Entry entry;
    entry.intent = IntentId::trusted(item.at("payment_intent").get<std::string>());
    entry.all = item.value("all", false);
    entry.amount_fen = optional_integer(item, "amount_fen");
    for (const json& line : item.value("lines", json::array())) {
      entry.lines.push_back({Sku::trusted(line.at("sku").get<std::string>()), line.at("quantity").get<std::int64_t>()});
    }
    entry.reason = item.at("reason").get<std::string>();
    proposal.entries.push_back(std::move(entry));
  }
  proposal.total_fen = optional_integer(*arguments, "total_fen");
  return check_refunds(owned, proposal, RefundPolicy{20'000, 0, 20, 80});
}

std::string with(std::string text, std::string_view part, std::string_view instead) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), instead);
}

std::string order_with_price(std::string_view price) {
  return with(kHonestOrder, "19900", price);
}
std::string order_with_total(std::string_view total) {
  return with(kHonestOrder, "39800", total);
}
std::string refund_with_amount(std::string_view amount) {
  return with(kHonestRefund, "19900", amount);
}
std::string free_refund(std::string_view amount) {
  return R"({"refunds":[{)" + kIntent + R"(,"amount_fen":)" + std::string(amount) + R"(,"reason":"破损"}]})";
}
std::string sweet(std::string_view price) {
  return R"({"lines":[{"sku":"SWEET","quantity":1,"unit_price_fen":)" + std::string(price) + "}]}";
}

void expect_the_honest_way_is_open() {
  const auto bought = order(kHonestOrder);
  ASSERT_TRUE(bought.ok()) << bought.error().message;
  EXPECT_EQ(bought->amount, fen(39'800));
  const auto returned = refund(kHonestRefund);
  ASSERT_TRUE(returned.ok()) << returned.error().message;
  EXPECT_EQ(returned->front().amount, fen(19'900));
}

template <class T>
void expect_refused(const Result<T>& result, Errc code, const std::string& what) {
  ASSERT_FALSE(result.ok()) << what;
  EXPECT_EQ(code_of(result.code()), code_of(code)) << what << ": " << result.error().message;
  expect_the_honest_way_is_open();
}

TEST(MoneyMutantsTest, M01OneFenMoreIsWithinToleranceOnlyWhereHalfAPercentIsAFen) {
  for (const auto& text : {order_with_price("19901"), order_with_total("39801")}) {
    const auto bought = order(text);
    ASSERT_TRUE(bought.ok()) << text;
    EXPECT_EQ(bought->amount, fen(39'800)) << "the server's figure is charged";
    EXPECT_EQ(bought->lines.front().unit_price, fen(19'900));
  }
  expect_refused(order(sweet("200")), Errc::price_mismatch, "below 200 fen the price is exact");
  EXPECT_TRUE(order(sweet("199")).ok());
}

TEST(MoneyMutantsTest, M02ARefundClaimIsExactWhereTheServerKnowsTheFigure) {
  expect_refused(refund(refund_with_amount("19901")), Errc::refund_amount_mismatch, "lines are named");
  PaymentIntent small = paid('1');
  small.captured = small.amount = fen(20'000);
  const std::string all = R"({"refunds":[{)" + kIntent + R"(,"all":true,"amount_fen":20001,"reason":"破损"}]})";
  expect_refused(refund(all, {small}), Errc::refund_amount_mismatch, "all is named");
  expect_refused(refund(free_refund("20001"), {small}), Errc::refund_exceeds_remaining, "above what is left");
  EXPECT_EQ(refund(free_refund("19901"))->front().amount, fen(19'901))
      << "a free partial amount is another legal amount";
}

TEST(MoneyMutantsTest, M03TimesAHundred) {
  expect_refused(order(order_with_price("1990000")), Errc::price_mismatch, "price");
  expect_refused(order(order_with_total("3980000")), Errc::total_mismatch, "total");
  expect_refused(refund(refund_with_amount("1990000")), Errc::refund_amount_mismatch, "refund of lines");
  expect_refused(refund(free_refund("1990000")), Errc::refund_exceeds_remaining, "free refund");
}

TEST(MoneyMutantsTest, M04DividedByAHundred) {
  expect_refused(order(order_with_price("199")), Errc::price_mismatch, "price");
  expect_refused(order(order_with_total("398")), Errc::total_mismatch, "total");
  expect_refused(refund(refund_with_amount("199")), Errc::refund_amount_mismatch, "refund of lines");
}

TEST(MoneyMutantsTest, M05Floats) {
  for (const char* figure : {"123.40001", "39800.0", "19900.0", "1.99e4"}) {
    expect_refused(order(order_with_price(figure)), Errc::json_wrong_type, figure);
    expect_refused(order(order_with_total(figure)), Errc::json_wrong_type, figure);
    expect_refused(refund(refund_with_amount(figure)), Errc::json_wrong_type, figure);
  }
  expect_refused(order(with(kHonestOrder, R"("quantity":2)", R"("quantity":2.0)")), Errc::json_wrong_type, "quantity");
}

TEST(MoneyMutantsTest, M06Negative) {
  expect_refused(order(order_with_price("-19900")), Errc::json_out_of_range, "price");
  expect_refused(order(order_with_total("-39800")), Errc::json_out_of_range, "total");
  expect_refused(order(with(kHonestOrder, R"("quantity":2)", R"("quantity":-2)")), Errc::json_out_of_range, "quantity");
  expect_refused(refund(refund_with_amount("-19900")), Errc::json_out_of_range, "refund");
}

TEST(MoneyMutantsTest, M07Zero) {
  for (const char* zero : {"0", "-0"}) {
    expect_refused(order(order_with_price(zero)), Errc::json_out_of_range, "price");
    expect_refused(order(order_with_total(zero)), Errc::json_out_of_range, "total");
    expect_refused(order(with(kHonestOrder, R"("quantity":2)", std::string(R"("quantity":)") + zero)),
                   Errc::json_out_of_range, "quantity");
    expect_refused(refund(free_refund(zero)), Errc::json_out_of_range, "refund");
  }
}

TEST(MoneyMutantsTest, M08BeyondEveryInteger) {
  expect_refused(order(order_with_price("9223372036854775807")), Errc::json_out_of_range, "2^63-1");
  expect_refused(order(order_with_price("9223372036854775808")), Errc::json_out_of_range, "2^63");
  expect_refused(order(order_with_total("18446744073709551615")), Errc::json_out_of_range, "2^64-1");
  expect_refused(order(order_with_total("18446744073709551616")), Errc::json_wrong_type, "2^64");
  expect_refused(refund(refund_with_amount("1e400")), Errc::json_out_of_range, "1e400");
  expect_refused(refund(free_refund("9223372036854775808")), Errc::json_out_of_range, "2^63");
}

TEST(MoneyMutantsTest, M09AnotherCurrency) {
  expect_refused(order(with(kHonestOrder, "CNY", "USD")), Errc::currency_mismatch, "USD");
  expect_refused(order(with(kHonestOrder, "CNY", "RMB")), Errc::unknown_currency, "RMB");
  expect_refused(order(R"({"lines":[{"sku":"TEA","quantity":1},{"sku":"YEN","quantity":1}]})"), Errc::currency_mismatch,
                 "two currencies in one order");
  expect_refused(refund(with(kHonestRefund, R"("amount_fen")", R"("currency":"USD","amount_fen")")),
                 Errc::json_unknown_key, "a refund has no currency of its own");
}

TEST(MoneyMutantsTest, M10YenWithDecimals) {
  expect_refused(order(R"({"lines":[{"sku":"YEN","quantity":1,"unit_price_fen":1200.00}]})"), Errc::json_wrong_type,
                 "1200.00");
  expect_refused(order(R"({"lines":[{"sku":"YEN","quantity":1,"unit_price_fen":120000}]})"), Errc::price_mismatch,
                 "a yen has no hundredths");
  EXPECT_EQ(order(R"({"lines":[{"sku":"YEN","quantity":1,"unit_price_fen":1200}],"currency":"JPY"})")->amount,
            samples::yen(1'200));
  EXPECT_EQ(parse_major("12.00", Currency::parse("JPY").value()).code(), Errc::amount_out_of_range);
}

TEST(MoneyMutantsTest, M11MoreThanWasCaptured) {
  expect_refused(refund(free_refund("39801")), Errc::refund_exceeds_remaining, "one fen");
  expect_refused(refund(free_refund("99999999999")), Errc::refund_exceeds_remaining, "very much");
}

TEST(MoneyMutantsTest, M12ManySmallOnesThatCross) {
  PaymentIntent most_is_back = paid('1');
  most_is_back.refunded = fen(20'000);
  most_is_back.refund_reserved = fen(19'000);
  EXPECT_TRUE(refund(free_refund("800"), {most_is_back}).ok());
  expect_refused(refund(free_refund("801"), {most_is_back}), Errc::refund_exceeds_remaining, "over time");
  const std::string one = R"({)" + kIntent + R"(,"amount_fen":10000,"reason":"破损"})";
  const std::string list = R"({"refunds":[)" + one + "," + one + "," + one + "," + one + "]}";
  expect_refused(refund(list), Errc::refund_exceeds_remaining, "within one list");
  EXPECT_EQ(refund(list).error().param, "/refunds/3") << "the one that crosses";
}

TEST(MoneyMutantsTest, M13NotPaid) {
  for (auto state : {IntentState::created, IntentState::awaiting_payment, IntentState::expired, IntentState::canceled,
                     IntentState::failed, IntentState::unknown, IntentState::conflicted}) {
    PaymentIntent intent = paid('1');
    intent.state = state;
    expect_refused(refund(kHonestRefund, {intent}), Errc::refund_not_allowed, std::string(to_string(state)));
  }
}

TEST(MoneyMutantsTest, M14ToSomeoneElse) {
  for (const char* field : {"account", "bank_card", "destination", "recipient"}) {
    expect_refused(refund(with(kHonestRefund, R"("reason")", "\"" + std::string(field) + R"(":"x","reason")")),
                   Errc::json_unknown_key, field);
  }
  for (const char* field : {"openid", "payer", "payee"}) {
    expect_refused(refund(with(kHonestRefund, R"("reason")", "\"" + std::string(field) + R"(":"x","reason")")),
                   Errc::machine_field, field);
  }
}

TEST(MoneyMutantsTest, M15AmountsAsText) {
  for (const char* figure : {R"("19900")", R"("1e5")", R"(" 10 ")", "true", "null", "[19900]", R"({"value":19900})"}) {
    expect_refused(order(order_with_price(figure)), Errc::json_wrong_type, figure);
    expect_refused(refund(refund_with_amount(figure)), Errc::json_wrong_type, figure);
  }
}

TEST(MoneyMutantsTest, M16TheSameKeyTwice) {
  expect_refused(order(with(kHonestOrder, R"("total_fen":39800)", R"("total_fen":39800,"total_fen":1)")),
                 Errc::json_duplicate_key, "total");
  expect_refused(order(with(kHonestOrder, R"("quantity":2)", R"("quantity":2,"\u0071uantity":3)")),
                 Errc::json_duplicate_key, "written differently");
  expect_refused(refund(refund_with_amount(R"(19900,"amount_fen":1)")), Errc::json_duplicate_key, "refund");
}

TEST(MoneyMutantsTest, M17FieldsThatAreNotTheModels) {
  expect_refused(order(with(kHonestOrder, R"("currency")", R"("discount":1,"currency")")), Errc::json_unknown_key,
                 "unknown");
  expect_refused(order(with(kHonestOrder, R"("quantity")", R"("colour":"red","quantity")")), Errc::json_unknown_key,
                 "in a line");
  for (const char* field : {"openid", "out_trade_no", "outTradeNo", "notify-url", "mchid", "appId", "nonceStr",
                            "timestamp", "signature", "user", "tenant", "transaction_id", "prepay_id"}) {
    const std::string member = "\"" + std::string(field) + R"(":"x",)";
    expect_refused(order(with(kHonestOrder, R"("currency")", member + R"("currency")")), Errc::machine_field, field);
    expect_refused(order(with(kHonestOrder, R"("quantity")", member + R"("quantity")")), Errc::machine_field, field);
    expect_refused(refund(with(kHonestRefund, R"("reason")", member + R"("reason")")), Errc::machine_field, field);
  }
}

TEST(MoneyMutantsTest, M18NotANumberAndInfinity) {
  for (const char* figure : {"NaN", "Infinity", "-Infinity", "nan", "inf", "0x10", "1_000", "1,000"}) {
    expect_refused(order(order_with_price(figure)), Errc::json_malformed, figure);
    expect_refused(refund(refund_with_amount(figure)), Errc::json_malformed, figure);
  }
}

}  // namespace
}  // namespace purser
