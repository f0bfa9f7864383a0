#include "validation/domain/catalogue.hpp"

#include "validation/domain/search_terms.hpp"

#include <algorithm>

namespace purser {
namespace {

std::vector<std::string> terms_of(const CatalogueItem& item) {
  std::vector<std::string> terms = {search_form(item.name_zh), search_form(item.name_en), search_form(item.sku.str())};
  for (const std::string& alias : item.aliases) terms.push_back(search_form(alias));
  return terms;
}

}  // namespace

Money CatalogueItem::price_at(std::int64_t quantity) const {
  Money price = unit_price;
  for (const QuantityPrice& step : quantity_prices)
    if (quantity >= step.from) price = step.unit_price;
  return price;
}

Catalogue::Catalogue(std::string version, std::vector<CatalogueItem> items, UtcTime as_of)
    : version_(std::move(version)), as_of_(as_of), items_(std::move(items)) {
  terms_.reserve(items_.size());
  for (std::size_t i = 0; i < items_.size(); ++i) {
    terms_.push_back(terms_of(items_[i]));
    by_sku_.emplace(items_[i].sku, i);
  }
}

const CatalogueItem* Catalogue::find(const Sku& sku) const {
  const auto place = by_sku_.find(sku);
  return place == by_sku_.end() ? nullptr : &items_[place->second];
}

std::vector<const CatalogueItem*> Catalogue::search(std::string_view query, std::size_t limit) const {
  struct Hit {
    int score;
    const CatalogueItem* item;
  };
  const std::string wanted = search_form(query);
  std::vector<Hit> hits;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    if (!items_[i].on_sale) continue;
    const int score = wanted.empty() ? 1 : match_score(wanted, terms_[i]);
    if (score > 0) hits.push_back({score, &items_[i]});
  }
  std::stable_sort(hits.begin(), hits.end(), [](const Hit& a, const Hit& b) { return a.score > b.score; });
  if (hits.size() > limit) hits.resize(limit);
  std::vector<const CatalogueItem*> found;
  for (const Hit& hit : hits) found.push_back(hit.item);
  return found;
}

}  // namespace purser
