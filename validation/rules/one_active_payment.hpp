// A user has one open payment at a time. Asking for the same thing again means that one; asking for something else
// needs a choice that was made in the conversation: go on with the open one, replace it, or cancel it first.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstdint>
#include <vector>

namespace purser::rules {

enum class OpenPayment : std::uint8_t {
  none,        // nothing is open: make a new intent
  show_again,  // what is open is what is asked for, or is to be gone on with: show it, make nothing
  supersede,   // cancel what is open and make the new one, in one transaction
};

// What the conversation chose for an open payment of other goods.
enum class IfOpen : std::uint8_t { ask, go_on, replace };

// `open` is the user's open intent or nullptr; an intent that is no longer open counts as none. Lines are compared as a
// set of SKU, quantity and price. One whose rail has not answered yet (created, unknown) cannot be replaced: it may be
// being paid. Error: active_payment_exists, naming the payment that is in the way and the choices there are.
Result<OpenPayment> one_active_payment(const PaymentIntent* open, const std::vector<IntentLine>& wanted,
                                       IfOpen choice = IfOpen::ask);

}  // namespace purser::rules
