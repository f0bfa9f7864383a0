#include "validation/rules/refund_lines.hpp"

#include "validation/money/json_gate.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

// How much of `bought` the lines name; false when the count does not fit.
bool add_named(const std::vector<RefundLine>& lines, std::size_t count, const Sku& sku, std::int64_t& named) {
  for (std::size_t i = 0; i < count; ++i) {
    if (lines[i].sku == sku && __builtin_add_overflow(named, lines[i].quantity, &named)) return false;
  }
  return true;
}

}  // namespace

Result<Money> refund_lines(const PaymentIntent& intent, const std::vector<RefundLine>& lines,
                           const std::vector<RefundLine>& earlier, const std::string& param) {
  Money total(0, intent.amount.currency());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string at = pointer_to(pointer_to(param, "lines"), i);
    const RefundLine& line = lines[i];
    const auto bought = std::find_if(intent.lines.begin(), intent.lines.end(),
                                     [&](const IntentLine& candidate) { return candidate.sku == line.sku; });
    if (bought == intent.lines.end()) {
      return Error(Errc::unknown_sku, "this SKU is not part of that payment", pointer_to(at, "sku"));
    }
    if (line.quantity < 1)
      return Error(Errc::quantity_out_of_range, "the quantity is at least 1", pointer_to(at, "quantity"));
    std::int64_t named = 0;
    const bool counted =
        add_named(earlier, earlier.size(), line.sku, named) && add_named(lines, i + 1, line.sku, named);
    if (!counted || named > bought->quantity) {
      return Error(Errc::lines_exceed_order, "only " + std::to_string(bought->quantity) + " of this SKU were bought",
                   pointer_to(at, "quantity"));
    }
    auto price = bought->unit_price.times(line.quantity);
    auto sum = price ? total.plus(*price) : price;
    if (!sum) return Error(sum.code(), sum.error().message, at);
    total = *sum;
  }
  return total;
}

Result<void> refund_amount(std::optional<std::int64_t> claim, Money server, const std::string& param) {
  if (!claim || *claim == server.minor()) return success();
  return Error(Errc::refund_amount_mismatch,
               "the amount differs from what is named beside it, which comes to " + server.display() +
                   "; leave the amount out or state it in minor units (fen)",
               pointer_to(param, "amount_fen"));
}

}  // namespace purser::rules
