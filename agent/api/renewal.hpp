// One step to pay for an order that ended unpaid: a new intent for the same lines at today's catalogue price.
#pragma once

#include "agent/turn/conversations.hpp"
#include "config/settings.hpp"
#include "gateway/store/store.hpp"
#include "tools/cashier/cashier.hpp"
#include "validation/domain/catalogue.hpp"

namespace purser {

class Renewal {
 public:
  struct Ports {
    Store& store;
    Conversations& conversations;
    Cashier& cashier;
    const Catalogue& catalogue;
    Clock& clock;
  };
  Renewal(Ports ports, Policies policies) : ports_(ports), policies_(std::move(policies)) {}

  // Repeating it gives the same new intent, whatever has become of that. Errors: illegal_transition when `ended` is
  // neither expired nor canceled; price_mismatch naming both prices; unknown_sku, sku_not_on_sale;
  // active_payment_exists; the store's.
  Task<Result<PaymentIntent>> renew(PaymentIntent ended);

 private:
  Result<CheckedOrder> order_of(const PaymentIntent& ended, const std::string& locale) const;
  Task<Result<void>> park(Thread thread);

  Ports ports_;
  Policies policies_;
};

}  // namespace purser
