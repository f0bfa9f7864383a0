// Every refund says why, in words that the rail takes.
#pragma once

#include "validation/money/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser::rules {

// The reason after hygiene, without links and with personal numbers masked, 1..characters_max characters of at most
// three bytes. Error: refund_reason_invalid.
Result<std::string> refund_reason(std::string_view text, std::int64_t characters_max, const std::string& param);

}  // namespace purser::rules
