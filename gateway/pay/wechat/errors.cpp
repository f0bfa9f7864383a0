#include "gateway/pay/wechat/errors.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace purser::wechat {
namespace {

// Spelt without '_': ORDER_PAID and ORDERPAID are one.
constexpr std::pair<std::string_view, Meaning> kMeanings[] = {
    {"INVALIDREQUEST", Meaning::refused},
    {"PARAMERROR", Meaning::refused},
    {"MCHNOTEXISTS", Meaning::refused},
    {"APPIDMCHIDNOTMATCH", Meaning::refused},
    {"SIGNERROR", Meaning::refused},
    {"NOAUTH", Meaning::refused},
    {"RULELIMIT", Meaning::refused},
    {"ACCOUNTERROR", Meaning::refused},
    {"USERACCOUNTABNORMAL", Meaning::refused},
    {"REQUESTBLOCKED", Meaning::refused},
    {"OPENIDMISMATCH", Meaning::refused},        // with status 500 in older tables
    {"INVALIDTRANSACTIONID", Meaning::refused},  // the same
    {"ORDERCLOSED", Meaning::order_closed},
    {"ORDERPAID", Meaning::order_paid},
    {"OUTTRADENOUSED", Meaning::ask_first},
    {"TRADEERROR", Meaning::ask_first},
    {"NOTENOUGH", Meaning::short_funds},
    {"ORDERNOTEXIST", Meaning::not_known},
    {"RESOURCENOTEXISTS", Meaning::not_known},
    {"USERPAYING", Meaning::paying},
    {"FREQUENCYLIMITED", Meaning::busy},
    {"RATELIMITEXCEEDED", Meaning::busy},
    {"RATELIMITED", Meaning::busy},
    {"SYSTEMERROR", Meaning::busy},
    {"BANKERROR", Meaning::busy},
    {"SERVICEUNAVAILABLE", Meaning::busy},
};

Judgement of_create(Meaning meaning) {
  switch (meaning) {
    case Meaning::refused:
      return {.outcome = Outcome::declined};
    case Meaning::order_closed:
      return {.outcome = Outcome::declined, .closed = true};
    case Meaning::order_paid:
      return {.already_paid = true};
    default:
      return {};
  }
}

Judgement of_query(Meaning meaning) {
  if (meaning == Meaning::not_known) return {.outcome = Outcome::declined, .not_known = true};
  return {};
}

Judgement of_close(Meaning meaning) {
  switch (meaning) {
    case Meaning::order_closed:
      return {.outcome = Outcome::succeeded, .closed = true};
    case Meaning::not_known:
      return {.outcome = Outcome::declined, .not_known = true};
    case Meaning::order_paid:
      return {.outcome = Outcome::declined, .already_paid = true};
    case Meaning::paying:
      return {.outcome = Outcome::pending};
    default:
      return {};
  }
}

// short_funds is pending: neither made nor refused for good. A person has to top up, and the same number sent again is
// what gets it made then.
Judgement of_refund(Meaning meaning) {
  switch (meaning) {
    case Meaning::refused:
    case Meaning::order_closed:
    case Meaning::not_known:
      return {.outcome = Outcome::declined};
    case Meaning::short_funds:
      return {.outcome = Outcome::pending, .short_funds = true};
    default:
      return {};
  }
}

bool is_refusal(const RailSays& says) {
  return says.http_status >= 400 && says.http_status < 500 && meaning_of_code(says.code) == Meaning::refused;
}

}  // namespace

std::string_view to_string(Operation o) {
  switch (o) {
    case Operation::create:
      return "create_order";
    case Operation::query:
      return "query_order";
    case Operation::close:
      return "close_order";
    case Operation::refund:
      return "refund";
    case Operation::query_refund:
      return "query_refund";
    case Operation::mend_refund:
      return "mend_refund";
    case Operation::certificates:
      return "certificates";
    case Operation::bill:
      return "bill";
    case Operation::bill_file:
      return "bill_file";
  }
  return "";
}

Meaning meaning_of_code(std::string_view code) {
  std::string folded(code);
  std::erase(folded, '_');
  const auto* row = std::find_if(std::begin(kMeanings), std::end(kMeanings),
                                 [&](const auto& known) { return known.first == folded; });
  return row == std::end(kMeanings) ? Meaning::other : row->second;
}

Judgement judge(Operation operation, int status, std::string_view code) {
  const Meaning meaning = meaning_of_code(code);
  if (meaning == Meaning::busy) return {.again = true};
  // No code that we know: only the status is left, and it can say no more than "again".
  if (meaning == Meaning::other) return {.again = status == 429 || status >= 500};
  switch (operation) {
    case Operation::create:
      return of_create(meaning);
    case Operation::query:
    case Operation::query_refund:
    case Operation::certificates:
    case Operation::bill:
    case Operation::bill_file:
      return of_query(meaning);
    case Operation::close:
      return of_close(meaning);
    case Operation::refund:
    case Operation::mend_refund:
      return of_refund(meaning);
  }
  return {};
}

OrderReply confirmed(OrderReply hinted, const QueryReply& asked) {
  const bool facts = asked.outcome == Outcome::succeeded && asked.facts.has_value();
  if (facts) {
    const TradeState state = asked.facts->state;
    hinted.already_paid = state == TradeState::paid || state == TradeState::refunded;
    hinted.closed = state == TradeState::closed;
    // The rail holds the order, so its no was about something else than the order's existence.
    if (!hinted.closed) hinted.outcome = Outcome::unknown;
  } else if (hinted.says.doubted || (asked.outcome != Outcome::declined && !is_refusal(asked.says))) {
    hinted.outcome = Outcome::unknown;
  }
  return hinted;
}

CloseReply confirmed(CloseReply hinted, const QueryReply& asked) {
  const bool facts = asked.outcome == Outcome::succeeded && asked.facts.has_value();
  if (facts) {
    const TradeState state = asked.facts->state;
    hinted.already_paid = state == TradeState::paid || state == TradeState::refunded;
    hinted.outcome = hinted.already_paid ? Outcome::declined : Outcome::unknown;
    if (state == TradeState::closed) hinted.outcome = Outcome::succeeded;
  } else {
    const bool paying = hinted.outcome == Outcome::pending;
    hinted.outcome = paying ? Outcome::pending : Outcome::unknown;
    if (asked.outcome == Outcome::declined) hinted.outcome = Outcome::declined;
  }
  return hinted;
}

RefundReply confirmed(RefundReply hinted, const RefundReply& asked) {
  if (asked.facts.has_value()) return asked;
  // That the question was refused too says nothing about the refund.
  const bool no_is_sure = !hinted.says.doubted && (hinted.says.vouched || asked.not_known);
  if (!no_is_sure) hinted.outcome = Outcome::unknown;
  return hinted;
}

RefundReply mend_confirmed(RefundReply hinted, const RefundReply& asked) {
  const bool still_abnormal = asked.facts && asked.facts->event == RefundEvent::rail_abnormal;
  if (asked.facts && !still_abnormal) return asked;
  if (!still_abnormal || hinted.says.doubted) hinted.outcome = Outcome::unknown;
  return hinted;
}

}  // namespace purser::wechat
