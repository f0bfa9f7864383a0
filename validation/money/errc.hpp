// The one list of reasons. Every failure that crosses a floor is an Errc with a sentence; the name of the value is the
// stable code that clients, models and metrics see. Bands: 1 general, 100 values, 150 JSON, 200 rules, 300 config,
// 400 transport, 500 store, 600 rail, 700 model, 800 API, 900 keys.
#pragma once

#include <cstdint>
#include <string_view>

namespace purser {

// X(name, number, what it means)
#define PURSER_ERRC(X)                                                                             \
  X(internal, 1, "a broken invariant or a bug")                                                    \
  X(canceled, 2, "the work was told to stop")                                                      \
  X(timed_out, 3, "the time limit ran out after the work began: the outcome is unknown")           \
  X(expired_before_start, 4, "the deadline had passed before the work began: nothing happened")    \
  X(overloaded, 5, "a queue or pool is full; nothing was started")                                 \
  X(shutting_down, 6, "the daemon is stopping; nothing was started")                               \
  X(amount_overflow, 100, "the amount does not fit 64 bits")                                       \
  X(amount_out_of_range, 101, "the amount is outside what is allowed here")                        \
  X(unknown_currency, 102, "not an ISO 4217 currency code")                                        \
  X(currency_mismatch, 103, "two different currencies meet")                                       \
  X(malformed_id, 104, "not an id of the expected kind")                                           \
  X(malformed_text, 105, "the text breaks a length or character rule")                             \
  X(malformed_time, 106, "not an RFC 3339 time")                                                   \
  X(json_malformed, 150, "not JSON, or not valid UTF-8")                                           \
  X(json_duplicate_key, 151, "a key stands twice in one object")                                   \
  X(json_too_deep, 152, "nested deeper than allowed")                                              \
  X(json_too_large, 153, "larger than allowed")                                                    \
  X(json_unknown_key, 154, "a key that is not part of the shape")                                  \
  X(json_missing_key, 155, "a required key is missing")                                            \
  X(json_wrong_type, 156, "a value of the wrong type")                                             \
  X(json_out_of_range, 157, "a value outside its bounds")                                          \
  X(unknown_tool, 200, "no such tool")                                                             \
  X(unknown_sku, 201, "no such SKU in the catalogue")                                              \
  X(sku_not_on_sale, 202, "the SKU is not on sale")                                                \
  X(price_mismatch, 203, "the stated price differs from the catalogue by more than 0.5 %")         \
  X(total_mismatch, 204, "the stated total differs from the sum of the lines")                     \
  X(quantity_out_of_range, 205, "the quantity is outside what may be bought")                      \
  X(order_amount_out_of_range, 206, "the order is below or above what one order may cost")         \
  X(duplicate_lines, 207, "one SKU stands on two lines")                                           \
  X(description_invalid, 208, "the description breaks a length or character rule")                 \
  X(machine_field, 209, "a field that only the server sets was supplied")                          \
  X(active_payment_exists, 210, "the user already has an open payment")                            \
  X(not_found, 211, "no such object here")                                                         \
  X(refund_exceeds_remaining, 212, "the refund is more than what is left of the payment")          \
  X(refund_total_mismatch, 213, "the refunds do not add up to the stated total")                   \
  X(refund_not_allowed, 214, "this payment cannot be refunded in its state")                       \
  X(refund_amount_mismatch, 215, "the stated refund differs from the lines it names")              \
  X(refund_reason_invalid, 216, "the refund reason is missing or breaks a rule")                   \
  X(refund_spacing, 217, "two refunds of one order need a minute between them")                    \
  X(cancel_not_allowed, 218, "this payment cannot be canceled in its state")                       \
  X(illegal_transition, 219, "the state machine has no such edge")                                 \
  X(needs_operator, 220, "above policy: a person must decide")                                     \
  X(tool_rounds_exhausted, 221, "the model asked for tools too often in one turn")                 \
  X(too_many_calls, 222, "more tool calls in one message than allowed")                            \
  X(lines_exceed_order, 224, "more of a line is claimed than was bought")                          \
  X(budget_spent, 225, "too many of these in too short a time")                                    \
  X(untrusted_source, 226, "a value comes from a source that may not decide it")                   \
  X(approval_ended, 227, "the approval was decided, used or voided, or has expired")               \
  X(catalogue_stale, 228, "the prices are too old to charge by")                                   \
  X(refund_window_over, 229, "the payment is too old to be refunded")                              \
  X(refund_count_spent, 230, "the payment was refunded as often as allowed")                       \
  X(price_changed, 231, "the price is not the one the customer was told")                          \
  X(reply_payment_untrue, 240, "the reply says that something was paid, and it was not")           \
  X(reply_refund_untrue, 241, "the reply says that something was given back, and it was not")      \
  X(reply_sum_untrue, 242, "the reply names a sum that was not the one paid or given back")        \
  X(reply_request_untrue, 243, "the reply asks for a sum that is not the one to be paid")          \
  X(reply_state_untrue, 244, "the reply says of an order what it is not")                          \
  X(reply_figure_unknown, 245, "the reply names a sum that is no figure of the conversation")      \
  X(reply_time_untrue, 246, "the reply names a time that is not so")                               \
  X(reply_money_words, 247, "the reply says of money what the server says itself")                 \
  X(reply_payee_untrue, 248, "the reply asks to pay elsewhere than with the card")                 \
  X(reply_discount_untrue, 249, "the reply promises a discount that nobody gives")                 \
  X(config_unknown_key, 300, "no such setting")                                                    \
  X(config_bad_value, 301, "a setting breaks its type or bounds")                                  \
  X(config_unreadable, 302, "a file named by the configuration cannot be read")                    \
  X(config_secret_in_file, 303, "a secret stands in the configuration file")                       \
  X(connect_failed, 400, "no connection could be made: nothing was sent")                          \
  X(connection_lost, 401, "the connection broke after something was sent: the outcome is unknown") \
  X(tls_failed, 402, "the peer's certificate or the TLS handshake was refused: nothing was sent")  \
  X(reply_too_large, 403, "the answer is larger than allowed")                                     \
  X(reply_malformed, 404, "the answer is not what the protocol says")                              \
  X(bind_failed, 405, "the address cannot be listened on")                                         \
  X(store_conflict, 500, "a row changed since it was read: read again and decide again")           \
  X(store_duplicate, 501, "a unique row exists already")                                           \
  X(store_unavailable, 502, "the store does not answer: nothing was acknowledged")                 \
  X(store_corrupt, 503, "the store holds what cannot be true")                                     \
  X(store_from_future, 504, "the database was written by a newer purser")                          \
  X(signature_invalid, 600, "the signature does not verify")                                       \
  X(signature_probe, 601, "a deliberate signature probe of the rail")                              \
  X(timestamp_skew, 602, "the timestamp is five minutes or more off")                              \
  X(unknown_serial, 603, "no key for this serial number")                                          \
  X(decrypt_failed, 604, "the ciphertext does not authenticate")                                   \
  X(notification_malformed, 605, "the notification lacks what it must hold")                       \
  X(rail_declined, 606, "the rail said no")                                                        \
  X(rail_unknown, 607, "the rail's answer leaves the outcome open")                                \
  X(rail_not_found, 608, "the rail does not know this number")                                     \
  X(facts_differ, 609, "the rail told of something else than was ordered")                         \
  X(model_unavailable, 700, "no model answered in time")                                           \
  X(model_malformed, 701, "the model's answer is not what the protocol says")                      \
  X(model_truncated, 702, "the model's answer is cut: nothing of it is executed")                  \
  X(model_refused, 703, "the model or its provider's filter refused")                              \
  X(model_rate_limited, 704, "the provider asks to slow down")                                     \
  X(unauthorized, 800, "no valid API key")                                                         \
  X(idempotency_key_required, 801, "a request that can move money needs an Idempotency-Key")       \
  X(idempotency_conflict, 802, "the Idempotency-Key was used with another payload")                \
  X(idempotency_in_flight, 803, "the first request with this Idempotency-Key is still running")    \
  X(request_malformed, 804, "the request is not what the API takes")                               \
  X(thread_busy, 805, "the thread is answering another turn")                                      \
  X(method_not_allowed, 806, "no such method on this path")                                        \
  X(rate_limited, 807, "too many requests")                                                        \
  X(unsupported_media_type, 808, "the body is not application/json")                               \
  X(insufficient_scope, 809, "the key may not do this")                                            \
  X(key_malformed, 900, "not a usable key or certificate")                                         \
  X(crypto_failed, 901, "the cryptographic operation failed")

enum class Errc : std::uint16_t {
#define PURSER_ERRC_VALUE(name, number, text) name = number,
  PURSER_ERRC(PURSER_ERRC_VALUE)
#undef PURSER_ERRC_VALUE
};

// The stable code, e.g. "price_mismatch".
std::string_view code_of(Errc e);
// The sentence beside it.
std::string_view meaning_of(Errc e);

}  // namespace purser
