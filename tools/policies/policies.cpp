#include "tools/policies/policies.hpp"

#include "validation/rules/sensitive_words.hpp"

namespace purser {

std::set<std::string, std::less<>> rules_named(const std::string& list) {
  const auto names = rules::word_list(list);
  return {names.begin(), names.end()};
}

OrderPolicy order_policy(const IntentSettings& settings, UtcTime now) {
  OrderPolicy policy;
  policy.order_amount_max_fen = settings.order_amount_max_fen;
  policy.quantity_max = settings.quantity_max;
  policy.lines_max = settings.lines_max;
  policy.tolerance_per_mille = settings.price_tolerance_per_mille;
  policy.catalogue_age_max = settings.catalogue_age_max;
  policy.now = now;
  policy.description = {settings.description_characters_max, settings.description_pattern};
  policy.watching = rules_named(settings.watching_rules);
  return policy;
}

}  // namespace purser
