// What a sentence claims about the state of an order, beside that it was paid or refunded: that it was made, canceled,
// has expired, is still unpaid, or that nothing was given back.
#pragma once

#include <string_view>

namespace purser::rules {

struct StateClaims {
  bool created = false;
  bool canceled = false;
  bool expired = false;
  bool unpaid = false;
  bool not_refunded = false;
};

StateClaims states_of(std::string_view text);

}  // namespace purser::rules
