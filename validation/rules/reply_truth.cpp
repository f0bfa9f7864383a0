#include "validation/rules/reply_truth.hpp"

#include "validation/money/ascii.hpp"
#include "validation/money/text.hpp"
#include "validation/rules/clauses.hpp"
#include "validation/rules/money_figures.hpp"
#include "validation/rules/reply_changes.hpp"
#include "validation/rules/reply_claims.hpp"
#include "validation/rules/reply_discounts.hpp"
#include "validation/rules/reply_figures.hpp"
#include "validation/rules/reply_links.hpp"
#include "validation/rules/reply_payee.hpp"
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

// What the sum is taken from: "¥88.00 of your ¥176.00", "176元中的88元", "half of ¥176.00".
enum class Base { none, whole, half };
Base base_of(std::string_view clause, const StatedSum& stated) {
  constexpr std::size_t kNear = 32;
  constexpr std::string_view fillers[] = {" ", "your", "the", "paid", "total"};
  constexpr std::string_view within[] = {"中", "里", "当中", "之中"};
  const std::string_view after = clause.substr(stated.end);
  if (after.starts_with("的一半")) return Base::half;
  if (begins_with_any(after, within)) return Base::whole;
  std::string_view before = clause.substr(0, stated.begin);
  before = before.substr(back_from(before.size(), kNear));
  for (bool cut = true; cut;) {
    cut = false;
    for (std::string_view filler : fillers) {
      if (!before.ends_with(filler)) continue;
      before.remove_suffix(filler.size());
      cut = true;
    }
  }
  if (before.ends_with("half of") || before.ends_with("half")) return Base::half;
  if (!before.ends_with("of")) return Base::none;
  constexpr std::string_view named[] = {"amount of", "sum of",     "refund of", "refunds of",
                                        "total of",  "payment of", "order of"};
  return std::ranges::any_of(named, [&](std::string_view one) { return before.ends_with(one); }) ? Base::none
                                                                                                 : Base::whole;
}

bool refund_sums_agree(std::string_view clause, const LedgerFacts& facts) {
  const std::vector<Money>& allowed = facts.refunded.empty() ? facts.amounts : facts.refunded;
  const std::vector<StatedSum> sums = stated_sums(clause);
  const bool several = sums.size() > 1;
  return allowed.empty() || std::all_of(sums.begin(), sums.end(), [&](const StatedSum& stated) {
           const Base base = base_of(clause, stated);
           const bool paid = holds(facts.paid, stated.sum);
           if (base == Base::half && paid)
             return std::ranges::any_of(allowed, [&](Money one) { return one.minor() * 2 == stated.sum.minor(); });
           return holds(allowed, stated.sum) || (base == Base::whole && several && paid);
         });
}

// "You paid ¥25.90 and ¥5.00 of it came back": each part with the figures of what it says.
bool both_sums_agree(std::string_view clause, const LedgerFacts& facts) {
  constexpr std::string_view back[] = {"refund", "back", "return", "退", "返"};
  for (std::size_t at = 0; at < clause.size();) {
    const std::size_t end = std::min(clause.find(" and ", at), clause.size());
    const std::string_view part = clause.substr(at, end - at);
    const bool returns = contains_any(part, back);
    if (!(returns ? refund_sums_agree(part, facts) : paid_sums_agree(part, facts))) return false;
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
  const bool figures_hold =
      (!claims.paid || claims.refunded || both_sums_agree(clause, facts)) &&
      (!claims.refunded || refund_sums_agree(clause, facts) || (claims.paid && both_sums_agree(clause, facts))) &&
      (!claims.refund_started || claims.refunded || figures_agree(figures, facts.refunding, facts) ||
       is_about(figures, facts.refunded));
  if (claims.another && (claims.refunded || claims.refund_started) && facts.refunds_made && *facts.refunds_made < 2)
    return untrue(Errc::reply_refund_untrue, "that more than one refund was made, and that is not so");
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
std::optional<Error> false_total(const std::vector<Statement>& statements, const LedgerFacts& facts) {
  constexpr std::string_view totals[] = {"total", "合计", "总计", "总额", "共计", "总共", "订单金额", "comes to"};
  constexpr std::string_view orders[] = {"order", "订单", "这单", "本单"};
  constexpr std::string_view wishes[] = {"would", "could", "will", "如果", "若", "将", "会"};
  if (facts.to_pay.empty() || facts.order_totals.empty()) return std::nullopt;
  for (const Statement& statement : statements) {
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
  if (claims.thanks && !facts.to_pay.empty() && !facts.payment_succeeded)
    return untrue(Errc::reply_payment_untrue, "that something was received, and an order waits to be paid");
  if (claims.refund_promised && facts.payment_succeeded && !facts.refund_succeeded && !facts.refund_pending)
    return untrue(Errc::reply_refund_untrue, "that money will be back soon, and no refund was made");
  if (claims.asks_plainly && facts.to_pay.empty() && !facts.order_open)
    return untrue(Errc::reply_request_untrue, "to pay, and nothing waits to be paid");
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
  if (states.missing && !facts.may_be_unpaid && !facts.refund_pending && !facts.refund_succeeded)
    return untrue(Errc::reply_state_untrue, "that money has not come, and everything here is paid");
  if (states.not_refunded && !facts.may_be_unrefunded && !(states.rest_not_refunded && !facts.refunding_all))
    return untrue(Errc::reply_refund_untrue, "that nothing was refunded, and it was");
  if (states.created && !facts.order_made)
    return untrue(Errc::reply_state_untrue, "that an order was made, and none here was");
  if (!facts.order_canceled && !is_of_another(states.canceled, facts.canceled))
    return untrue(Errc::reply_state_untrue, "that an order was canceled, and none here was");
  // What one paid with is over when the order is.
  constexpr std::string_view codes[] = {"码", "链接", "卡片", "code", "link", "card"};
  const bool of_codes = facts.order_canceled && std::ranges::all_of(states.expired, [&](const std::string& clause) {
                          return contains_any(clause, codes);
                        });
  if (!facts.order_expired && !of_codes && !is_of_another(states.expired, facts.expired))
    return untrue(Errc::reply_state_untrue, "that an order has expired, and none here has");
  const bool over = facts.order_canceled || facts.order_expired || facts.payment_succeeded;
  if (states.closed && facts.order_open && !over)
    return untrue(Errc::reply_state_untrue, "that an order is closed, and it waits to be paid");
  if (states.open && !facts.order_open)
    return untrue(Errc::reply_state_untrue, "that an order waits to be paid, and none here does");
  return std::nullopt;
}

std::optional<Error> false_change(const ChangeClaims& changes, const LedgerFacts& facts) {
  const bool waits = !facts.to_pay.empty();
  if (changes.changed && !facts.order_changed)
    return untrue(Errc::reply_state_untrue, "that an order was changed, and none here was");
  if ((changes.none || changes.none_open) && waits)
    return untrue(Errc::reply_state_untrue, "that there is no order, and one waits to be paid");
  if (changes.canceled && !facts.order_canceled && facts.canceled.empty())
    return untrue(Errc::reply_state_untrue, "that an order was canceled, and none here was");
  if (changes.not_canceled && facts.order_canceled && !facts.order_open && !facts.payment_succeeded)
    return untrue(Errc::reply_state_untrue, "that an order was not canceled, and it was");
  if ((changes.usable || changes.waits) && !facts.order_open && !facts.payment_succeeded)
    return untrue(Errc::reply_state_untrue, "that an order can be paid, and none here can");
  if (changes.waits && !facts.order_open)
    return untrue(Errc::reply_state_untrue, "that an order waits to be paid, and none here does");
  if (changes.ordered && !facts.order_made)
    return untrue(Errc::reply_state_untrue, "that something was ordered, and nothing was");
  if (changes.paid_twice && facts.payments_made && *facts.payments_made < 2)
    return untrue(Errc::reply_payment_untrue, "that more than one payment was made, and that is not so");
  if (changes.declined && !facts.may_be_unpaid)
    return untrue(Errc::reply_state_untrue, "that a payment was declined, and everything here is paid");
  return std::nullopt;
}

// "Up to ¥88.00 can be refunded": no more than is left.
std::optional<Error> false_remainder(const std::vector<Statement>& statements, const LedgerFacts& facts) {
  constexpr std::string_view cues[] = {"可退",
                                       "可以退",
                                       "可以再退",
                                       "还能退",
                                       "能退",
                                       "能再退",
                                       "可再退",
                                       "最多退",
                                       "可以全额退",
                                       "can be refunded",
                                       "can still be refunded",
                                       "can refund",
                                       "left to refund",
                                       "refundable",
                                       "can still get",
                                       "can get",
                                       "be given back",
                                       "could be refunded"};
  constexpr std::string_view turned[] = {"不能", "不可", "无法", "cannot", "can't", " not ", "no longer", "would"};
  if (facts.refundable.empty()) return std::nullopt;
  const auto most = std::max_element(facts.refundable.begin(), facts.refundable.end(),
                                     [](Money a, Money b) { return a.minor() < b.minor(); });
  for (const Statement& statement : statements) {
    const std::string_view clause = statement.text;
    const bool back = clause.find("退") != std::string_view::npos || clause.find("refund") != std::string_view::npos ||
                      clause.find("back") != std::string_view::npos;
    if (!back || !contains_any(clause, cues) || contains_any(clause, turned)) continue;
    const std::size_t joined = clause.find(" and ");
    for (const StatedSum& stated : stated_sums(clause)) {
      if (stated.sum.minor() <= most->minor() || base_of(clause, stated) != Base::none) continue;
      const std::string_view part = stated.begin < joined ? clause.substr(0, joined) : clause.substr(joined);
      if (contains_any(part, cues))
        return untrue(Errc::reply_refund_untrue, "that more can be refunded than is left of the payments");
    }
  }
  return std::nullopt;
}

// "Two packs and a box come to ¥374.00", "¥110.00 more than the pack": made of prices and of the counts that the reply
// names, where a clause adds or compares.
bool is_made_up(std::string_view clause, Money figure, std::string_view text, const LedgerFacts& facts) {
  const bool adds = adds_up(clause);
  const bool differs = compares(clause);
  if ((!adds && !differs) || facts.prices.empty()) return false;
  const std::vector<std::int64_t> counts = counts_of(text);
  return (adds && holds(made_of(facts.prices, facts.order_totals, counts, false), figure)) ||
         (differs && holds(made_of(facts.prices, facts.order_totals, counts, true), figure));
}

std::optional<Error> false_figure(std::string_view text, const std::vector<Clause>& clauses, const LedgerFacts& facts) {
  if (facts.known.empty()) return std::nullopt;
  const bool nothing_back = !facts.refund_succeeded && !facts.refund_pending;
  if (nothing_back && states_no_price(text))
    return untrue(Errc::reply_figure_unknown, "a sum of money that nothing costs");
  for (const StatedSum& stated : stated_sums(text)) {
    if (holds(facts.known, stated.sum) || holds(facts.amounts, stated.sum)) continue;
    const std::string_view words = text.substr(stated.begin, stated.end - stated.begin);
    const bool made_up = std::ranges::any_of(clauses, [&](const Clause& clause) {
      return clause.text.find(words) != std::string::npos && is_made_up(clause.text, stated.sum, text, facts);
    });
    if (!made_up) return untrue(Errc::reply_figure_unknown, "a sum of money that is no figure of this conversation");
  }
  return std::nullopt;
}

std::optional<Error> false_time(const std::string& text, const std::vector<Clause>& clauses, const LedgerFacts& facts) {
  constexpr std::int64_t kHalfDay = 720;
  const StatedTimes times = stated_times(text, clauses);
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
  if (!facts.to_pay.empty() && !known(times.minutes_left, facts.minutes))
    return untrue(Errc::reply_time_untrue, "how long there is to pay, and that is not so");
  const auto near_noon = [&](std::int64_t stated) {
    return std::ranges::any_of(facts.minutes_of_day, [&](std::int64_t one) { return one % kHalfDay == stated; });
  };
  if (!facts.minutes_of_day.empty() && !std::ranges::all_of(times.minutes_of_half_day, near_noon))
    return untrue(Errc::reply_time_untrue, "a time of day at which nothing happened");
  if (!known(times.minutes_of_day, facts.minutes_of_day))
    return untrue(Errc::reply_time_untrue, "a time of day at which nothing happened");
  return std::nullopt;
}

}  // namespace

Result<CheckedReply> reply_truth(std::string_view text, const LedgerFacts& facts) {
  auto cleaned = clean(text, TextRules{true, true});
  if (!cleaned) return Error(cleaned.code(), cleaned.error().message, "text");
  CheckedReply reply;
  reply.text = without_links(cleaned->text);
  reply.changed = cleaned->removed.total() > 0 || reply.text != cleaned->text;
  const std::string read = with_units(as_read(reply.text));
  const std::vector<Clause> clauses = clauses_of(read);
  if (std::ranges::any_of(clauses, [](const Clause& clause) { return clause.text.size() > kReplyClauseBytesMax; }))
    return Error(Errc::malformed_text, "has a clause of more than " + std::to_string(kReplyClauseBytesMax) + " bytes",
                 "text");
  const std::vector<Statement> statements = statements_of(clauses);
  const ReplyClaims claims = claims_of(statements);
  if (auto error = false_claim(claims, facts)) return *std::move(error);
  if (auto error = false_request(claims, facts)) return *std::move(error);
  if (const std::string payee = other_payee(clauses); !payee.empty())
    return untrue(Errc::reply_payee_untrue, "to pay elsewhere than with the card, which is the only way");
  if (auto error = false_total(statements, facts)) return *std::move(error);
  if (auto error = false_state(states_of(statements), facts)) return *std::move(error);
  if (auto error = false_change(changes_of(statements), facts)) return *std::move(error);
  if (auto error = false_remainder(statements, facts)) return *std::move(error);
  if (promises_discount(clauses, facts.percents_off, facts.told))
    return untrue(Errc::reply_discount_untrue, "that there is a discount, which no tool reported");
  if (auto error = false_figure(read, clauses, facts)) return *std::move(error);
  if (auto error = false_time(read, clauses, facts)) return *std::move(error);
  return reply;
}

}  // namespace purser::rules
