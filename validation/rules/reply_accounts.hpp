// How shop and customer stand with each other, in the words people have for it: "you're all settled up", "your tab is
// cleared", "两清"; and the other way round: "you still owe us", "I see no payment from you", "没查到您的付款".
#pragma once

#include "validation/rules/clauses.hpp"

namespace purser::rules {

struct SettledClaims {
  bool paid = false;         // a bill, an order or its money is said to be done with
  bool nothing_due = false;  // the two are even: true also where nothing was ever bought
};
// `figures`: the clause names a sum of money.
SettledClaims settled_in(const Statement& statement, bool figures);

struct OwedClaims {
  bool unpaid = false;   // the customer owes, or no payment of theirs is known
  bool missing = false;  // money has not come; of a refund it may be said as well
};
OwedClaims owed_in(const Statement& statement);

}  // namespace purser::rules
