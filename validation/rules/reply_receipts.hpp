// Payments and refunds that are told without a sentence for it: a receipt, a thumb behind the word, a bar that is full,
// goods that have left, "it is all back".
#pragma once

#include "validation/rules/clauses.hpp"

namespace purser::rules {

struct Receipts {
  bool paid = false;
  bool refunded = false;
  bool refund_started = false;
  bool refund_promised = false;  // "you will get your money back in 24 hours": true of a refund that was made
  bool of_all = false;           // beside a refund that is told: of both, of everything
  bool another = false;          // beside it: one more than the first
  bool nothing_due = false;
  bool thanks = false;  // "收到了，谢谢" while something waits to be paid
};

// `next` is the statement that follows, if any; `figures`: the clause names a sum of money.
Receipts receipts_of(const Statement& statement, const Statement* next, bool figures);

}  // namespace purser::rules
