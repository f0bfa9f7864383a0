#include "validation/rules/renewed_price.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/fold.hpp"
#include "validation/rules/clauses.hpp"

#include <algorithm>
#include <optional>

namespace purser::rules {
namespace {

// The payment for this SKU that the customer was last asked for; nullptr when there is none.
const PaymentIntent* last_offer(const std::vector<PaymentIntent>& offered, const Sku& sku) {
  const auto intent = std::ranges::find_if(offered, [&](const PaymentIntent& one) {
    return std::ranges::find(one.lines, sku, &IntentLine::sku) != one.lines.end();
  });
  return intent == offered.end() ? nullptr : &*intent;
}

struct KnownPrice {
  Money each;
  bool offered;
};

// What this line costs each, for all the customer knows; nothing when it was told no price, or has paid for it since.
std::optional<KnownPrice> known_price(const std::vector<PaymentIntent>& offered, const std::vector<ShownItem>& shown,
                                      const IntentLine& line, const CatalogueItem& item) {
  const PaymentIntent* offer = last_offer(offered, line.sku);
  if (offer != nullptr && !offer->captured.positive()) {
    const IntentLine& then = *std::ranges::find(offer->lines, line.sku, &IntentLine::sku);
    const bool by_quantity_alone = item.price_at(then.quantity) == then.unit_price;
    return KnownPrice{by_quantity_alone ? line.unit_price : then.unit_price, true};
  }
  const auto last = std::ranges::find_if(shown, [&](const ShownItem& one) { return one.item.sku == line.sku; });
  if (last == shown.end() || (offer != nullptr && last->at < offer->created_at)) return std::nullopt;
  return KnownPrice{last->item.price_at(line.quantity), false};
}

}  // namespace

std::vector<ChangedPrice> changed_prices(const std::vector<PaymentIntent>& offered, const std::vector<ShownItem>& shown,
                                         const std::vector<IntentLine>& lines, const Catalogue& catalogue) {
  std::vector<ChangedPrice> changes;
  for (const IntentLine& line : lines) {
    const CatalogueItem* item = catalogue.find(line.sku);
    const auto known = item == nullptr ? std::nullopt : known_price(offered, shown, line, *item);
    if (known && known->each != line.unit_price)
      changes.push_back({line.sku, line.name, known->each, line.unit_price, known->offered});
  }
  return changes;
}

bool declines(std::string_view words) {
  constexpr std::string_view agreed[] = {"不错",       "不贵",    "不要紧",     "不介意",  "不客气",     "不好意思",
                                         "no problem", "why not", "no worries", "not bad", "don't mind", "not at all"};
  constexpr std::string_view chinese[] = {"不", "算了", "太贵", "别", "取消", "免了"};
  constexpr std::string_view english[] = {"no",   "nope",      "nah",    "cancel", "stop",
                                          "skip", "expensive", "forget", "never",  "decline"};
  std::string plain = ascii::lower(folded(words));
  for (std::string_view phrase : agreed)
    for (std::size_t at = 0; (at = plain.find(phrase, at)) != std::string::npos;) plain.erase(at, phrase.size());
  if (contains_any(plain, chinese)) return true;
  const Words each = words_of(plain);
  return std::ranges::any_of(each, [&](const std::string& word) { return is_negation(word) || any_of(english, word); });
}

std::string price_question(const std::vector<ChangedPrice>& changes, Money total, std::string_view locale) {
  const bool zh = locale.starts_with("zh");
  std::string out;
  for (const ChangedPrice& change : changes) {
    if (!out.empty()) out += zh ? "；" : "; ";
    out += change.name + (zh ? " 的单价原为 " : " was ") + change.was.display() +
           (zh ? "，现为 " : " each and is now ") + change.now.display();
  }
  const bool renews = std::ranges::all_of(changes, &ChangedPrice::offered);
  const std::string_view agree_zh = renews ? "要下单请回复“续订”，好吗？" : "还要的话，请再说一遍要买什么。";
  const std::string_view agree_en =
      renews ? "say \"renew\" to order it. Shall I?" : "if that suits you, say again what you would like.";
  return (zh ? "价格有变化：" : "The price has changed: ") + out +
         (zh ? "。按新价格合计 " : ". At the new price it comes to ") + total.display() + (zh ? "；" : "; ") +
         std::string(zh ? agree_zh : agree_en);
}

}  // namespace purser::rules
