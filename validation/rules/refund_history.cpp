#include "validation/rules/refund_history.hpp"

namespace purser::rules {

Result<void> refund_history(const PaymentIntent& intent, const RefundHistory& history, const std::string& param) {
  const bool dated = intent.settled_at != UtcTime{} && history.window != kNoWindow;
  if (dated && history.now - intent.settled_at >= history.window) {
    return Error(Errc::refund_window_over, "this payment is too old to be refunded here; a person must help", param);
  }
  if (history.refunds_made >= history.count_max) {
    return Error(Errc::refund_count_spent,
                 "this payment was refunded " + std::to_string(history.refunds_made) + " times, as often as allowed",
                 param);
  }
  return success();
}

}  // namespace purser::rules
