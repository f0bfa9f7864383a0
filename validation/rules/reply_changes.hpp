// What a reply says became of an order, beside what reply_states.hpp reads: that it was changed, that there is none,
// that it was not canceled, that the code to pay with still works, or that it was paid twice.
#pragma once

#include "validation/rules/clauses.hpp"

namespace purser::rules {

struct ChangeClaims {
  bool changed = false;       // an order was changed into another
  bool none = false;          // there is no order at all
  bool none_open = false;     // there is none to pay
  bool not_canceled = false;  // the order was not canceled
  bool canceled = false;      // it was, said bare: "Order canceled", "取消好了"
  bool usable = false;        // what one pays with still works
  bool ordered = false;       // something was ordered for the customer
  bool waits = false;         // an order waits
  bool paid_twice = false;
  bool declined = false;  // the payment did not go through
};

ChangeClaims changes_of(const std::vector<Statement>& statements);

}  // namespace purser::rules
