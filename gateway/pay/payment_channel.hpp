// Port: one payment rail. An outcome is never a bool: a timeout, a 5xx, an answer that does not verify are `unknown`,
// and unknown is resolved by asking with the same number, never by trying again with a new one.
// Money calls are not cancelable: the caller may stop waiting, the call itself runs to its end or its time limit.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser {

enum class Outcome : std::uint8_t { succeeded, declined, pending, unknown };
std::string_view to_string(Outcome o);

// What the rail itself said, for logs and operators.
struct RailSays {
  int http_status = 0;  // 0: no answer
  std::string code;     // "ORDER_PAID", "SYSTEM_ERROR", our Errc name when there was no rail code
  std::string message;
  std::string request_id;
  bool vouched = false;  // the rail signed this answer, and the signature holds
  bool doubted = false;  // an earlier attempt of the same call may have been carried out
};

struct OrderReply {
  Outcome outcome = Outcome::unknown;
  bool already_paid = false;  // the rail says this number is paid: query it
  bool closed = false;        // the rail says this number is closed: it can never be paid
  std::string prepay_id;      // mini_program and app, when succeeded
  std::string code_url;       // qr: what the code says; h5: the link; when succeeded
  RailSays says;
};

enum class TradeState : std::uint8_t { not_paid, paid, refunded, closed, other };  // refunded: was paid, some went back

// The rail's facts about one order, verified.
struct OrderFacts {
  std::string mchid;
  std::string appid;
  OutTradeNo out_trade_no;
  std::string transaction_id;
  TradeState state = TradeState::not_paid;
  Money total;  // zero with no currency when the rail left it out
  std::string payer_openid;
  std::string attach;  // what the order was placed with and comes back unchanged: the intent's id, when it is ours
  UtcTime success_time{};
};

struct QueryReply {
  Outcome outcome = Outcome::unknown;  // succeeded: facts are there; declined: the rail does not know the number
  std::optional<OrderFacts> facts;
  RailSays says;
};

struct CloseReply {
  // succeeded: can never be paid any more; declined: it is paid, or the rail knows no such order
  Outcome outcome = Outcome::unknown;
  bool already_paid = false;  // declined because it is paid
  RailSays says;
};

struct RefundFacts {
  OutTradeNo out_trade_no;
  OutRefundNo out_refund_no;
  std::string rail_refund_id;
  RefundEvent event = RefundEvent::rail_unclear;  // accepted, succeeded, closed, abnormal
  Money refund;
  Money total;
  UtcTime success_time{};
};

struct RefundReply {
  Outcome outcome = Outcome::unknown;  // succeeded: final; pending: accepted; declined: not made, or (query) not known
  bool not_known = false;              // query only: the rail never heard of this number
  bool short_funds = false;            // pending until the account has been topped up; the same number works then
  std::optional<RefundFacts> facts;
  RailSays says;
};

// A webhook that verified and decrypted.
struct Notification {
  std::string id;          // same over the rail's retries
  std::string event_type;  // "TRANSACTION.SUCCESS", "REFUND.SUCCESS", ...
  std::optional<OrderFacts> order;
  std::optional<RefundFacts> refund;
  std::string plain;  // decrypted resource
};

// A webhook as it came off the wire: names in any case, body untouched.
struct RawNotification {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};

// What the paying client needs; which members are set depends on the kind.
struct Confirmation {
  TradeKind kind = TradeKind::qr;
  std::string code_url;  // qr: what the code says; h5: the link to open
  std::string app_id;
  std::string partner_id;  // app
  std::string prepay_id;   // app
  std::string time_stamp;
  std::string nonce_str;
  std::string package;
  std::string sign_type;
  std::string pay_sign;
};

// Where an ABNORMAL refund shall go, in plain text; it is encrypted before it leaves, and stored nowhere.
struct RefundAccount {
  bool of_user = true;    // false: the merchant's own; the rest is empty then
  std::string bank_type;  // as the rail names banks, "ICBC_DEBIT"
  std::string number;
  std::string holder;
};

class PaymentChannel {
 public:
  virtual ~PaymentChannel() = default;
  virtual std::string_view name() const = 0;
  virtual bool is_sandbox() const = 0;

  // Pure: the bytes that create_order will send for this intent. Stored with the intent before anything is sent.
  virtual Result<std::string> order_body(const PaymentIntent& intent) const = 0;
  // The lines of `intent` are here those that are given back, where they are known; the others say nothing when their
  // sum is not the refund's.
  virtual Result<std::string> refund_body(const PaymentIntent& intent, const Refund& refund) const = 0;

  // Safe to repeat with the same intent: the rail knows the number and takes the same bytes again.
  virtual Task<OrderReply> create_order(PaymentIntent intent, Deadline deadline) = 0;
  virtual Task<QueryReply> query_order(OutTradeNo number, Deadline deadline) = 0;
  virtual Task<CloseReply> close_order(OutTradeNo number, Deadline deadline) = 0;
  // Safe to repeat with the same refund: one out_refund_no pays back once.
  virtual Task<RefundReply> refund(Refund refund, Deadline deadline) = 0;
  virtual Task<RefundReply> query_refund(OutRefundNo number, Deadline deadline) = 0;
  // Sends an ABNORMAL refund on its way again, under its own number. Safe to repeat.
  virtual Task<RefundReply> mend_refund(Refund refund, RefundAccount account, Deadline deadline) = 0;

  // Signs for the paying client. Asking again within two minutes for the same intent gives the same answer; what the
  // rail handed out is renewed by the same bytes when its own life is over.
  virtual Task<Result<Confirmation>> confirmation(PaymentIntent intent, Deadline deadline) = 0;

  // Verifies and decrypts. Errors: signature_invalid, signature_probe, timestamp_skew, unknown_serial, decrypt_failed,
  // notification_malformed. Nothing of the body is believed before the signature holds.
  virtual Result<Notification> read_notification(const RawNotification& raw) const = 0;
  // After unknown_serial: whether the rail has published a key since, so that verifying again may help. Strangers can
  // cause this call, so it asks the rail only now and then.
  virtual Task<bool> refresh_keys(Deadline) { co_return false; }
  // Pure: the facts of a resource that read_notification decrypted before, as stored with the notification, so that a
  // daemon that restarted applies it. `id` and `plain` of the answer are empty. An event type that is not known has
  // neither order nor refund. Error: notification_malformed.
  virtual Result<Notification> parse_resource(std::string_view event_type, std::string_view plain) const = 0;
  // Whether verified facts are about this intent: amount, currency, mchid and appid are ours, and the mark, where there
  // is one, is this intent's.
  virtual bool matches(const OrderFacts& facts, const PaymentIntent& intent) const = 0;
  // True when the rail can hold one refund of an order only so often; the gap between two of them.
  virtual Millis refund_spacing() const = 0;
};

}  // namespace purser
