// What a sentence claims about the state of an order, beside that it was paid or refunded: that it was made, canceled,
// has expired, waits to be paid, is still unpaid, or that nothing was given back.
#pragma once

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
  bool not_refunded = false;
};

StateClaims states_of(std::string_view text);

}  // namespace purser::rules
