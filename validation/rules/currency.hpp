// One order has one currency, the catalogue's; a stated currency must be exactly that one.
#pragma once

#include "validation/domain/intent.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser::rules {

// The currency of the lines. Errors: currency_mismatch (also between two lines), unknown_currency.
Result<Currency> order_currency(const std::vector<IntentLine>& lines, const std::optional<std::string>& claim);

}  // namespace purser::rules
