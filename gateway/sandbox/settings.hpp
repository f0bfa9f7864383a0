// What the simulator leaves open: the points on which sources about the real rail disagree, and its paces.
#pragma once

#include "validation/money/time.hpp"

#include <cstddef>
#include <string>

namespace purser::sandbox {

// The key that signs callbacks. `as_asked`: the one in which the merchant's latest request wanted its answer, so a
// client of either kind is served. `alternate`: the migration from certificate to public key, when both kinds arrive,
// mixed.
enum class CallbackKey { as_asked, public_key, certificate, alternate };

struct SandboxSettings {
  Millis refund_delay{1'000};        // from accepted to final
  Millis refund_spacing{60'000};     // between two refunds of one order
  Millis webhook_answer_max{5'000};  // an answer later than this counts as none
  Millis hang_max{60'000};           // how long a lost answer keeps its connection open
  CallbackKey callback_key = CallbackKey::as_asked;
  bool certificates = true;              // false: an account that only has a public key; GET /v3/certificates is 404
  bool sign_errors = true;               // 4xx of authenticated requests are signed too
  bool close_unknown = false;            // true: closing an unknown order is 204 instead of 404
  std::string paid_code = "ORDER_PAID";  // seen too: ORDERPAID, INVALID_REQUEST
  std::size_t traffic_max = 10'000;      // entries kept; the oldest go first
};

// The rail's own time. `life` moves orders, refunds and the retry ladder and can be advanced; `wall` is what signatures
// carry and are judged by.
struct Moment {
  UtcTime life{};
  UtcTime wall{};
};

}  // namespace purser::sandbox
