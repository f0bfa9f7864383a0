// Money back on a captured intent, and the edges it may take. One refund has one out_refund_no for life: a retry with
// another number would pay twice.
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser {

enum class RefundState : std::uint8_t {
  created,     // durable and reserved; the rail has not heard of it, or waits for the minute between two refunds
  processing,  // the rail accepted it
  succeeded,
  failed,    // the rail closed or declined it: the reservation is released
  abnormal,  // the money did not reach the payer: an operator solves it under the same number
  unknown,   // the rail may have it: being asked
};

enum class RefundEvent : std::uint8_t {
  rail_accepted,
  rail_succeeded,
  rail_closed,
  rail_abnormal,
  rail_declined,
  rail_unclear
};

std::string_view to_string(RefundState s);
std::string_view to_string(RefundEvent e);
Result<RefundState> parse_refund_state(std::string_view text);
Result<RefundState> next_state(RefundState state, RefundEvent event);
constexpr bool is_final(RefundState s) {
  return s == RefundState::succeeded || s == RefundState::failed;
}

struct Refund {
  RefundId id;
  IntentId intent;
  TenantId tenant;
  ThreadId thread;
  OutRefundNo out_refund_no;
  RefundState state = RefundState::created;
  Money amount;
  std::string reason;
  std::string rail_refund_id;
  std::string origin;  // turn id + ':' + tool call id + ':' + index; or "late:" + intent id for a returned late payment
  std::string failure;
  std::string request_body;  // as sent; asking again sends the same bytes
  UtcTime created_at{};
  UtcTime due_at{};  // not sent to the rail before this
  UtcTime settled_at{};
  std::int64_t version = 0;

  friend bool operator==(const Refund&, const Refund&) = default;
};

}  // namespace purser
