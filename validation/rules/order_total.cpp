#include "validation/rules/order_total.hpp"

#include <cstdlib>

namespace purser::rules {

Result<Money> order_amount(const std::vector<IntentLine>& lines, Currency currency, std::int64_t amount_max) {
  auto total = total_of(lines, currency);
  if (!total) return Error(total.code(), total.error().message, "/lines");
  if (total->minor() < 1 || total->minor() > amount_max) {
    return Error(Errc::order_amount_out_of_range,
                 "one order may cost up to " + Money(amount_max, currency).display() + "; buy less in one order",
                 "/lines");
  }
  return *total;
}

std::int64_t total_tolerance(const Catalogue& catalogue, const std::vector<IntentLine>& lines, std::int64_t per_mille) {
  __extension__ using Wide = __int128;  // no product of figures that make an order overflows it
  Wide thousandths = 0;
  for (const IntentLine& line : lines) {
    const CatalogueItem* item = catalogue.find(line.sku);
    const std::int64_t own = item == nullptr ? per_mille : item->tolerance_per_mille.value_or(per_mille);
    thousandths += Wide{line.unit_price.minor()} * line.quantity * own;
  }
  return static_cast<std::int64_t>(thousandths / 1'000);
}

Result<void> order_total(std::optional<std::int64_t> claim, Money server, std::int64_t tolerance,
                         std::int64_t amount_max) {
  if (!claim) return success();
  if (*claim < 1 || *claim > amount_max) {
    return Error(Errc::amount_out_of_range, "a total is 1 to " + std::to_string(amount_max) + " in minor units (fen)",
                 "/total_fen");
  }
  if (std::abs(*claim - server.minor()) > tolerance) {
    return Error(Errc::total_mismatch,
                 "the total differs from the sum of the lines at catalogue prices (in minor units, fen); call "
                 "search_catalogue for the current prices, or leave the total out",
                 "/total_fen");
  }
  return success();
}

}  // namespace purser::rules
