#include "validation/rules/renewed_price.hpp"

#include <algorithm>

namespace purser::rules {
namespace {

bool same_goods(const std::vector<IntentLine>& a, const std::vector<IntentLine>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end(), [](const IntentLine& x, const IntentLine& y) {
    return x.sku == y.sku && x.quantity == y.quantity;
  });
}

}  // namespace

Result<void> renewed_price(const PaymentIntent& ended, const std::vector<IntentLine>& lines, Money amount,
                           std::optional<std::int64_t> stated) {
  if (stated || !same_goods(ended.lines, lines) || ended.amount == amount) return success();
  return Error(Errc::price_mismatch,
               "the price has changed since this was ordered: it was " + ended.amount.display() + " and is " +
                   amount.display() + "; tell the customer, and when they agree ask again with total_fen",
               "/total_fen");
}

}  // namespace purser::rules
