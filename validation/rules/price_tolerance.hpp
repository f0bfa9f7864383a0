// A price that a model states is a claim: it may differ from the server's by half a percent, which below 200 fen means
// not at all. What is charged is the server's figure either way.
#pragma once

#include "validation/money/money.hpp"

#include <cstdint>
#include <string>

namespace purser::rules {

inline constexpr std::int64_t kHalfPercent = 5;  // per mille

// abs(claim - server) * 1000 <= server * per_mille, exactly, for two positive figures; false when one is not positive.
// At half a percent that is abs(claim - server) * 200 <= server. 0: only the exact figure.
bool within_tolerance(std::int64_t claim, std::int64_t server, std::int64_t per_mille = kHalfPercent);

// `param` names the claim. Errors: amount_out_of_range (not 1..amount_max), price_mismatch.
Result<void> price_tolerance(std::int64_t claim, Money server, std::int64_t amount_max, const std::string& param,
                             std::int64_t per_mille = kHalfPercent);

}  // namespace purser::rules
