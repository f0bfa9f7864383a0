// The lines of an order: each SKU exists, is on sale and stands once, quantities are within bounds, stated prices agree
// with the catalogue. What comes out carries the catalogue's names and prices, nothing the model wrote.
#pragma once

#include "validation/domain/catalogue.hpp"
#include "validation/domain/intent.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace purser::rules {

struct LineClaim {
  Sku sku;
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price_fen;
};

struct LineLimits {
  std::int64_t lines_max = 0;
  std::int64_t quantity_max = 0;         // of one line; an item's own limit holds beside it
  std::int64_t amount_max = 0;           // of a stated price, in minor units
  std::int64_t tolerance_per_mille = 5;  // of a stated price; an item's own goes before it
};

// `param` of an error is the pointer "/lines/<index>/<member>". Errors: json_out_of_range (no lines or too many),
// unknown_sku, duplicate_lines, sku_not_on_sale, quantity_out_of_range, amount_out_of_range, price_mismatch.
Result<std::vector<IntentLine>> order_lines(const Catalogue& catalogue, const std::vector<LineClaim>& claims,
                                            const LineLimits& limits, std::string_view locale);

}  // namespace purser::rules
