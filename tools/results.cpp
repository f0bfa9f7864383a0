#include "tools/results.hpp"

namespace purser::results {

using nlohmann::json;

json lines(const PaymentIntent& intent) {
  json out = json::array();
  for (const IntentLine& line : intent.lines)
    out.push_back({{"sku", line.sku.str()},
                   {"name", line.name},
                   {"quantity", line.quantity},
                   {"unit_price_fen", line.unit_price.minor()}});
  return out;
}

json payment(const PaymentIntent& intent) {
  json out{{"payment_intent", intent.id.str()},
           {"state", to_string(intent.state)},
           {"total_fen", intent.amount.minor()},
           {"currency", intent.amount.currency().code()},
           {"lines", lines(intent)},
           {"created_at", format_time(intent.created_at)},
           {"expires_at", format_time(intent.expires_at)},
           {"refunded_fen", intent.refunded.minor()},
           {"refundable_fen", refundable(intent).minor()}};
  if (!intent.renewed_from.empty()) out["renews"] = intent.renewed_from.str();
  // What was paid of an order that had ended is all that its state does not say.
  if (intent.state != IntentState::succeeded && intent.captured.positive())
    out["captured_fen"] = intent.captured.minor();
  return out;
}

json refund(const Refund& refund) {
  return {{"refund", refund.id.str()},
          {"payment_intent", refund.intent.str()},
          {"state", to_string(refund.state)},
          {"amount_fen", refund.amount.minor()}};
}

}  // namespace purser::results
