// What the rail's error codes mean for money. By code first, then by status; the spellings of all tables of the rail's
// documentation are folded into one. What is not known here is `unknown`, never a no. Pure.
#pragma once

#include "gateway/pay/payment_channel.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace purser::wechat {

enum class Operation : std::uint8_t {
  create,
  query,
  close,
  refund,
  query_refund,
  mend_refund,
  certificates,
  bill,
  bill_file
};
inline constexpr std::size_t kOperations = 9;
std::string_view to_string(Operation o);

// What a code says, whatever its spelling.
enum class Meaning : std::uint8_t {
  other,    // nothing that this table knows
  refused,  // a plain no: nothing happened and nothing will
  order_closed,
  order_paid,
  ask_first,    // the number is used, or the trade went wrong somewhere: only a query tells
  short_funds,  // the merchant's balance does not cover the refund; the same number works after topping up
  not_known,    // no such order or refund at the rail (yet)
  paying,       // the payer is at it
  busy,         // the rail asks for the same again, later
};
Meaning meaning_of_code(std::string_view code);

struct Judgement {
  Outcome outcome = Outcome::unknown;
  bool again = false;  // the same request may be sent again at once, backing off
  bool already_paid = false;
  bool closed = false;
  bool not_known = false;
  bool short_funds = false;  // refund: pending until the merchant has topped up; the same number works then

  friend bool operator==(const Judgement&, const Judgement&) = default;
};
// For an answer with a status that is no success. For a close, `succeeded` says that the order is closed and `declined`
// with not_known that the rail has no such order (yet); for a query, `declined` says the latter too.
Judgement judge(Operation operation, int status, std::string_view code);

// The rail signs its successes; its errors need not be signed, and must not decide about money alone. These fold in
// what a query for the same number said: verified facts win, and a no after an attempt that may have been carried out
// is none. Of an order, with which nobody can pay as long as its answer is lost, any second no confirms the first; of a
// close, that there is no such order; of a refund, that there is no such refund, or that its own no was signed.
OrderReply confirmed(OrderReply hinted, const QueryReply& asked);
CloseReply confirmed(CloseReply hinted, const QueryReply& asked);
RefundReply confirmed(RefundReply hinted, const RefundReply& asked);
// The same of an abnormal refund that was to go elsewhere: refused is what left it abnormal.
RefundReply mend_confirmed(RefundReply hinted, const RefundReply& asked);

}  // namespace purser::wechat
