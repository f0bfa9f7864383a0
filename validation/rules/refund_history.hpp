// A payment can be refunded for a time, and so often; the rail has such bounds too.
#pragma once

#include "validation/domain/intent.hpp"

#include <cstdint>
#include <string>

namespace purser::rules {

inline constexpr Millis kNoWindow = Millis::max();

struct RefundHistory {
  UtcTime now{};
  Millis window = kNoWindow;      // after the payment
  std::int64_t refunds_made = 0;  // of this payment, those that failed not counted
  std::int64_t count_max = 0;
};

// Errors: refund_window_over (at the end of the window it is over), refund_count_spent.
Result<void> refund_history(const PaymentIntent& intent, const RefundHistory& history, const std::string& param);

}  // namespace purser::rules
