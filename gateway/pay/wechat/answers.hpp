// What the rail says, read: answers to our calls and the resources of its notifications. Pure; the bytes were verified
// before they come here. Fields the rail leaves out of an unpaid order are optional; a wrong type is an error.
#pragma once

#include "gateway/crypto/aead.hpp"
#include "gateway/pay/payment_channel.hpp"

#include <string>
#include <string_view>

namespace purser::wechat {

struct OrderHandle {
  std::string prepay_id;
  std::string code_url;
};
// Error: reply_malformed when the member for `kind` is missing.
Result<OrderHandle> read_order_handle(std::string_view body, TradeKind kind);

// Error: reply_malformed.
Result<OrderFacts> read_order(std::string_view body);
// `status` of the API and `refund_status` of notifications are the same thing. Error: reply_malformed.
Result<RefundFacts> read_refund(std::string_view body);
// Which outcome a refund in this state is.
Outcome outcome_of(RefundEvent event);

// `code` and `message` of an error; empty members when the body is not such an object. Bounded and printable.
struct RailError {
  std::string code;
  std::string message;
};
RailError read_error(std::string_view body);
// Which line of what we signed differs from what the rail verified, as far as its answer to a refused signature tells:
// "method", "url", "timestamp", "nonce", "body"; empty when it does not tell.
std::string signature_difference(std::string_view body, std::string_view signed_text);

// The facts of a notification's decrypted resource; `id` and `plain` of the answer are empty. An event type that is not
// known here has neither order nor refund. Error: notification_malformed.
Result<Notification> read_resource(std::string_view event_type, std::string_view plain, std::string_view mchid);
// Decrypts and reads a webhook's body. Errors: notification_malformed, decrypt_failed, key_malformed.
Result<Notification> read_notification(std::string_view body, const Secret& apiv3_key, std::string_view mchid);

}  // namespace purser::wechat
