#include "validation/rules/currency.hpp"

#include <algorithm>

namespace purser::rules {

Result<Currency> order_currency(const std::vector<IntentLine>& lines, const std::optional<std::string>& claim) {
  const Currency currency = lines.empty() ? Currency() : lines.front().unit_price.currency();
  const auto same = [&](const IntentLine& line) { return line.unit_price.currency() == currency; };
  if (!std::all_of(lines.begin(), lines.end(), same)) {
    return Error(Errc::currency_mismatch, "the items are priced in different currencies; order them one by one",
                 "/lines");
  }
  if (!claim) return currency;
  auto stated = Currency::parse(*claim);
  if (!stated) return Error(stated.code(), stated.error().message, "/currency");
  if (*stated != currency) {
    return Error(Errc::currency_mismatch, "these items are sold in " + std::string(currency.code()) + " only",
                 "/currency");
  }
  return currency;
}

}  // namespace purser::rules
