// A payment intent: one wish to be paid, from its creation to its end, and the table of the edges it may take.
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

enum class IntentState : std::uint8_t {
  created,           // durable, the rail has not answered yet
  awaiting_payment,  // the rail holds the order; the user can pay
  succeeded,         // verified as paid (and stays so, whatever is refunded)
  expired,           // not paid in time; a payment that still arrives is honoured or returned, by policy
  canceled,          // ended by the user; late payments as with expired
  failed,            // the rail said no
  unknown,           // the rail may or may not hold the order: being asked
  conflicted,        // the rail's facts differ from ours: a person looks into it and settles it at the rail
};

enum class IntentEvent : std::uint8_t {
  rail_accepted,
  rail_declined,
  rail_unclear,
  paid,  // verified, amount and identity match
  deadline_passed,
  cancel_requested,
  rail_closed,            // the rail ended an order we thought open
  facts_differ,           // signed, but amount, currency, mchid or appid is not ours
  late_payment_honoured,  // paid after it ended, and policy keeps the money
  late_payment_returned,  // paid after it ended, and policy gives it back: the state stays, a refund is made
  conflict_settled,       // a person has settled with the payer what the books do not hold
};

std::string_view to_string(IntentState s);
Result<IntentState> parse_intent_state(std::string_view text);
std::string_view to_string(IntentEvent e);

// The state after `event`. Error: illegal_transition; nothing changes then.
Result<IntentState> next_state(IntentState state, IntentEvent event);

// Open: counts as the user's one active payment.
constexpr bool is_open(IntentState s) {
  return s == IntentState::created || s == IntentState::awaiting_payment || s == IntentState::unknown;
}

struct IntentLine {
  Sku sku;
  std::string name;  // as it stood when the intent was made
  std::int64_t quantity = 0;
  Money unit_price;

  friend bool operator==(const IntentLine&, const IntentLine&) = default;
};

// Inside WeChat; a code to scan; a link in a phone's browser; the merchant's own app.
enum class TradeKind : std::uint8_t { mini_program, qr, h5, app };
std::string_view to_string(TradeKind k);
Result<TradeKind> parse_trade_kind(std::string_view text);

// What the rail knows of the intent. The number is ours and durable before the rail hears of it; the request bytes are
// kept because asking again must send exactly the same ones.
struct RailOrder {
  OutTradeNo out_trade_no;
  TradeKind kind = TradeKind::qr;
  std::string payer_openid;  // mini_program only
  std::string request_body;
  std::string payer_ip;        // where known, when it is made; afterwards it stands in request_body alone
  std::string prepay_id;       // mini_program and app, once accepted
  std::string code_url;        // qr: what the code says; h5: the link; once accepted
  std::string transaction_id;  // once paid
  bool may_be_open = false;    // true from before the first byte until the rail confirmed paid or closed

  friend bool operator==(const RailOrder&, const RailOrder&) = default;
};

struct PaymentIntent {
  IntentId id;
  TenantId tenant;
  ThreadId thread;
  UserId user;
  IntentState state = IntentState::created;
  Money amount;
  std::vector<IntentLine> lines;
  std::string description;
  std::string catalogue_version;
  std::string channel;
  RailOrder order;
  Money captured;         // 0 until the rail's money is ours
  Money refunded;         // done
  Money refund_reserved;  // asked for, not final: counts against what is left
  UtcTime created_at{};
  UtcTime expires_at{};
  UtcTime settled_at{};      // when it was paid, by the rail's clock; epoch when not
  IntentId renewed_from;     // empty, or the expired intent this one replaces
  std::string origin;        // turn id + ':' + tool call id that asked for it: asking again finds this row
  std::string failure;       // the rail's code when failed or conflicted
  std::int64_t version = 0;  // rises with each stored change; an update names the one it was decided on

  friend bool operator==(const PaymentIntent&, const PaymentIntent&) = default;
};

// captured - refunded - refund_reserved.
Money refundable(const PaymentIntent& intent);

// The sum of the lines. Errors: amount_overflow, currency_mismatch.
Result<Money> total_of(const std::vector<IntentLine>& lines, Currency currency);

}  // namespace purser
