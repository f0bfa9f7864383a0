// What a customer wants once may be ordered more than once: an order that ended is renewed under a new number, and the
// old code may still be paid. Of one wish, one payment is kept. Pure; the functions stand with the other decisions.
#pragma once

#include "tools/cashier/decisions.hpp"

#include <optional>
#include <vector>

namespace purser::cashier {

// What else was ordered for the same wish: what this intent renews, what renews it, and so on through the thread.
using Wish = std::vector<PaymentIntent>;
Wish same_wish(const PaymentIntent& intent, const std::vector<PaymentIntent>& of_thread);
// The one that is paid, if any: nothing renews the wish then.
const PaymentIntent* paid_of(const Wish& wish);

// As without a wish, for an intent that had ended when it was paid: when another of the wish is paid the money goes
// back, also that of one who paid in time and was told late. When it is kept, what was ordered in its place ends with
// it. `expiry_told`: those who follow have heard already that it had expired.
std::optional<IntentChange> after_payment(PaymentIntent intent, const OrderFacts& facts, bool matches, UtcTime now,
                                          const IntentSettings& settings, const LateRefund& late_refund,
                                          const Wish& wish, bool expiry_told = false);
bool returns_late_payment(const PaymentIntent& intent, const OrderFacts& facts, bool matches,
                          const IntentSettings& settings, const Wish& wish);

// How long what this thread orders may be paid. A backend whose thread stands on a screen in the shop says so in its
// metadata ("pay_with": "in_store"): such a code lives 30 s, or as long as all others where they live shorter. That is
// less than the rail's least, so closing the order and late payments are ours to handle.
Millis lifetime_of(const Thread& thread, const IntentSettings& settings);

}  // namespace purser::cashier
