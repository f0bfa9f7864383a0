#include "validation/rules/reply_truth.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"
#include "validation/rules/clauses.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/reply_claims.hpp"
#include "validation/rules/reply_links.hpp"
#include "validation/rules/reply_reading.hpp"
#include "validation/rules/reply_states.hpp"
#include "validation/rules/reply_times.hpp"

#include <algorithm>
#include <optional>

namespace purser::rules {
namespace {

Error untrue(Errc code, const std::string& what) {
  return Error(code, "the reply says " + what + "; say only what the tools reported", "text");
}

template <class T>
bool holds(const std::vector<T>& values, const T& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Whether all figures of the clause may stand beside a claim. `own` are the figures of that claim, when they are known.
bool figures_agree(const std::vector<Money>& figures, const std::vector<Money>& own, const LedgerFacts& facts) {
  const std::vector<Money>& allowed = own.empty() ? facts.amounts : own;
  return allowed.empty() ||
         std::all_of(figures.begin(), figures.end(), [&](Money figure) { return holds(allowed, figure); });
}

// "You paid ¥25.90" is true of a payment of that sum, whichever payment the sentence was meant for.
bool is_about(const std::vector<Money>& figures, const std::vector<Money>& own) {
  return std::any_of(figures.begin(), figures.end(), [&](Money figure) { return holds(own, figure); });
}

// "each" and its like beside the sum, or "at" before it: what one piece costs.
bool said_of_one(std::string_view clause, const StatedSum& stated) {
  constexpr std::size_t kNear = 16;
  constexpr std::string_view after[] = {"each", "per ", "apiece", "a piece", "a pack",
                                        "/",    "一包", "一个",   "一件",    "每"};
  constexpr std::string_view before[] = {"at ", "@", "×", "x ", "each ", "per ", "单价", "每", "一包", "一个", "一件"};
  return contains_any(clause.substr(stated.end, kNear), after) ||
         contains_any(clause.substr(0, stated.begin).substr(back_from(stated.begin, kNear)), before);
}

// "¥2.00 for the cup": what a line came to, unless it is said of the whole order.
bool said_of_line(std::string_view clause, const StatedSum& stated) {
  const std::string_view after = ascii::trimmed(clause.substr(stated.end), " ");
  return after.starts_with("for ") && after.find("order") == std::string_view::npos;
}

bool paid_sums_agree(std::string_view clause, const LedgerFacts& facts) {
  const std::vector<Money>& exact = facts.paid.empty() ? facts.amounts : facts.paid;
  const std::vector<StatedSum> sums = stated_sums(clause);
  return exact.empty() || std::all_of(sums.begin(), sums.end(), [&](const StatedSum& stated) {
           return holds(exact, stated.sum) || (holds(facts.unit_prices, stated.sum) && said_of_one(clause, stated)) ||
                  (holds(facts.line_totals, stated.sum) && said_of_line(clause, stated));
         });
}

// "You paid ¥25.90 and ¥5.00 of it came back": each part with the figures of what it says.
bool both_sums_agree(std::string_view clause, const LedgerFacts& facts) {
  constexpr std::string_view back[] = {"refund", "back", "return", "退", "返"};
  for (std::size_t at = 0; at < clause.size();) {
    const std::size_t end = std::min(clause.find(" and ", at), clause.size());
    const std::string_view part = clause.substr(at, end - at);
    const bool returns = contains_any(part, back);
    if (!(returns ? figures_agree(money_figures(part), facts.refunded, facts) : paid_sums_agree(part, facts)))
      return false;
    at = end + 1;
  }
  return true;
}

std::optional<Error> false_clause(const std::string& clause, const ReplyClaims::Of& claims, const LedgerFacts& facts) {
  const std::vector<Money> figures = money_figures(clause);
  if (claims.paid && !facts.payment_succeeded && !is_about(figures, facts.paid))
    return untrue(Errc::reply_payment_untrue, "that something was paid, and no payment here has succeeded");
  if (claims.refunded && !facts.refund_succeeded)
    return untrue(Errc::reply_refund_untrue, "that a refund is done, and none here is");
  if (claims.refund_started && !facts.refund_pending && !facts.refund_succeeded)
    return untrue(Errc::reply_refund_untrue, "that a refund is on its way, and none here was made");
  const bool figures_hold = (!claims.paid || claims.refunded || both_sums_agree(clause, facts)) &&
                            (!claims.refunded || figures_agree(figures, facts.refunded, facts) ||
                             (claims.paid && both_sums_agree(clause, facts))) &&
                            (!claims.refund_started || claims.refunded ||
                             figures_agree(figures, facts.refunding, facts) || is_about(figures, facts.refunded));
  if (claims.all_of_it && claims.refunded && !facts.refunded_all)
    return untrue(Errc::reply_refund_untrue, "that everything was refunded, and it was not");
  if (claims.all_of_it && claims.refund_started && !claims.refunded && !facts.refunding_all)
    return untrue(Errc::reply_refund_untrue, "that everything is being refunded, and it is not");
  if (!figures_hold) return untrue(Errc::reply_sum_untrue, "a sum that was not the one paid or refunded");
  return std::nullopt;
}

std::optional<Error> false_claim(const ReplyClaims& claims, const LedgerFacts& facts) {
  if (facts.money_words_from_templates && !claims.clauses.empty())
    return untrue(Errc::reply_money_words, "what was paid or refunded, which the server says itself");
  for (std::size_t i = 0; i < claims.clauses.size(); ++i) {
    if (auto error = false_clause(claims.clauses[i], claims.of_clause[i], facts)) return error;
  }
  return std::nullopt;
}

// "Your order total is ¥25.90" while an order waits to be paid.
std::optional<Error> false_total(std::string_view text, const LedgerFacts& facts) {
  constexpr std::string_view totals[] = {"total", "合计", "总计", "总额", "共计", "总共", "订单金额", "comes to"};
  constexpr std::string_view orders[] = {"order", "订单", "这单", "本单"};
  constexpr std::string_view wishes[] = {"would", "could", "will", "如果", "若", "将", "会"};
  if (facts.to_pay.empty() || facts.order_totals.empty()) return std::nullopt;
  for (const Statement& statement : statements_of(text)) {
    const std::string& clause = statement.text;
    if (!contains_any(clause, totals) || !contains_any(clause, orders) || contains_any(clause, wishes)) continue;
    for (const StatedSum& stated : stated_sums(clause)) {
      if (!holds(facts.order_totals, stated.sum) && !said_of_one(clause, stated))
        return untrue(Errc::reply_sum_untrue, "another total than that of the order");
    }
  }
  return std::nullopt;
}

std::optional<Error> false_request(const ReplyClaims& claims, const LedgerFacts& facts) {
  if (claims.nothing_due && !facts.to_pay.empty())
    return untrue(Errc::reply_payment_untrue, "that nothing is left to pay, and an order waits to be paid");
  if (facts.to_pay.empty()) return std::nullopt;
  for (const std::string& clause : claims.asking) {
    const std::vector<Money> figures = money_figures(clause);
    if (!is_about(figures, facts.to_pay) || !figures_agree(figures, {}, facts))
      return untrue(Errc::reply_request_untrue, "to pay a sum that is not the one to be paid");
  }
  return std::nullopt;
}

// Whether each clause means one of the other orders: by its sum, or in words.
bool is_of_another(const std::vector<std::string>& clauses, const std::vector<Money>& others) {
  constexpr std::string_view words[] = {"earlier", "previous", "first", "old",  "other",  "last", "before",
                                        "former",  "prior",    "之前",  "上一", "原来",   "前面", "前一",
                                        "旧",      "另一",     "第一",  "早先", "先前的", "上次"};
  return std::all_of(clauses.begin(), clauses.end(), [&](const std::string& clause) {
    return !others.empty() && (contains_any(clause, words) || is_about(money_figures(clause), others));
  });
}

std::optional<Error> false_state(const StateClaims& states, const LedgerFacts& facts) {
  if (states.unpaid && !facts.may_be_unpaid)
    return untrue(Errc::reply_state_untrue, "that something is unpaid, and everything here is paid");
  if (states.not_refunded && !facts.may_be_unrefunded)
    return untrue(Errc::reply_refund_untrue, "that nothing was refunded, and it was");
  if (states.created && !facts.order_made)
    return untrue(Errc::reply_state_untrue, "that an order was made, and none here was");
  if (!facts.order_canceled && !is_of_another(states.canceled, facts.canceled))
    return untrue(Errc::reply_state_untrue, "that an order was canceled, and none here was");
  if (!facts.order_expired && !is_of_another(states.expired, facts.expired))
    return untrue(Errc::reply_state_untrue, "that an order has expired, and none here has");
  const bool over = facts.order_canceled || facts.order_expired || facts.payment_succeeded;
  if (states.closed && facts.order_open && !over)
    return untrue(Errc::reply_state_untrue, "that an order is closed, and it waits to be paid");
  if (states.open && !facts.order_open)
    return untrue(Errc::reply_state_untrue, "that an order waits to be paid, and none here does");
  return std::nullopt;
}

std::optional<Error> false_figure(std::string_view text, const LedgerFacts& facts) {
  if (facts.known.empty()) return std::nullopt;
  for (Money figure : money_figures(text)) {
    if (!holds(facts.known, figure) && !holds(facts.amounts, figure))
      return untrue(Errc::reply_figure_unknown, "a sum of money that is no figure of this conversation");
  }
  return std::nullopt;
}

std::optional<Error> false_time(std::string_view text, const LedgerFacts& facts) {
  const StatedTimes times = stated_times(text);
  const auto known = [](const auto& stated, const auto& true_ones) {
    return true_ones.empty() ||
           std::all_of(stated.begin(), stated.end(), [&](std::int64_t one) { return holds(true_ones, one); });
  };
  if (!known(times.minutes, facts.minutes))
    return untrue(Errc::reply_time_untrue, "how long there is to pay, and that is not so");
  const bool in_minutes = std::all_of(times.seconds.begin(), times.seconds.end(), [&](std::int64_t one) {
    return holds(facts.seconds, one) || (one % 60 == 0 && holds(facts.minutes, one / 60));
  });
  if (!facts.minutes.empty() && !in_minutes)
    return untrue(Errc::reply_time_untrue, "how many seconds there are to pay, and that is not so");
  if (!known(times.minutes_of_day, facts.minutes_of_day))
    return untrue(Errc::reply_time_untrue, "a time of day at which nothing happened");
  return std::nullopt;
}

bool has_readable_clauses(std::string_view text) {
  if (text.size() <= kReplyClauseBytesMax) return true;
  const auto clauses = clauses_of(text);
  return std::all_of(clauses.begin(), clauses.end(),
                     [](const Clause& clause) { return clause.text.size() <= kReplyClauseBytesMax; });
}

}  // namespace

Result<CheckedReply> reply_truth(std::string_view text, const LedgerFacts& facts) {
  auto cleaned = clean(text, TextRules{true, true});
  if (!cleaned) return Error(cleaned.code(), cleaned.error().message, "text");
  CheckedReply reply;
  reply.text = without_links(cleaned->text);
  reply.changed = cleaned->removed.total() > 0 || reply.text != cleaned->text;
  const std::string read = as_read(reply.text);
  if (!has_readable_clauses(read))
    return Error(Errc::malformed_text, "has a clause of more than " + std::to_string(kReplyClauseBytesMax) + " bytes",
                 "text");
  const ReplyClaims claims = claims_of(read);
  if (auto error = false_claim(claims, facts)) return *std::move(error);
  if (auto error = false_request(claims, facts)) return *std::move(error);
  if (auto error = false_total(read, facts)) return *std::move(error);
  if (auto error = false_state(states_of(read), facts)) return *std::move(error);
  if (auto error = false_figure(read, facts)) return *std::move(error);
  if (auto error = false_time(read, facts)) return *std::move(error);
  return reply;
}

}  // namespace purser::rules
