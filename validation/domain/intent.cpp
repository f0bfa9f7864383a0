#include "validation/domain/intent.hpp"

#include "validation/domain/table.hpp"

namespace purser {
namespace {

constexpr std::string_view kStates[] = {"created",  "awaiting_payment", "succeeded", "expired",
                                        "canceled", "failed",           "unknown",   "conflicted"};
constexpr std::string_view kEvents[] = {
    "rail_accepted",         "rail_declined",         "rail_unclear",    "paid",
    "deadline_passed",       "cancel_requested",      "rail_closed",     "facts_differ",
    "late_payment_honoured", "late_payment_returned", "conflict_settled"};
constexpr std::string_view kTradeKinds[] = {"mini_program", "qr", "h5", "app"};

using S = IntentState;
using E = IntentEvent;

// succeeded has no row: money that is ours stays ours. A conflict is a person's to solve.
constexpr Edge<S, E> kEdges[] = {
    {S::created, E::rail_accepted, S::awaiting_payment},
    {S::created, E::rail_declined, S::failed},
    {S::created, E::rail_unclear, S::unknown},
    {S::created, E::paid, S::succeeded},
    {S::created, E::deadline_passed, S::expired},
    {S::created, E::cancel_requested, S::canceled},
    {S::created, E::facts_differ, S::conflicted},

    {S::awaiting_payment, E::rail_accepted, S::awaiting_payment},  // the order was placed again with the same number
    {S::awaiting_payment, E::paid, S::succeeded},
    {S::awaiting_payment, E::deadline_passed, S::expired},
    {S::awaiting_payment, E::cancel_requested, S::canceled},
    {S::awaiting_payment, E::rail_closed, S::expired},
    {S::awaiting_payment, E::facts_differ, S::conflicted},

    {S::unknown, E::rail_accepted, S::awaiting_payment},
    {S::unknown, E::rail_declined, S::failed},
    {S::unknown, E::rail_unclear, S::unknown},
    {S::unknown, E::paid, S::succeeded},
    {S::unknown, E::deadline_passed, S::expired},
    {S::unknown, E::cancel_requested, S::canceled},
    {S::unknown, E::rail_closed, S::expired},
    {S::unknown, E::facts_differ, S::conflicted},

    {S::expired, E::late_payment_honoured, S::succeeded},
    {S::expired, E::late_payment_returned, S::expired},
    {S::expired, E::facts_differ, S::conflicted},

    {S::canceled, E::late_payment_honoured, S::succeeded},
    {S::canceled, E::late_payment_returned, S::canceled},
    {S::canceled, E::facts_differ, S::conflicted},

    {S::failed, E::late_payment_honoured, S::succeeded},
    {S::failed, E::late_payment_returned, S::failed},
    {S::failed, E::facts_differ, S::conflicted},

    {S::conflicted, E::conflict_settled, S::failed},
};
static_assert(unambiguous(kEdges));

// Nothing captured or reserved yet may still carry no currency.
bool counts_in(Money part, Currency currency) {
  return part.zero() || part.currency() == currency;
}

}  // namespace

std::string_view to_string(IntentState s) {
  return word_of(kStates, s);
}
std::string_view to_string(IntentEvent e) {
  return word_of(kEvents, e);
}
std::string_view to_string(TradeKind k) {
  return word_of(kTradeKinds, k);
}

Result<IntentState> parse_intent_state(std::string_view text) {
  return value_of<IntentState>(kStates, text, "payment intent state");
}

Result<TradeKind> parse_trade_kind(std::string_view text) {
  return value_of<TradeKind>(kTradeKinds, text, "trade kind");
}

Result<IntentState> next_state(IntentState state, IntentEvent event) {
  return follow(kEdges, state, event, "a payment");
}

Money refundable(const PaymentIntent& intent) {
  const Currency currency = intent.amount.currency();
  const Money nothing(0, currency);
  for (Money part : {intent.captured, intent.refunded, intent.refund_reserved}) {
    if (!counts_in(part, currency)) return nothing;
  }
  std::int64_t left = 0;
  if (__builtin_sub_overflow(intent.captured.minor(), intent.refunded.minor(), &left)) return nothing;
  if (__builtin_sub_overflow(left, intent.refund_reserved.minor(), &left)) return nothing;
  return Money(left, currency);
}

Result<Money> total_of(const std::vector<IntentLine>& lines, Currency currency) {
  Money total(0, currency);
  for (const IntentLine& line : lines) {
    auto price = line.unit_price.times(line.quantity);
    if (!price) return price.error();
    auto sum = total.plus(*price);
    if (!sum) return sum.error();
    total = *sum;
  }
  return total;
}

}  // namespace purser
