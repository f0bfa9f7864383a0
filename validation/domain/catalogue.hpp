// What can be bought, and for how much: the server's own data, against which every price a model states is checked.
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace purser {

// What one piece costs from so many pieces of a line on.
struct QuantityPrice {
  std::int64_t from;
  Money unit_price;

  friend bool operator==(const QuantityPrice&, const QuantityPrice&) = default;
};

struct CatalogueItem {
  Sku sku;
  std::string name_zh;
  std::string name_en;
  std::string description_zh;
  std::string description_en;
  std::vector<std::string> aliases;  // other words a customer would say, either language, lower case
  Money unit_price;
  std::vector<QuantityPrice> quantity_prices;  // more pieces, a lower price
  std::int64_t quantity_max = 99;
  bool on_sale = true;
  std::optional<std::int64_t> tolerance_per_mille;  // of a stated price, in place of the shop's

  const std::string& name(std::string_view locale) const { return locale.starts_with("zh") ? name_zh : name_en; }
  // What each of `quantity` pieces on one line costs: the only discount there is.
  Money price_at(std::int64_t quantity) const;
};

class Catalogue {
 public:
  Catalogue() = default;
  // `as_of`: when the prices were taken; epoch when nobody says.
  Catalogue(std::string version, std::vector<CatalogueItem> items, UtcTime as_of = UtcTime{});

  // {"version": "...", "as_of"?: RFC 3339, "items":
  // [{"sku","name":{"zh","en"},"description":{"zh","en"},"aliases":[],"unit_price_fen",
  // "currency","quantity_prices":[{"from", "unit_price_fen" or "percent_off"}],"quantity_max","on_sale",
  // "tolerance_per_mille"}]}; sku, both names and the price are required. A percentage is taken off the item's unit
  // price and what is left of it cut to the fen, in the customer's favour. Errors: config_bad_value with every mistake
  // on a line of its own, each naming item, key and rule; the gate's own when it is not JSON.
  static Result<Catalogue> from_json(std::string_view text);

  const std::string& version() const { return version_; }
  UtcTime as_of() const { return as_of_; }
  const std::vector<CatalogueItem>& items() const { return items_; }
  // nullptr when there is no such SKU; an item that is not on sale is found.
  const CatalogueItem* find(const Sku& sku) const;
  // Items on sale whose names or aliases match the words of `query`, best first; all of them for an empty query.
  std::vector<const CatalogueItem*> search(std::string_view query, std::size_t limit) const;

 private:
  std::string version_;
  UtcTime as_of_{};
  std::vector<CatalogueItem> items_;
  std::vector<std::vector<std::string>> terms_;  // of each item, in search form
  std::unordered_map<Sku, std::size_t> by_sku_;
};

}  // namespace purser
