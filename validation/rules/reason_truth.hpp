// The reason of a refund stands on the server's own receipt and at the rail: what it says of money is held against the
// refund as a reply is held against the ledger.
#pragma once

#include "validation/domain/intent.hpp"

#include <string>
#include <string_view>

namespace purser::rules {

// `amount` of `intent` is given back for `reason`. Error: refund_reason_invalid where the reason claims another payment
// or refund than this, names a sum that is no figure of the order, promises a discount or sends the customer to pay.
Result<void> reason_truth(std::string_view reason, const PaymentIntent& intent, Money amount, const std::string& param);

}  // namespace purser::rules
