// A refund that names lines: the amount is the server's, from the prices at which they were bought. A refund that
// named an amount and no lines bounds later ones by what is left of the payment alone (refund_bounds).
#pragma once

#include "validation/domain/intent.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace purser::rules {

// Half of a line is half of its price times its quantity, rounded down to the minor unit.
enum class Share : std::uint8_t { by_quantity, half, all };

struct RefundLine {
  Sku sku;
  std::int64_t quantity = 0;  // by_quantity only
  Share share = Share::by_quantity;
};

// What a line of a refund gives back, with the name and the price at which it was bought.
struct ReturnedLine {
  IntentLine line;  // its quantity is what is given back; of a half, what was bought
  Share share = Share::by_quantity;
  Money amount;

  friend bool operator==(const ReturnedLine&, const ReturnedLine&) = default;
};

// Of lines that refund_lines accepted.
std::vector<ReturnedLine> returned_lines(const PaymentIntent& intent, const std::vector<RefundLine>& lines);

// Half of what was paid, rounded down to the minor unit.
Money half_of(Money amount);

// What is named of one SKU on several lines counts together, also with `earlier`, the lines that earlier refunds and
// other entries of the same list name of this intent: never more pieces than were bought, never more money than they
// cost. `param` is the pointer of the entry; errors point below it. Errors: unknown_sku (not in this order),
// quantity_out_of_range (below 1), lines_exceed_order, amount_overflow, currency_mismatch.
Result<Money> refund_lines(const PaymentIntent& intent, const std::vector<RefundLine>& lines,
                           const std::vector<RefundLine>& earlier, const std::string& param);

// A refund amount stated beside lines or 'all' must be exactly the server's. Error: refund_amount_mismatch.
Result<void> refund_amount(std::optional<std::int64_t> claim, Money server, const std::string& param);

}  // namespace purser::rules
