#include "validation/domain/intent.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace purser {
namespace {

Money fen(std::int64_t minor) {
  return Money(minor, Currency::cny());
}

IntentLine line(std::int64_t quantity, Money unit_price) {
  return IntentLine{Sku::trusted("TEA"), "tea", quantity, unit_price};
}

TEST(IntentTest, OpenStatesCountAsTheActivePayment) {
  EXPECT_TRUE(is_open(IntentState::created));
  EXPECT_TRUE(is_open(IntentState::awaiting_payment));
  EXPECT_TRUE(is_open(IntentState::unknown));
  for (auto s : {IntentState::succeeded, IntentState::expired, IntentState::canceled, IntentState::failed,
                 IntentState::conflicted}) {
    EXPECT_FALSE(is_open(s)) << to_string(s);
  }
}

TEST(IntentTest, RefundableIsWhatIsCapturedAndNeitherReturnedNorPromised) {
  PaymentIntent intent;
  intent.amount = fen(39800);
  EXPECT_EQ(refundable(intent), fen(0));
  intent.captured = fen(39800);
  EXPECT_EQ(refundable(intent), fen(39800));
  intent.refunded = fen(800);
  EXPECT_EQ(refundable(intent), fen(39000));
  intent.refund_reserved = fen(9000);
  EXPECT_EQ(refundable(intent), fen(30000));
}

TEST(IntentTest, NothingIsRefundableWhenTheFiguresMakeNoSense) {
  PaymentIntent intent;
  intent.amount = fen(100);
  intent.captured = Money(100, Currency::parse("JPY").value());
  EXPECT_EQ(refundable(intent), fen(0));
  intent.captured = fen(std::numeric_limits<std::int64_t>::min());
  intent.refunded = fen(1);
  EXPECT_EQ(refundable(intent), fen(0));
}

TEST(IntentTest, TheTotalIsTheSumOfTheLines) {
  EXPECT_EQ(total_of({}, Currency::cny()).value(), fen(0));
  EXPECT_EQ(total_of({line(2, fen(19900)), line(1, fen(1))}, Currency::cny()).value(), fen(39801));
}

TEST(IntentTest, ATotalThatDoesNotFitIsAnError) {
  const Money most = fen(std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(total_of({line(2, most)}, Currency::cny()).code(), Errc::amount_overflow);
  EXPECT_EQ(total_of({line(1, most), line(1, fen(1))}, Currency::cny()).code(), Errc::amount_overflow);
  EXPECT_EQ(total_of({line(1, fen(1))}, Currency::parse("USD").value()).code(), Errc::currency_mismatch);
}

}  // namespace
}  // namespace purser
