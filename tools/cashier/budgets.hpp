// What is counted against a budget, and in which window. The counting itself is one statement in the store, so that of
// any number of racers exactly as many pass as there is room for.
#pragma once

#include "config/settings.hpp"
#include "gateway/store/store.hpp"

#include <string>
#include <vector>

namespace purser::cashier {

// The beginning of the hour, and of the day in China (UTC+8), in which `at` lies.
UtcTime hour_of(UtcTime at);
UtcTime day_of(UtcTime at);

// Money given back without a person, in fen, per day.
std::string refund_scope(const ThreadId& thread);
std::string refund_scope(const TenantId& tenant, const UserId& user);
std::string refund_scope(const TenantId& tenant);

// The operations that count one more payment opened, and an automatic refund of `sum`.
std::vector<op::SpendBudget> opening(const PaymentIntent& intent, const IntentSettings& settings, UtcTime now);
std::vector<op::SpendBudget> refunding(const Thread& thread, Money sum, const RefundSettings& settings, UtcTime now);

// What is counted before the rail hears of it, once however often it is tried: `mark` is spent with the rest and
// tells that they were.
struct CountedOnce {
  op::SpendBudget mark;
  std::vector<op::SpendBudget> spends;
};
// One more payment canceled, and one more opened in the place of `replaced`.
CountedOnce canceling(const PaymentIntent& intent, const IntentSettings& settings, UtcTime now);
CountedOnce opening_instead(const PaymentIntent& replaced, const PaymentIntent& intent, const IntentSettings& settings);

// Adds them to the batch that must not pass without them.
void add(Batch& batch, std::vector<op::SpendBudget> spends);

// A spent budget without the name of its scope, which is for the books alone; any other error as it is.
Error without_scope(Error error);

}  // namespace purser::cashier
