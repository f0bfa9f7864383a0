// What is true in the states that the tables of sentences are about: tea costs ¥88.00, a gift box ¥198.00, an order is
// of two teas. Times are those of China.
#pragma once

#include "tests/support/samples.hpp"
#include "validation/rules/reply_truth.hpp"

#include <string_view>

namespace purser::rules {

// S0b: the catalogue was shown, nothing was bought. S1: ¥176.00 waits to be paid since 14:01 until 14:06, four and a
// half minutes from now. S2: it was paid at 14:02. S3: and ¥88.00 of it came back. S4: the order was canceled unpaid.
inline LedgerFacts state_of_ledger(std::string_view state) {
  constexpr std::int64_t kTea = 8'800;
  constexpr std::int64_t kBox = 19'800;
  constexpr std::int64_t kOrder = 2 * kTea;
  constexpr std::int64_t kPieces = 99;
  const auto fen = [](std::int64_t minor) { return samples::fen(minor); };
  LedgerFacts facts;
  facts.known = {fen(0), fen(kTea), fen(kBox), fen(kTea + kBox)};
  for (std::int64_t n = 2; n <= kPieces; ++n) facts.known.insert(facts.known.end(), {fen(n * kTea), fen(n * kBox)});
  facts.prices = {fen(kTea), fen(kBox)};
  facts.order_made = state != "S0b";
  facts.order_canceled = state == "S4";
  facts.order_expired = facts.order_changed = false;
  facts.order_open = state == "S1";
  facts.refunded_all = facts.refunding_all = false;
  facts.payments_made = facts.refunds_made = 0;
  if (state == "S0b") return facts;
  facts.minutes = {5};
  facts.seconds = {300};
  facts.minutes_of_day = {14 * 60 + 1, 14 * 60 + 6};
  facts.amounts = {fen(kOrder), fen(kTea), fen(0)};
  facts.order_totals = {fen(kOrder)};
  if (state == "S1") {
    facts.to_pay = {fen(kOrder)};
    facts.minutes.push_back(4);
    facts.seconds.insert(facts.seconds.end(), {270, 271});
    return facts;
  }
  if (state == "S4") {
    facts.canceled = {fen(kOrder)};
    return facts;
  }
  facts.minutes_of_day.push_back(14 * 60 + 2);
  facts.payment_succeeded = true;
  facts.may_be_unpaid = false;
  facts.payments_made = 1;
  facts.paid = {fen(kOrder)};
  facts.unit_prices = {fen(kTea)};
  facts.line_totals = facts.refundable = {fen(kOrder)};
  if (state == "S3") {
    facts.refund_succeeded = true;
    facts.may_be_unrefunded = false;
    facts.refunds_made = 1;
    facts.refunded = facts.refundable = {fen(kTea)};
  }
  return facts;
}

}  // namespace purser::rules
