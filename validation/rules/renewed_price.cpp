#include "validation/rules/renewed_price.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

// The line by which this SKU was last offered; nullptr when it never was, or is paid for.
const IntentLine* last_offer(const std::vector<PaymentIntent>& offered, const Sku& sku) {
  for (const PaymentIntent& intent : offered) {
    const auto line = std::ranges::find(intent.lines, sku, &IntentLine::sku);
    if (line != intent.lines.end()) return intent.captured.positive() ? nullptr : &*line;
  }
  return nullptr;
}

}  // namespace

std::vector<ChangedPrice> changed_prices(const std::vector<PaymentIntent>& offered,
                                         const std::vector<IntentLine>& lines, const Catalogue& catalogue) {
  std::vector<ChangedPrice> changes;
  for (const IntentLine& line : lines) {
    const IntentLine* offer = last_offer(offered, line.sku);
    const CatalogueItem* item = catalogue.find(line.sku);
    if (offer == nullptr || item == nullptr || offer->unit_price == line.unit_price) continue;
    const bool by_quantity_alone = item->price_at(offer->quantity) == offer->unit_price;
    if (!by_quantity_alone) changes.push_back({line.sku, line.name, offer->unit_price, line.unit_price});
  }
  return changes;
}

std::string price_question(const std::vector<ChangedPrice>& changes, Money total, std::string_view locale) {
  const bool zh = locale.starts_with("zh");
  std::string out;
  for (const ChangedPrice& change : changes) {
    if (!out.empty()) out += zh ? "；" : "; ";
    out += change.name + (zh ? " 的单价原为 " : " was ") + change.was.display() +
           (zh ? "，现为 " : " each and is now ") + change.now.display();
  }
  return (zh ? "价格有变化：" : "The price has changed: ") + out +
         (zh ? "。按新价格合计 " : ". At the new price it comes to ") + total.display() +
         (zh ? "；要下单请回复“续订”，好吗？" : "; say \"renew\" to order it. Shall I?");
}

}  // namespace purser::rules
