#include "validation/rules/order_lines.hpp"

#include "validation/money/json_gate.hpp"
#include "validation/rules/price_tolerance.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

Result<IntentLine> check_line(const Catalogue& catalogue, const LineClaim& claim, const LineLimits& limits,
                              std::string_view locale, const std::string& at) {
  const CatalogueItem* item = catalogue.find(claim.sku);
  if (item == nullptr) {
    return Error(Errc::unknown_sku, "no such SKU here; call search_catalogue for what can be bought",
                 pointer_to(at, "sku"));
  }
  if (!item->on_sale) return Error(Errc::sku_not_on_sale, "this item is not on sale now", pointer_to(at, "sku"));
  const std::int64_t most = std::min(limits.quantity_max, item->quantity_max);
  if (claim.quantity < 1 || claim.quantity > most) {
    return Error(Errc::quantity_out_of_range, "the quantity of this item is 1 to " + std::to_string(most),
                 pointer_to(at, "quantity"));
  }
  const Money price = item->price_at(claim.quantity);
  if (claim.unit_price_fen) {
    const std::string there = pointer_to(at, "unit_price_fen");
    const std::int64_t per_mille = item->tolerance_per_mille.value_or(limits.tolerance_per_mille);
    auto good = price_tolerance(*claim.unit_price_fen, price, limits.amount_max, there, per_mille);
    if (!good) return good.error();
  }
  return IntentLine{item->sku, item->name(locale), claim.quantity, price};
}

}  // namespace

Result<std::vector<IntentLine>> order_lines(const Catalogue& catalogue, const std::vector<LineClaim>& claims,
                                            const LineLimits& limits, std::string_view locale) {
  if (claims.empty() || claims.size() > static_cast<std::size_t>(limits.lines_max)) {
    return Error(Errc::json_out_of_range, "an order has 1 to " + std::to_string(limits.lines_max) + " lines", "/lines");
  }
  std::vector<IntentLine> lines;
  for (std::size_t i = 0; i < claims.size(); ++i) {
    const std::string at = pointer_to("/lines", i);
    const auto same = [&](const IntentLine& line) { return line.sku == claims[i].sku; };
    if (std::any_of(lines.begin(), lines.end(), same)) {
      return Error(Errc::duplicate_lines, "this SKU stands on an earlier line; put its quantities together on one line",
                   pointer_to(at, "sku"));
    }
    auto line = check_line(catalogue, claims[i], limits, locale, at);
    if (!line) return line.error();
    lines.push_back(std::move(*line));
  }
  return lines;
}

}  // namespace purser::rules
