// Money that moved goes into the books together with what moving it cost.
#include "tools/cashier/cashier.hpp"
#include "tools/cashier/fees.hpp"

namespace purser {

Task<Result<Receipt>> Cashier::post(Batch batch, TenantId tenant, IntentId intent) {
  const std::int64_t rate = policies_.intent(tenant).fee_basis_points;
  if (rate > 0) {
    auto booked = co_await ports_.store.ledger_of_intent(std::move(intent));
    if (!booked) co_return booked.error();
    cashier::add_fees(batch, rate, *booked);
  }
  co_return co_await ports_.store.commit(std::move(batch));
}

}  // namespace purser
