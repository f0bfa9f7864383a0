#include "validation/rules/refund_batch.hpp"

#include "validation/money/json_gate.hpp"
#include "validation/rules/refund_bounds.hpp"

#include <map>

namespace purser::rules {

Result<void> refund_list_size(std::size_t entries, std::int64_t list_max) {
  if (entries >= 1 && entries <= static_cast<std::size_t>(list_max)) return success();
  return Error(Errc::json_out_of_range, "a list of refunds has 1 to " + std::to_string(list_max) + " entries",
               "/refunds");
}

Result<Money> refund_batch(const std::vector<BatchEntry>& entries, std::optional<std::int64_t> total_claim) {
  const Currency currency = entries.empty() ? Currency() : entries.front().amount.currency();
  Money total(0, currency);
  std::map<IntentId, Money> claimed;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const PaymentIntent& intent = *entries[i].intent;
    const std::string at = pointer_to("/refunds", i);
    Money& before = claimed.try_emplace(intent.id, Money(0, intent.amount.currency())).first->second;
    if (auto good = refund_bounds(intent, entries[i].amount, before, at); !good) return good.error();
    auto of_intent = before.plus(entries[i].amount);
    auto of_list = total.plus(entries[i].amount);
    if (!of_intent || !of_list) return Error((of_intent ? of_list : of_intent).code(), "the list does not add up", at);
    before = *of_intent;
    total = *of_list;
  }
  if (total_claim && *total_claim != total.minor()) {
    return Error(Errc::refund_total_mismatch,
                 "the refunds come to " + total.display() + ", not to the stated total; nothing was refunded",
                 "/total_fen");
  }
  return total;
}

}  // namespace purser::rules
