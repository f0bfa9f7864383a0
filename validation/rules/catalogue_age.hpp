// Prices that nobody has looked at for too long are not charged by.
#pragma once

#include "validation/money/result.hpp"
#include "validation/money/time.hpp"

namespace purser::rules {

// `age_max` zero: prices do not age. At `age_max` they are too old; prices of unknown age (epoch) are. Error:
// catalogue_stale.
Result<void> catalogue_age(UtcTime as_of, UtcTime now, Millis age_max);

}  // namespace purser::rules
