// What an order costs: the sum of its lines, within what one order may cost, and a stated total that agrees with it.
#pragma once

#include "validation/domain/catalogue.hpp"
#include "validation/domain/intent.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace purser::rules {

// The server's figure, 1..amount_max minor units. Errors: amount_overflow, currency_mismatch,
// order_amount_out_of_range.
Result<Money> order_amount(const std::vector<IntentLine>& lines, Currency currency, std::int64_t amount_max);

// By how much a stated total may differ, in minor units: as much as the stated prices of its lines may together, each
// item with its own tolerance and the others with `per_mille`. Below 200 minor units half a percent is nothing.
std::int64_t total_tolerance(const Catalogue& catalogue, const std::vector<IntentLine>& lines, std::int64_t per_mille);

// No statement, nothing to check. Errors: amount_out_of_range (not 1..amount_max), total_mismatch (further from the
// server's total than `tolerance`).
Result<void> order_total(std::optional<std::int64_t> claim, Money server, std::int64_t tolerance,
                         std::int64_t amount_max);

}  // namespace purser::rules
