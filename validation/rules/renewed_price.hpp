// What was offered or shown before and is asked for now: the customer knows the price of then. Another one is told by
// the server, and agreed to by the customer's next words, before it is asked for. That a model says it has told it
// counts for nothing.
#pragma once

#include "validation/domain/catalogue.hpp"
#include "validation/domain/intent.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser::rules {

struct ChangedPrice {
  Sku sku;
  std::string name;
  Money was;  // each, when it was last offered or shown
  Money now;
  bool offered = true;  // false: only shown

  friend bool operator==(const ChangedPrice&, const ChangedPrice&) = default;
};

// What a search of this thread found, in an earlier turn that was answered.
struct ShownItem {
  CatalogueItem item;  // its SKU and prices alone
  UtcTime at{};
};

// The lines of an order whose goods cost another price each than when this thread was last asked to pay for them or,
// where it never was, than when they were last shown to it. `offered`: its payments, `shown`: what its searches found,
// both newest first; goods that were paid for since are bought anew, whatever they cost before. A price that differs by
// the quantity alone has not changed.
std::vector<ChangedPrice> changed_prices(const std::vector<PaymentIntent>& offered, const std::vector<ShownItem>& shown,
                                         const std::vector<IntentLine>& lines, const Catalogue& catalogue);

// Whether these words, said to such a question, want none of it: "No!", "太贵了，算了". Taken for a no too often rather
// than too seldom: then the question is put once more.
bool declines(std::string_view words);

// What the customer is asked, in the customer's language: each price as it was and is, and the total.
std::string price_question(const std::vector<ChangedPrice>& changes, Money total, std::string_view locale);

}  // namespace purser::rules
