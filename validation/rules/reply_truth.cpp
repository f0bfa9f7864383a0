#include "validation/rules/reply_truth.hpp"

#include "validation/money/text.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/reply_claims.hpp"
#include "validation/rules/reply_links.hpp"
#include "validation/rules/reply_states.hpp"
#include "validation/rules/reply_times.hpp"

#include <algorithm>
#include <optional>

namespace purser::rules {
namespace {

Error untrue(const std::string& what) {
  return Error(Errc::reply_untrue, "the reply says " + what + "; say only what the tools reported", "text");
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

std::optional<Error> false_clause(const std::string& clause, const ReplyClaims::Of& claims, const LedgerFacts& facts) {
  const std::vector<Money> figures = money_figures(clause);
  if (claims.paid && !facts.payment_succeeded && !is_about(figures, facts.paid))
    return untrue("that something was paid, and no payment here has succeeded");
  if (claims.refunded && !facts.refund_succeeded) return untrue("that a refund is done, and none here is");
  if (claims.refund_started && !facts.refund_pending && !facts.refund_succeeded)
    return untrue("that a refund is on its way, and none here was made");
  const bool figures_hold = (!claims.paid || claims.refunded || figures_agree(figures, facts.paid, facts)) &&
                            (!claims.refunded || figures_agree(figures, facts.refunded, facts)) &&
                            (!claims.refund_started || claims.refunded ||
                             figures_agree(figures, facts.refunding, facts) || is_about(figures, facts.refunded));
  if (!figures_hold) return untrue("a sum that was not the one paid or refunded");
  return std::nullopt;
}

std::optional<Error> false_claim(const ReplyClaims& claims, const LedgerFacts& facts) {
  if (facts.money_words_from_templates && !claims.clauses.empty())
    return untrue("what was paid or refunded, which the server says itself");
  for (std::size_t i = 0; i < claims.clauses.size(); ++i) {
    if (auto error = false_clause(claims.clauses[i], claims.of_clause[i], facts)) return error;
  }
  return std::nullopt;
}

std::optional<Error> false_request(const ReplyClaims& claims, const LedgerFacts& facts) {
  if (facts.to_pay.empty()) return std::nullopt;
  for (const std::string& clause : claims.asking) {
    const std::vector<Money> figures = money_figures(clause);
    if (!is_about(figures, facts.to_pay) || !figures_agree(figures, {}, facts))
      return untrue("to pay a sum that is not the one to be paid");
  }
  return std::nullopt;
}

std::optional<Error> false_state(const StateClaims& states, const LedgerFacts& facts) {
  if (states.unpaid && !facts.may_be_unpaid) return untrue("that something is unpaid, and everything here is paid");
  if (states.not_refunded && !facts.may_be_unrefunded) return untrue("that nothing was refunded, and it was");
  if (states.created && !facts.order_made) return untrue("that an order was made, and none here was");
  if (states.canceled && !facts.order_canceled) return untrue("that an order was canceled, and none here was");
  if (states.expired && !facts.order_expired) return untrue("that an order has expired, and none here has");
  return std::nullopt;
}

std::optional<Error> false_figure(std::string_view text, const LedgerFacts& facts) {
  if (facts.known.empty()) return std::nullopt;
  for (Money figure : money_figures(text)) {
    if (!holds(facts.known, figure) && !holds(facts.amounts, figure))
      return untrue("a sum of money that is no figure of this conversation");
  }
  return std::nullopt;
}

std::optional<Error> false_time(std::string_view text, const LedgerFacts& facts) {
  const StatedTimes times = stated_times(text);
  const auto known = [](const auto& stated, const auto& true_ones) {
    return true_ones.empty() ||
           std::all_of(stated.begin(), stated.end(), [&](std::int64_t one) { return holds(true_ones, one); });
  };
  if (!known(times.minutes, facts.minutes)) return untrue("how long there is to pay, and that is not so");
  if (!known(times.minutes_of_day, facts.minutes_of_day)) return untrue("a time of day at which nothing happened");
  return std::nullopt;
}

}  // namespace

Result<CheckedReply> reply_truth(std::string_view text, const LedgerFacts& facts) {
  auto cleaned = clean(text, TextRules{true, true});
  if (!cleaned) return Error(cleaned.code(), cleaned.error().message, "text");
  CheckedReply reply;
  reply.text = without_links(cleaned->text);
  reply.changed = cleaned->removed.total() > 0 || reply.text != cleaned->text;
  const ReplyClaims claims = claims_of(reply.text);
  if (auto error = false_claim(claims, facts)) return *std::move(error);
  if (auto error = false_request(claims, facts)) return *std::move(error);
  if (auto error = false_state(states_of(reply.text), facts)) return *std::move(error);
  if (auto error = false_figure(reply.text, facts)) return *std::move(error);
  if (auto error = false_time(reply.text, facts)) return *std::move(error);
  return reply;
}

}  // namespace purser::rules
