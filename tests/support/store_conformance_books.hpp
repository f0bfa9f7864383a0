// Part of store_conformance.hpp: the double-entry ledger, and that it and the payments cannot come apart.
#pragma once

#include "tests/support/store_conformance.hpp"

namespace purser::test {

// A line of another kind beside `beside`, with the accounts that kind moves between.
inline LedgerEntry line_beside(LedgerEntry beside, std::string kind, std::string debit, std::string credit,
                               std::int64_t amount) {
  beside.kind = std::move(kind);
  beside.debit_account = std::move(debit);
  beside.credit_account = std::move(credit);
  beside.amount = Money(amount, Currency::cny());
  return beside;
}

TEST_P(StoreConformance, a_line_without_its_payment_is_refused) {
  const PaymentIntent intent = make_intent(1, given_thread(1));
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{intent}, op::PostLedger{make_capture(intent)}), Errc::internal,
                      "ledger_balance"));
  EXPECT_TRUE(refused(ask(store().intent(intent.id)), Errc::not_found));
  EXPECT_EQ(ask(store().ledger_totals(intent.tenant)).value(), LedgerTotals());
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, a_payment_without_its_line_is_refused) {
  const Thread thread = given_thread(1);
  PaymentIntent paid = make_intent(1, thread);
  paid.captured = paid.amount;
  EXPECT_TRUE(refused(commit_of(op::InsertIntent{paid}), Errc::internal, "ledger_balance"));
  PaymentIntent later = make_intent(2, thread);
  ASSERT_TRUE(good(commit_of(op::InsertIntent{later})));
  later.captured = later.amount;
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{later}), Errc::internal, "ledger_balance"));
  EXPECT_TRUE(good(commit_of(op::PostLedger{make_capture(later)}, op::UpdateIntent{later}))) << "in either order";
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, refunds_and_their_lines_are_one) {
  PaymentIntent paid = given_paid_intent(1, given_thread(1));
  const Refund refund = make_refund(1, paid);
  EXPECT_TRUE(refused(commit_of(op::PostLedger{make_refund_line(refund)}), Errc::internal, "ledger_balance"));
  paid.refunded = Money(refund.amount.minor() + 1, Currency::cny());
  EXPECT_TRUE(refused(commit_of(op::UpdateIntent{paid}, op::PostLedger{make_refund_line(refund)}), Errc::internal,
                      "ledger_balance"))
      << "to the fen";
  paid.refunded = refund.amount;
  EXPECT_TRUE(good(commit_of(op::UpdateIntent{paid}, op::PostLedger{make_refund_line(refund)})));
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, books_that_would_differ_leave_their_neighbours_alone) {
  std::vector<Batch> batches;
  for (int n = 1; n <= 12; ++n) {
    const Thread thread = given_thread(n);
    PaymentIntent intent = make_intent(n, thread);
    intent.captured = n % 3 == 0 ? Money(1, Currency::cny()) : intent.amount;
    Batch batch("paid");
    batch.add(op::InsertIntent{intent}).add(op::PostLedger{make_capture(intent)});
    batches.push_back(std::move(batch));
  }
  const auto answers = commit_together(std::move(batches));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if ((i + 1) % 3 == 0) {
      EXPECT_TRUE(refused(answers[i], Errc::internal, "ledger_balance")) << i;
    } else {
      EXPECT_TRUE(good(answers[i])) << i;
    }
  }
  EXPECT_EQ(ask(store().ledger_totals(TenantId::trusted("tenant-1"))).value().entries, 8);
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, fees_and_costs_are_lines_of_their_own) {
  PaymentIntent paid = given_paid_intent(1, given_thread(1));
  const Refund refund = make_refund(1, paid);
  const LedgerEntry capture = make_capture(paid);
  paid.refunded = refund.amount;
  ASSERT_TRUE(good(
      commit_of(op::PostLedger{line_beside(capture, "fee", "fees:wechat", "rail:wechat", 8)},
                op::PostLedger{line_beside(capture, "token_cost", "costs:tokens", "model:provider", 3)},
                op::UpdateIntent{paid}, op::PostLedger{make_refund_line(refund)},
                op::PostLedger{line_beside(make_refund_line(refund), "fee_return", "rail:wechat", "fees:wechat", 1)})));
  LedgerTotals totals;
  totals.captured = 1299;
  totals.refunded = 100;
  totals.fees = 7;
  totals.tokens = 3;
  totals.entries = 5;
  EXPECT_EQ(ask(store().ledger_totals(paid.tenant)).value(), totals);
  EXPECT_EQ(ask(store().ledger_of_intent(paid.id)).value().size(), 5U);
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, late_and_duplicate_payments_are_told_apart) {
  const Thread thread = given_thread(1);
  int n = 0;
  for (const char* kind : {"late_capture", "duplicate_capture"}) {
    PaymentIntent paid = make_intent(++n, thread);
    paid.state = IntentState::expired;
    paid.captured = paid.amount;
    LedgerEntry line = make_capture(paid);
    line.kind = kind;
    ASSERT_TRUE(good(commit_of(op::InsertIntent{paid}, op::PostLedger{line}))) << kind;
    EXPECT_EQ(ask(store().ledger_of_intent(paid.id)).value().at(0).kind, kind);
  }
  EXPECT_EQ(ask(store().ledger_totals(thread.tenant)).value().captured, 2 * 1299);
  EXPECT_TRUE(good(ask(store().verify_ledger())));
}

TEST_P(StoreConformance, a_line_moves_between_the_accounts_of_its_kind) {
  const PaymentIntent paid = given_paid_intent(1, given_thread(1));
  const LedgerEntry capture = make_capture(paid);
  const std::vector<LedgerEntry> wrong = {line_beside(capture, "fee", "rail:wechat", "fees:wechat", 8),
                                          line_beside(capture, "fee", "fees:wechat", "merchant:tenant-1", 8),
                                          line_beside(capture, "fee_return", "fees:wechat", "rail:wechat", 8),
                                          line_beside(capture, "token_cost", "rail:wechat", "model:provider", 8),
                                          line_beside(capture, "refund", "rail:wechat", "merchant:tenant-1", 8),
                                          line_beside(capture, "late_capture", "merchant:tenant-1", "rail:wechat", 8),
                                          line_beside(capture, "gift", "rail:wechat", "merchant:tenant-1", 8)};
  for (const LedgerEntry& line : wrong)
    EXPECT_TRUE(refused(commit_of(op::PostLedger{line}), Errc::internal)) << line.kind;
  EXPECT_EQ(ask(store().ledger_of_intent(paid.id)).value().size(), 1U);
}

}  // namespace purser::test
