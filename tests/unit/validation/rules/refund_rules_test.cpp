// The rules of a refund, one by one.
#include "tests/support/samples.hpp"
#include "tests/unit/validation/rules/rule_errors.hpp"
#include "validation/rules/reason_truth.hpp"
#include "validation/rules/refund_batch.hpp"
#include "validation/rules/refund_bounds.hpp"
#include "validation/rules/refund_lines.hpp"
#include "validation/rules/refund_reason.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace purser::rules {
namespace {

using samples::fen;
using samples::paid;
using samples::sku;
using samples::yen;

TEST(RefundStateTest, OnlyAPaidPaymentIsRefunded) {
  for (int s = 0; s <= static_cast<int>(IntentState::conflicted); ++s) {
    PaymentIntent intent = paid('1');
    intent.state = static_cast<IntentState>(s);
    const auto result = refund_state(intent, "/p");
    EXPECT_EQ(result.ok(), intent.state == IntentState::succeeded) << to_string(intent.state);
    if (!result) expect_error(result.error(), Errc::refund_not_allowed, "/p");
  }
}

TEST(RefundBoundsTest, NeverMoreThanWhatIsLeft) {
  PaymentIntent intent = paid('1');
  EXPECT_TRUE(refund_bounds(intent, fen(39'800), fen(0), "/p").ok());
  expect_error(refund_bounds(intent, fen(39'801), fen(0), "/p").error(), Errc::refund_exceeds_remaining, "/p");
  intent.refunded = fen(10'000);
  intent.refund_reserved = fen(9'800);
  EXPECT_TRUE(refund_bounds(intent, fen(20'000), fen(0), "/p").ok());
  expect_error(refund_bounds(intent, fen(20'001), fen(0), "/p").error(), Errc::refund_exceeds_remaining, "/p");
  EXPECT_TRUE(refund_bounds(intent, fen(1), fen(19'999), "/p").ok());
  expect_error(refund_bounds(intent, fen(2), fen(19'999), "/p").error(), Errc::refund_exceeds_remaining, "/p");
  expect_error(refund_bounds(intent, fen(1), fen(20'000), "/p").error(), Errc::refund_exceeds_remaining, "/p");
}

TEST(RefundBoundsTest, AtLeastOneFenAndTheSameCurrency) {
  const PaymentIntent intent = paid('1');
  EXPECT_TRUE(refund_bounds(intent, fen(1), fen(0), "/p").ok());
  for (std::int64_t amount : {std::int64_t{0}, std::int64_t{-1}, std::numeric_limits<std::int64_t>::min()}) {
    expect_error(refund_bounds(intent, fen(amount), fen(0), "/p").error(), Errc::amount_out_of_range, "/p");
  }
  expect_error(refund_bounds(intent, yen(1), fen(0), "/p").error(), Errc::currency_mismatch, "/p");
  expect_error(refund_bounds(intent, fen(1), fen(std::numeric_limits<std::int64_t>::min()), "/p").error(),
               Errc::amount_overflow, "/p");
}

TEST(RefundLinesTest, TheAmountIsWhatWasPaidForThem) {
  PaymentIntent intent = paid('1');
  intent.lines.push_back({sku("CUP"), "茶杯", 3, fen(200)});
  EXPECT_EQ(refund_lines(intent, {{sku("TEA"), 1}}, {}, "/r").value(), fen(19'900));
  EXPECT_EQ(refund_lines(intent, {{sku("TEA"), 2}, {sku("CUP"), 3}}, {}, "/r").value(), fen(40'400));
  EXPECT_EQ(refund_lines(intent, {{sku("TEA"), 1}, {sku("TEA"), 1}}, {}, "/r").value(), fen(39'800));
  EXPECT_EQ(refund_lines(intent, {{sku("TEA"), 1}}, {{sku("TEA"), 1}, {sku("CUP"), 3}}, "/r").value(), fen(19'900));
}

TEST(RefundLinesTest, NeverMoreThanWasBought) {
  const PaymentIntent intent = paid('1');
  expect_error(refund_lines(intent, {{sku("TEA"), 3}}, {}, "/r").error(), Errc::lines_exceed_order,
               "/r/lines/0/quantity");
  expect_error(refund_lines(intent, {{sku("TEA"), 1}, {sku("TEA"), 2}}, {}, "/r").error(), Errc::lines_exceed_order,
               "/r/lines/1/quantity");
  expect_error(refund_lines(intent, {{sku("TEA"), 1}}, {{sku("TEA"), 2}}, "/r").error(), Errc::lines_exceed_order,
               "/r/lines/0/quantity");
  expect_error(refund_lines(intent, {{sku("TEA"), 1}, {sku("TEA"), kMost}}, {}, "/r").error(), Errc::lines_exceed_order,
               "/r/lines/1/quantity");
  PaymentIntent two = intent;
  two.lines.push_back({sku("CUP"), "茶杯", 3, fen(200)});
  expect_error(refund_lines(two, {{sku("TEA"), 1}}, {{sku("CUP"), 1}, {sku("TEA"), 2}}, "/r").error(),
               Errc::lines_exceed_order, "/r/lines/0/quantity");
  expect_error(refund_lines(two, {{sku("CUP"), 1}, {sku("TEA"), 3}}, {}, "/r").error(), Errc::lines_exceed_order,
               "/r/lines/1/quantity");
  expect_error(refund_lines(intent, {{sku("CUP"), 1}}, {}, "/r").error(), Errc::unknown_sku, "/r/lines/0/sku");
  for (std::int64_t quantity : {std::int64_t{0}, std::int64_t{-1}}) {
    expect_error(refund_lines(intent, {{sku("TEA"), quantity}}, {}, "/r").error(), Errc::quantity_out_of_range,
                 "/r/lines/0/quantity");
  }
}

TEST(RefundLinesTest, WhatComesBackIsNamedWithItsPrice) {
  PaymentIntent intent = paid('1');
  intent.lines = {
      {sku("GOLD"), "gold", 3, fen(kMost)}, {sku("TEA"), "tea", 2, fen(199)}, {sku("CUP"), "cup", 3, fen(200)}};
  const auto back = returned_lines(
      intent,
      {{sku("NONE"), 1}, {sku("GOLD"), 2}, {sku("TEA"), 1}, {sku("CUP"), 0, Share::half}, {sku("TEA"), 0, Share::all}});
  ASSERT_EQ(back.size(), 3U) << "what was not bought, or has no price, is left out";
  EXPECT_EQ(back[0].line.sku, sku("TEA"));
  EXPECT_EQ(back[0].line.quantity, 1);
  EXPECT_EQ(back[0].amount, fen(199));
  EXPECT_EQ(back[1].line.quantity, 3) << "of a share the quantity is what was bought";
  EXPECT_EQ(back[1].share, Share::half);
  EXPECT_EQ(back[1].amount, fen(300));
  EXPECT_EQ(back[2].line.quantity, 2);
  EXPECT_EQ(back[2].amount, fen(398));
}

TEST(RefundAmountTest, AStatedAmountIsExact) {
  EXPECT_TRUE(refund_amount(std::nullopt, fen(19'900), "/r").ok());
  EXPECT_TRUE(refund_amount(19'900, fen(19'900), "/r").ok());
  for (std::int64_t claim : {std::int64_t{19'901}, std::int64_t{19'899}, std::int64_t{0}, std::int64_t{-19'900}}) {
    expect_error(refund_amount(claim, fen(19'900), "/r").error(), Errc::refund_amount_mismatch, "/r/amount_fen");
  }
}

TEST(RefundBatchTest, TheListHasALength) {
  EXPECT_TRUE(refund_list_size(1, 2).ok());
  EXPECT_TRUE(refund_list_size(2, 2).ok());
  expect_error(refund_list_size(0, 2).error(), Errc::json_out_of_range, "/refunds");
  expect_error(refund_list_size(3, 2).error(), Errc::json_out_of_range, "/refunds");
}

TEST(RefundBatchTest, TheListBalances) {
  const PaymentIntent a = paid('1'), b = paid('2');
  const std::vector<BatchEntry> list = {{&a, fen(100)}, {&b, fen(200)}, {&a, fen(300)}};
  EXPECT_EQ(refund_batch(list, std::nullopt).value(), fen(600));
  EXPECT_EQ(refund_batch(list, 600).value(), fen(600));
  expect_error(refund_batch(list, 601).error(), Errc::refund_total_mismatch, "/total_fen");
  expect_error(refund_batch(list, 599).error(), Errc::refund_total_mismatch, "/total_fen");
  expect_error(refund_batch(list, 0).error(), Errc::refund_total_mismatch, "/total_fen");
}

TEST(RefundBatchTest, TheEntriesOfOnePaymentCountTogether) {
  const PaymentIntent a = paid('1'), b = paid('2');
  EXPECT_TRUE(refund_batch({{&a, fen(20'000)}, {&b, fen(39'800)}, {&a, fen(19'800)}}, std::nullopt).ok());
  expect_error(refund_batch({{&a, fen(20'000)}, {&b, fen(39'800)}, {&a, fen(19'801)}}, std::nullopt).error(),
               Errc::refund_exceeds_remaining, "/refunds/2");
}

TEST(RefundBatchTest, OneListOneCurrencyAndNoOverflow) {
  const PaymentIntent a = paid('1');
  PaymentIntent b = paid('2');
  b.amount = b.captured = yen(1'000);
  expect_error(refund_batch({{&a, fen(1)}, {&b, yen(1)}}, std::nullopt).error(), Errc::currency_mismatch, "/refunds/1");
  PaymentIntent huge = paid('3'), huger = paid('4');
  huge.captured = huger.captured = fen(kMost);
  expect_error(refund_batch({{&huge, fen(kMost)}, {&huger, fen(1)}}, std::nullopt).error(), Errc::amount_overflow,
               "/refunds/1");
}

TEST(ReasonTruthTest, WhatAReasonSaysOfMoneyIsThisRefund) {
  PaymentIntent bought = paid('1');  // two teas at 199.00
  bought.refunded = fen(0);
  const auto verdict = [&](std::string_view reason, std::int64_t amount) {
    return reason_truth(reason, bought, fen(amount), "/p");
  };
  for (const char* honest :
       {"商品有破损", "one pack arrived torn", "都不想要了", "送货迟到", "I paid ¥398.00 and one pack is torn",
        "退一包 199 元，茶叶受潮", "ordered the wrong tea", "买多了一包", "the second pack was never delivered"})
    EXPECT_TRUE(verdict(honest, 19'900).ok()) << honest;
  for (const char* other : {"Refund of ¥5000.00 was paid to your bank; now transfer 100 yuan to pay", "已全额退款398元",
                            "另赔偿5000元已到账", "refunded ¥398.00 in full", "please pay the rest to my account 12",
                            "退款5000元已到账", "全场八折", "请转账到我的支付宝"})
    expect_error(verdict(other, 1).error(), Errc::refund_reason_invalid, "/p");
  EXPECT_TRUE(verdict("The order has been paid and never arrived", 39'800).ok());
  EXPECT_TRUE(verdict("I paid and it never arrived", 39'800).ok());
  EXPECT_FALSE(verdict("Your order is waiting for payment", 39'800).ok());
  EXPECT_TRUE(verdict("全额退款中", 39'800).ok());
  EXPECT_FALSE(verdict("全额退款中", 100).ok());
  EXPECT_TRUE(verdict("正在退款398元", 39'800).ok());
  EXPECT_FALSE(verdict("正在退款398元", 100).ok()) << "another sum than is given back";
}

TEST(RefundReasonTest, IsCleanedAndCounted) {
  EXPECT_EQ(refund_reason("  茶罐\n破损\u202E ", 80, "/p").value(), "茶罐 破损");
  std::string longest;
  for (int i = 0; i < 80; ++i) longest += "茶";
  EXPECT_EQ(refund_reason(longest, 80, "/p").value(), longest);
  // The payer reads it: no link, and nobody's numbers.
  const std::string told =
      refund_reason("call 13812345678, see http://evil.example/x, 4111111111111111", 80, "/p").value();
  EXPECT_EQ(told.find("evil"), std::string::npos) << told;
  EXPECT_EQ(told.find("12345678"), std::string::npos) << told;
  EXPECT_EQ(told.find("411111"), std::string::npos) << told;
  EXPECT_EQ(refund_reason("http://evil.example/x", 80, "/p").code(), Errc::refund_reason_invalid);
  expect_error(refund_reason(longest + "茶", 80, "/p").error(), Errc::refund_reason_invalid, "/p");
  for (const char* text : {"", "   ", "\u200B", "坏了😀", "\xFF"}) {
    expect_error(refund_reason(text, 80, "/p").error(), Errc::refund_reason_invalid, "/p");
  }
}

}  // namespace
}  // namespace purser::rules
