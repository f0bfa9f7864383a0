// Who moved money where, by the words that make up such a sentence rather than by sentences: a sum or a name for it, a
// verb, and the side it moves to. Beside the phrases of reply_claims.cpp.
#pragma once

#include "validation/rules/clauses.hpp"

namespace purser::rules {

struct MoneyMoves {
  bool paid = false;            // it came from the customer to the shop
  bool refunded = false;        // it went back
  bool refund_started = false;  // it is going back
  bool all_of_it = false;       // all that was paid: of a refund that is claimed beside it
  bool nothing_due = false;     // there is nothing left to pay
};

// `figures`: the clause names a sum of money.
MoneyMoves money_moves(const Statement& statement, bool figures);

}  // namespace purser::rules
