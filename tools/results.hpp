// What the tools tell a model: plain JSON with amounts in minor units. No link, no order number, no identity stands in
// it.
#pragma once

#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser::results {

nlohmann::json lines(const PaymentIntent& intent);
// {"payment_intent","state","total_fen","currency","lines","created_at","expires_at","refunded_fen","refundable_fen"}
nlohmann::json payment(const PaymentIntent& intent);
// {"refund","payment_intent","state","amount_fen"}
nlohmann::json refund(const Refund& refund);

}  // namespace purser::results
