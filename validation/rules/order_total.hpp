// What an order costs: the sum of its lines, within what one order may cost, and a stated total that agrees with it.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace purser::rules {

// The server's figure, 1..amount_max minor units. Errors: amount_overflow, currency_mismatch,
// order_amount_out_of_range.
Result<Money> order_amount(const std::vector<IntentLine>& lines, Currency currency, std::int64_t amount_max);

// A stated total is held to the same half percent of the server's total as a stated price, so a total built from
// accepted prices is accepted too, and below 200 minor units it must be exact. No statement, nothing to check. Errors:
// amount_out_of_range (not 1..amount_max), total_mismatch.
Result<void> order_total(std::optional<std::int64_t> claim, Money server, std::int64_t amount_max);

}  // namespace purser::rules
