// A user has one open payment at a time. Asking for the same thing again means that one; asking for something else is
// refused until it is paid, canceled or expired.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstdint>
#include <vector>

namespace purser::rules {

enum class OpenPayment : std::uint8_t {
  none,          // nothing is open: make a new intent
  same_content,  // what is open is what is asked for: show it again, make nothing
};

// `open` is the user's open intent or nullptr; an intent that is no longer open counts as none. Lines are compared as a
// set of SKU, quantity and price. Error: active_payment_exists, naming the payment that is in the way.
Result<OpenPayment> one_active_payment(const PaymentIntent* open, const std::vector<IntentLine>& wanted);

}  // namespace purser::rules
