// What an assistant says about money must be what the ledger holds, and links are the server's to give. Deterministic
// and shallow on purpose: it reads clauses, not meaning, and the receipts a user trusts are cards made by the server.
#pragma once

#include "validation/money/money.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

// What is true in this thread.
struct LedgerFacts {
  bool payment_succeeded = false;  // at least one intent of the thread is paid
  bool refund_succeeded = false;   // at least one refund of the thread is done
  bool refund_pending = false;     // at least one is on its way: "refund submitted" is true, "refunded" is not
  // Every figure that may stand in a clause that claims a payment or refund: totals, unit prices, line totals, refunds,
  // what is left. Figures are not checked when empty.
  std::vector<Money> amounts;
};

struct CheckedReply {
  std::string text;      // what may be shown
  bool changed = false;  // links, images or markup were taken out, or hidden characters
};

// Errors: reply_untrue, saying which claim the ledger does not hold; malformed_text when it is not UTF-8.
Result<CheckedReply> reply_truth(std::string_view text, const LedgerFacts& facts);

}  // namespace purser::rules
