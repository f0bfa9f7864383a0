// A list of refunds balances or is refused as a whole: the entries add up to the stated total, and the entries of one
// payment together stay within what is left of it.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace purser::rules {

struct BatchEntry {
  const PaymentIntent* intent = nullptr;
  Money amount;
};

// 1..list_max entries. Error: json_out_of_range.
Result<void> refund_list_size(std::size_t entries, std::int64_t list_max);

// The sum, which may not be stated wrongly. Each entry is held to refund_bounds, counting the entries before it.
// `param` of an error is the pointer of the entry that crosses, "/refunds/<index>", or "/total_fen". Errors:
// currency_mismatch, refund_exceeds_remaining, refund_total_mismatch, amount_out_of_range, amount_overflow.
Result<Money> refund_batch(const std::vector<BatchEntry>& entries, std::optional<std::int64_t> total_claim);

}  // namespace purser::rules
