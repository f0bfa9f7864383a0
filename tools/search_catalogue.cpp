#include "tools/cards.hpp"
#include "tools/tools.hpp"

#include <nlohmann/json.hpp>

namespace purser {

namespace {

using nlohmann::json;

constexpr std::int64_t kItemsMax = 30;

class SearchCatalogue final : public Tool {
 public:
  explicit SearchCatalogue(const Catalogue& catalogue) : catalogue_(catalogue) {}

  const rules::ToolSpec& spec() const override { return spec_; }

  Task<Result<ToolOutput>> run(ToolContext& context, json arguments) override {
    const std::string query = arguments.value("query", "");
    const auto limit = static_cast<std::size_t>(arguments.value("limit", kItemsMax));
    const auto found = catalogue_.search(query, limit);
    json items = json::array();
    for (const CatalogueItem* item : found) {
      const bool zh = context.thread.locale.starts_with("zh");
      json shown = {{"sku", item->sku.str()},
                    {"name", item->name(context.thread.locale)},
                    {"description", zh ? item->description_zh : item->description_en},
                    {"unit_price_fen", item->unit_price.minor()},
                    {"currency", item->unit_price.currency().code()}};
      for (const QuantityPrice& step : item->quantity_prices)
        shown["quantity_prices"].push_back({{"from", step.from}, {"unit_price_fen", step.unit_price.minor()}});
      items.push_back(std::move(shown));
    }
    ToolOutput out;
    out.result_json = json{{"status", "ok"}, {"items", std::move(items)}}.dump();
    // A search for one thing is a step on the way to an order; only a look around is shown as a list.
    if (query.empty())
      out.cards_json = json::array({cards::catalogue(found, context.thread.locale, context.sandbox)}).dump();
    co_return out;
  }

 private:
  const Catalogue& catalogue_;
  const rules::ToolSpec spec_{"search_catalogue",
                              "Finds goods that are on sale, with their current prices in minor units (fen). Leave the "
                              "query out to list everything.",
                              false,
                              {rules::text("query", "Words the customer used for the goods.", 1, 100),
                               rules::integer("limit", "The most items to return.", 1, kItemsMax)}};
};

}  // namespace

std::unique_ptr<Tool> make_search_catalogue(const Catalogue& catalogue) {
  return std::make_unique<SearchCatalogue>(catalogue);
}

}  // namespace purser
