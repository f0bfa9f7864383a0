// What the cashier writes when something happened: pure functions from the rows as read, and the news, to the batch
// that makes it true. No clock, no I/O; every branch is tested without either.
#pragma once

#include "config/settings.hpp"
#include "gateway/pay/payment_channel.hpp"
#include "gateway/store/store.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser::cashier {

// How long a late payment, a found payment and so on changed the world: the batch to commit and the row it makes.
struct IntentChange {
  IntentChange(std::string step, PaymentIntent row) : batch(std::move(step)), intent(std::move(row)) {}
  Batch batch;
  PaymentIntent intent;  // as it stands once the batch is committed
};

struct RefundChange {
  RefundChange(std::string step, Refund row) : batch(std::move(step)), refund(std::move(row)) {}
  Batch batch;
  Refund refund;
};

// A refund row that gives a late payment back; made by the caller because its ids come from the mint.
using LateRefund = std::optional<Refund>;

// Inside WeChat by openid. Elsewhere the tenant's backend may have said, in the thread's metadata, that the customer
// holds a phone ("pay_with": "h5" with the customer's address in "client_ip") or uses the merchant's app ("app"); a
// code to scan works everywhere.
void choose_kind(RailOrder& order, const Thread& thread);
// Whether that metadata can be followed. request_malformed, with a pointer into {"metadata"}: an unknown way to pay, an
// address that is none, a link for a phone without an address.
Result<void> check_way_to_pay(const std::string& metadata_json);
// The rail answered the order. Error illegal_transition when the intent has left created/unknown meanwhile.
Result<IntentChange> after_order_reply(PaymentIntent intent, const OrderReply& reply, UtcTime now,
                                       const IntentSettings& settings);
// The intent's time is over. `now` must not be before expires_at.
Result<IntentChange> after_deadline(PaymentIntent intent, UtcTime now);
// The user wants out. `tell_thread`: the wish came from outside the conversation, which therefore must hear of it.
// `closed`: the rail has closed the order already; otherwise that becomes due.
Result<IntentChange> after_cancel(PaymentIntent intent, UtcTime now, bool tell_thread, bool closed);
// Who still has to hear that the intent expired: nobody, those who follow the stream alone (who has ordered it anew is
// not told in the conversation to order it anew), or the conversation too.
enum class Untold { nobody, stream, conversation };
// The order can never be paid any more.
IntentChange after_close(PaymentIntent intent, UtcTime now, Untold who);
// Tells them.
void tell_expired(Batch& batch, const PaymentIntent& intent, UtcTime now, Untold who);
// Verified facts that say paid. `matches`: they are about this intent to the fen. No value: nothing to change (the same
// payment told again).
std::optional<IntentChange> after_payment(PaymentIntent intent, const OrderFacts& facts, bool matches, UtcTime now,
                                          const IntentSettings& settings, const LateRefund& late_refund);
// Whether `after_payment` will want a late refund for these facts.
bool returns_late_payment(const PaymentIntent& intent, const OrderFacts& facts, bool matches,
                          const IntentSettings& settings);
// A person has settled what the rail's facts and ours differ in. Nothing of it was booked, and nothing is. Error
// illegal_transition when it is not conflicted.
Result<IntentChange> after_settlement(PaymentIntent intent, UtcTime now);
inline constexpr std::string_view kConflictSettled = "conflict_settled";  // as the intent's failure
// The rail closed an order that we thought open.
std::optional<IntentChange> after_rail_closed(PaymentIntent intent, UtcTime now);

// Whether the thread hears of a refund's end by an event, or from the turn that is just making it.
enum class Hears { by_event, in_this_turn };

// What the rail said of a refund. No value: nothing to change.
std::optional<RefundChange> after_refund_news(Refund refund, PaymentIntent intent, RefundEvent event,
                                              const RefundFacts& facts, const std::string& why, UtcTime now,
                                              Hears hears);
RefundEvent event_of(const RefundReply& reply);

// `refund` was made at the rail without us, and is done. It is not more than the payment has left.
Batch after_outside_refund(Refund refund, PaymentIntent intent, const RefundFacts& facts, UtcTime now);
// `intent` is the row of an order that the books had lost, `thread` where it hangs, `back` the refund of all of it:
// written together. What becomes of it is for the operator to hear, for who paid is not known.
Batch after_unknown_payment(Thread thread, PaymentIntent intent, const OrderFacts& facts, Refund back, UtcTime now);
// What the origin of such an intent begins with.
inline constexpr std::string_view kUnknownPayment = "unknown:";

// The thread is to hear of `type`; the row is taken when it has been told, so one event makes one reply.
WorkItem tell(const PaymentIntent& intent, std::string_view type, UtcTime now, const Refund* refund = nullptr);
WorkItem work(WorkKind kind, const PaymentIntent& intent, UtcTime due);
WorkItem work(WorkKind kind, const Refund& refund, UtcTime due);
StreamEvent event(const PaymentIntent& intent, std::string_view type, UtcTime now);
StreamEvent event(const Refund& refund, std::string_view type, UtcTime now);

// Longer than any channel's own limit: the channel decides when an answer is too late, this only bounds a bug.
inline constexpr std::chrono::seconds kRailPatience{40};
// A row that changes under us more often than this in one step is being fought over: give up and let the work come
// back.
inline constexpr int kConflictRetries = 8;
// Somebody changed a row first, or put the same money into the ledger: read again and see what is left to do.
bool lost_race(const Error& error);

}  // namespace purser::cashier
