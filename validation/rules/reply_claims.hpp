// What a sentence claims about money, in English and Chinese: that something was paid, that something was refunded,
// that a refund is on its way; and what it asks to be paid. Negations, questions, conditions and what the user is
// reported to have said claim nothing.
#pragma once

#include "validation/rules/clauses.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

struct ReplyClaims {
  bool paid = false;
  bool refunded = false;
  bool refund_started = false;
  bool nothing_due = false;          // that there is nothing left to pay
  std::vector<std::string> clauses;  // those that claim something, lower case
  // What each of them claims.
  struct Of {
    bool paid = false;
    bool refunded = false;
    bool refund_started = false;
    bool all_of_it = false;  // that all that was paid was, or is being, refunded
    bool another = false;    // that one more was refunded than the first
  };
  std::vector<Of> of_clause;
  std::vector<std::string> asking;  // clauses that ask for a payment of a sum, lower case
  bool asks_plainly = false;        // one of them, or one without a sum, says "please pay"
  bool refund_promised = false;     // that money will be back by a time
  bool thanks = false;              // that something was received, with thanks
};

ReplyClaims claims_of(std::string_view text);
ReplyClaims claims_of(const std::vector<Statement>& statements);

}  // namespace purser::rules
