// A refund is never more than what is left of the payment, and only of a payment whose money is here.
#pragma once

#include "validation/domain/intent.hpp"

#include <string>

namespace purser::rules {

// Error: refund_not_allowed, saying the state.
Result<void> refund_state(const PaymentIntent& intent, const std::string& param);

// `claimed` is what other entries of the same list take from this intent. Errors: currency_mismatch,
// amount_out_of_range (below 1), refund_exceeds_remaining, amount_overflow.
Result<void> refund_bounds(const PaymentIntent& intent, Money amount, Money claimed, const std::string& param);

}  // namespace purser::rules
