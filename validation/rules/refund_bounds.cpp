#include "validation/rules/refund_bounds.hpp"

namespace purser::rules {

Result<void> refund_state(const PaymentIntent& intent, const std::string& param) {
  if (intent.state == IntentState::succeeded) return success();
  return Error(
      Errc::refund_not_allowed,
      "a payment in state '" + std::string(to_string(intent.state)) + "' cannot be refunded; only a paid one can",
      param);
}

Result<void> refund_bounds(const PaymentIntent& intent, Money amount, Money claimed, const std::string& param) {
  if (amount.currency() != intent.amount.currency()) {
    return Error(Errc::currency_mismatch, "a refund is in the currency of its payment", param);
  }
  auto left = refundable(intent).minus(claimed);
  if (!left) return Error(left.code(), left.error().message, param);
  if (left->minor() < 1)
    return Error(Errc::refund_exceeds_remaining, "nothing is left of this payment to refund", param);
  if (amount.minor() < 1) return Error(Errc::amount_out_of_range, "a refund is at least 1 in minor units (fen)", param);
  if (amount.minor() > left->minor()) {
    return Error(Errc::refund_exceeds_remaining, "only " + left->display() + " is left of this payment to refund",
                 param);
  }
  return success();
}

}  // namespace purser::rules
