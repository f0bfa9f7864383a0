// A wish that ended unpaid and is renewed: what the customer knows is the old price. Another one is told and decided on
// before it is asked for.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace purser::rules {

// `stated` is the total that the model says it has told the customer; when it is there the other rules have compared it
// with the server's. Error: price_mismatch naming both totals, when `ended` was for the same goods at another total and
// nothing is stated.
Result<void> renewed_price(const PaymentIntent& ended, const std::vector<IntentLine>& lines, Money amount,
                           std::optional<std::int64_t> stated);

}  // namespace purser::rules
