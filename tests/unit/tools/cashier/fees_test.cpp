// The rail's share is booked beside what it is of, in whole fen, and comes back as money does.
#include "tools/cashier/fees.hpp"

#include "tests/support/store_rows.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace purser::cashier {
namespace {

constexpr std::int64_t kRate = 60;

PaymentIntent paid(std::int64_t fen) {
  PaymentIntent intent = test::make_intent(1, test::make_thread(1));
  intent.amount = intent.captured = Money(fen, Currency::cny());
  return intent;
}

std::vector<LedgerEntry> posted(const Batch& batch) {
  std::vector<LedgerEntry> out;
  for (const Operation& operation : batch.operations)
    if (const auto* line = std::get_if<op::PostLedger>(&operation)) out.push_back(line->row);
  return out;
}

std::vector<LedgerEntry> booked_by_capture(const PaymentIntent& intent, std::int64_t rate = kRate) {
  Batch batch("paid");
  batch.add(op::UpdateIntent{intent}).add(op::PostLedger{test::make_capture(intent)});
  add_fees(batch, rate, {});
  return posted(batch);
}

// Gives back `fen` more of the payment.
std::vector<LedgerEntry> booked_by_refund(PaymentIntent& intent, std::int64_t fen, int n,
                                          const std::vector<LedgerEntry>& booked, std::int64_t rate = kRate) {
  intent.refunded = Money(intent.refunded.minor() + fen, Currency::cny());
  LedgerEntry line = test::make_refund_line(test::make_refund(n, intent));
  line.amount = Money(fen, Currency::cny());
  Batch batch("refunded");
  batch.add(op::PostLedger{line}).add(op::UpdateIntent{intent});
  add_fees(batch, rate, booked);
  return posted(batch);
}

TEST(Fees, are_whole_fen_half_up) {
  EXPECT_EQ(fee_of(17'600, kRate), 106);
  EXPECT_EQ(fee_of(83, kRate), 0);
  EXPECT_EQ(fee_of(84, kRate), 1);
  EXPECT_EQ(fee_of(250, kRate), 2) << "1.5";
  EXPECT_EQ(fee_of(0, kRate), 0);
  EXPECT_EQ(fee_of(std::numeric_limits<std::int64_t>::max(), 1'000), std::numeric_limits<std::int64_t>::max() / 10 + 1);
}

TEST(Fees, stand_beside_the_payment_they_are_of) {
  const auto lines = booked_by_capture(paid(17'600));
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[1].kind, "fee");
  EXPECT_EQ(lines[1].reference, lines[0].reference);
  EXPECT_EQ(lines[1].debit_account, "fees:wechat");
  EXPECT_EQ(lines[1].credit_account, "rail:wechat");
  EXPECT_EQ(lines[1].amount, Money(106, Currency::cny()));
  EXPECT_EQ(lines[1].at, lines[0].at);
  EXPECT_EQ(booked_by_capture(paid(83)).size(), 1u) << "nothing is no line";
}

TEST(Fees, come_back_to_the_fen_however_the_payment_is_given_back) {
  for (const std::int64_t piece : {1, 7, 83, 84, 2'500, 9'999, 17'600}) {
    PaymentIntent intent = paid(17'600);
    std::vector<LedgerEntry> booked = booked_by_capture(intent);
    std::int64_t back = 0;
    for (int n = 1; intent.refunded.minor() < 17'600; ++n) {
      const std::int64_t fen = std::min(piece, 17'600 - intent.refunded.minor());
      for (LedgerEntry& line : booked_by_refund(intent, fen, n, booked)) {
        if (line.kind == "fee_return") {
          EXPECT_EQ(line.debit_account, "rail:wechat");
          EXPECT_EQ(line.credit_account, "fees:wechat");
          back += line.amount.minor();
        }
        booked.push_back(std::move(line));
      }
    }
    EXPECT_EQ(back, 106) << piece;
  }
}

TEST(Fees, that_were_not_booked_do_not_come_back) {
  PaymentIntent intent = paid(17'600);
  EXPECT_EQ(booked_by_refund(intent, 8'800, 1, {test::make_capture(intent)}).size(), 1u);
  PaymentIntent dearer = paid(17'600);
  EXPECT_EQ(booked_by_refund(dearer, 8'800, 1, booked_by_capture(paid(17'600), 100)).size(), 1u) << "another rate";
}

}  // namespace
}  // namespace purser::cashier
