// What a sentence claims about the state of an order, beside that it was paid or refunded: that it was made, canceled,
// has expired, waits to be paid, is still unpaid, or that nothing was given back.
#pragma once

#include "validation/rules/clauses.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

struct StateClaims {
  bool created = false;
  std::vector<std::string> canceled;  // the clauses that say so, lower case
  std::vector<std::string> expired;
  bool closed = false;  // canceled, expired or done with: it cannot be paid any more
  bool open = false;    // it waits to be paid
  bool unpaid = false;
  bool missing = false;  // money has not come: to the shop, or back to the customer
  bool not_refunded = false;
  bool rest_not_refunded = false;  // wherever that is said, it is said of the rest, or of the other piece
};

StateClaims states_of(std::string_view text);
StateClaims states_of(const std::vector<Statement>& statements);

}  // namespace purser::rules
