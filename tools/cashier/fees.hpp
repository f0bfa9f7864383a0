// What the rail keeps of payments, as double-entry lines beside them: booked by the rate that was agreed, so that the
// rail's own bill can be held against it.
#pragma once

#include "gateway/store/store.hpp"

#include <cstdint>
#include <vector>

namespace purser::cashier {

// Of an amount in minor units, both not below zero; in whole minor units, half up, as the rail rounds.
std::int64_t fee_of(std::int64_t amount, std::int64_t basis_points);

// Adds to a batch that posts captures and refunds, with the rows of their intents, what they cost and give back. The
// rail gives back the fee of what is no longer kept. `booked`: the intent's lines so far; a payment whose fee was not
// booked, or by another rate, gives none back.
void add_fees(Batch& batch, std::int64_t basis_points, const std::vector<LedgerEntry>& booked);

}  // namespace purser::cashier
