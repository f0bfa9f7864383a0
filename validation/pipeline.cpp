#include "validation/pipeline.hpp"

#include "validation/money/json_gate.hpp"
#include "validation/money/text.hpp"
#include "validation/rules/catalogue_age.hpp"
#include "validation/rules/currency.hpp"
#include "validation/rules/description.hpp"
#include "validation/rules/order_total.hpp"
#include "validation/rules/provenance.hpp"
#include "validation/rules/reason_truth.hpp"
#include "validation/rules/refund_batch.hpp"
#include "validation/rules/refund_bounds.hpp"
#include "validation/rules/refund_reason.hpp"
#include "validation/rules/sensitive_words.hpp"

#include <algorithm>

namespace purser {
namespace {

using Evidence = std::vector<std::string>;

constexpr std::string_view kMayWatch[] = {"catalogue_age", "refund_history", "sensitive_words"};

// What was asked so far, and what those that only watch said.
struct Course {
  const std::set<std::string, std::less<>>& watching;
  Evidence asked;
  std::vector<ShadowRefusal> shadow;

  // The rule's word, unless it only watches.
  Result<void> heard(std::string_view rule, Result<void> word) {
    asked.emplace_back(rule);
    const bool may = std::ranges::find(kMayWatch, rule) != std::end(kMayWatch);
    if (word || !may || !watching.contains(rule)) return word;
    shadow.push_back({std::string(rule), word.code()});
    return success();
  }
};

template <class T>
Judged<T> judged(Course course, Result<T> value) {
  Verdict verdict;
  verdict.evidence = std::move(course.asked);
  verdict.shadow = std::move(course.shadow);
  if (value) {
    verdict.decision = Decision::accept;
  } else {
    verdict.decision = value.code() == Errc::needs_operator ? Decision::ask_operator : Decision::reject;
    verdict.error = value.error();
  }
  return Judged<T>{std::move(verdict), std::move(value), T()};
}

Result<CheckedOrder> apply_order_rules(const Catalogue& catalogue, const OrderProposal& proposal,
                                       const OrderPolicy& policy, std::string_view locale, Course& course) {
  auto young =
      course.heard("catalogue_age", rules::catalogue_age(catalogue.as_of(), policy.now, policy.catalogue_age_max));
  if (!young) return young.error();
  Evidence& asked = course.asked;

  asked.emplace_back("order_lines");
  const rules::LineLimits limits{policy.lines_max, policy.quantity_max, policy.order_amount_max_fen,
                                 policy.tolerance_per_mille};
  auto lines = rules::order_lines(catalogue, proposal.lines, limits, locale);
  if (!lines) return lines.error();

  asked.emplace_back("order_currency");
  auto currency = rules::order_currency(*lines, proposal.currency);
  if (!currency) return currency.error();

  asked.emplace_back("order_amount");
  auto amount = rules::order_amount(*lines, *currency, policy.order_amount_max_fen);
  if (!amount) return amount.error();

  asked.emplace_back("order_total");
  const std::int64_t tolerance = rules::total_tolerance(catalogue, *lines, policy.tolerance_per_mille);
  auto total = rules::order_total(proposal.total_fen, *amount, tolerance, policy.order_amount_max_fen);
  if (!total) return total.error();

  asked.emplace_back("description");
  std::string description = rules::compose_description(*lines, locale, policy.description);
  if (auto good = rules::check_description(description, policy.description); !good) return good.error();

  return CheckedOrder{std::move(*lines), *amount, std::move(description), catalogue.version()};
}

class RefundRun {
 public:
  RefundRun(const std::vector<PaymentIntent>& owned, const RefundProposal& proposal, const RefundPolicy& policy,
            Course& course)
      : owned_(owned), proposal_(proposal), policy_(policy), course_(course), asked_(course.asked) {}

  Result<std::vector<CheckedRefund>> run() {
    asked_.emplace_back("refund_list_size");
    auto size = rules::refund_list_size(proposal_.entries.size(), policy_.list_max);
    if (!size) return size.error();
    for (std::size_t i = 0; i < proposal_.entries.size(); ++i) {
      if (auto good = check_entry(i); !good) return good.error();
    }
    asked_.emplace_back("refund_batch");
    auto sum = rules::refund_batch(batch_, proposal_.total_fen);
    if (!sum) return sum.error();
    asked_.emplace_back("refund_limits");
    if (auto good = rules::refund_limits(*sum, limits()); !good) return good.error();
    return std::move(checked_);
  }
  std::vector<CheckedRefund> take_checked() { return std::move(checked_); }

 private:
  Result<void> check_entry(std::size_t index) {
    const RefundProposal::Entry& entry = proposal_.entries[index];
    const std::string at = pointer_to("/refunds", index);

    asked_.emplace_back("owned_intent");
    const auto intent = std::find_if(owned_.begin(), owned_.end(),
                                     [&](const PaymentIntent& candidate) { return candidate.id == entry.intent; });
    if (intent == owned_.end()) {
      return rules::no_such_payment(pointer_to(at, "payment_intent"));
    }
    asked_.emplace_back("refund_state");
    if (auto good = rules::refund_state(*intent, pointer_to(at, "payment_intent")); !good) return good;

    const rules::RefundHistory history{policy_.now, policy_.window, made_before(index), policy_.count_max};
    auto before = rules::refund_history(*intent, history, pointer_to(at, "payment_intent"));
    if (auto good = course_.heard("refund_history", std::move(before)); !good) return good;

    asked_.emplace_back("refund_reason");
    auto reason = rules::refund_reason(entry.reason, policy_.reason_max, pointer_to(at, "reason"));
    if (!reason) return reason.error();
    auto clean_words = rules::sensitive_words(*reason, policy_.sensitive_words, pointer_to(at, "reason"));
    if (auto good = course_.heard("sensitive_words", std::move(clean_words)); !good) return good;

    auto amount = amount_of(entry, *intent, index, at);
    if (!amount) return amount.error();
    asked_.emplace_back("refund_amount");
    if (auto good = rules::refund_amount(entry.amount_fen, *amount, at); !good) return good;
    asked_.emplace_back("reason_truth");
    if (auto good = rules::reason_truth(*reason, *intent, *amount, pointer_to(at, "reason")); !good) return good;

    batch_.push_back(rules::BatchEntry{&*intent, *amount});
    checked_.push_back(
        CheckedRefund{intent->id, *amount, std::move(*reason), rules::returned_lines(*intent, entry.lines)});
    return success();
  }

  Result<Money> amount_of(const RefundProposal::Entry& entry, const PaymentIntent& intent, std::size_t index,
                          const std::string& at) {
    if (!entry.lines.empty()) {
      if (entry.all || entry.half) {
        return Error(Errc::refund_amount_mismatch, "name lines, all or half, and only one of them",
                     pointer_to(at, entry.all ? "all" : "half"));
      }
      asked_.emplace_back("refund_lines");
      return rules::refund_lines(intent, entry.lines, lines_before(index), at);
    }
    if (entry.all && entry.half)
      return Error(Errc::refund_amount_mismatch, "name all or half, not both", pointer_to(at, "half"));
    if (entry.all) return refundable(intent);
    if (entry.half) return rules::half_of(intent.amount);
    if (entry.amount_fen) return Money(*entry.amount_fen, intent.amount.currency());
    return Error(Errc::json_missing_key, "say what to refund: lines, all, half or amount_fen", at);
  }

  // What earlier refunds and earlier entries of the list name of the same payment.
  std::vector<rules::RefundLine> lines_before(std::size_t index) const {
    std::vector<rules::RefundLine> lines;
    const auto returned = policy_.lines_returned.find(proposal_.entries[index].intent);
    if (returned != policy_.lines_returned.end()) lines = returned->second;
    for (std::size_t i = 0; i < index; ++i) {
      const RefundProposal::Entry& entry = proposal_.entries[i];
      if (entry.intent == proposal_.entries[index].intent)
        lines.insert(lines.end(), entry.lines.begin(), entry.lines.end());
    }
    return lines;
  }

  std::vector<rules::RefundLimit> limits() const {
    return {{"conversation and day", policy_.auto_limit_fen, policy_.refunded_today_fen},
            {"list", policy_.list_limit_fen, 0},
            {"customer and day", policy_.user_limit_fen, policy_.user_refunded_today_fen},
            {"shop and day", policy_.tenant_limit_fen, policy_.tenant_refunded_today_fen}};
  }

  // How often the payment was refunded, with the entries of this list before `index`.
  std::int64_t made_before(std::size_t index) const {
    const auto made = policy_.refunds_made.find(proposal_.entries[index].intent);
    std::int64_t count = made == policy_.refunds_made.end() ? 0 : made->second;
    for (std::size_t i = 0; i < index; ++i) count += proposal_.entries[i].intent == proposal_.entries[index].intent;
    return count;
  }

  const std::vector<PaymentIntent>& owned_;
  const RefundProposal& proposal_;
  const RefundPolicy& policy_;
  Course& course_;
  Evidence& asked_;
  std::vector<rules::BatchEntry> batch_;
  std::vector<CheckedRefund> checked_;
};

}  // namespace

std::span<const std::string_view> rules_that_may_watch() {
  return kMayWatch;
}

std::string_view to_string(Decision d) {
  switch (d) {
    case Decision::accept:
      return "accept";
    case Decision::reject:
      return "reject";
    case Decision::ask_user:
      return "ask_user";
    case Decision::ask_operator:
      return "ask_operator";
  }
  return "?";
}

Judged<CheckedOrder> judge_order(const Catalogue& catalogue, const OrderProposal& proposal, const OrderPolicy& policy,
                                 std::string_view locale) {
  Course course{policy.watching, {}, {}};
  auto value = apply_order_rules(catalogue, proposal, policy, locale, course);
  return judged(std::move(course), std::move(value));
}

Result<CheckedOrder> check_order(const Catalogue& catalogue, const OrderProposal& proposal, const OrderPolicy& policy,
                                 std::string_view locale) {
  return judge_order(catalogue, proposal, policy, locale).value;
}

Judged<std::vector<CheckedRefund>> judge_refunds(const std::vector<PaymentIntent>& owned,
                                                 const RefundProposal& proposal, const RefundPolicy& policy) {
  Course course{policy.watching, {}, {}};
  RefundRun run(owned, proposal, policy, course);
  auto value = run.run();
  auto out = judged(std::move(course), std::move(value));
  if (out.verdict.decision == Decision::ask_operator) out.checked = run.take_checked();
  return out;
}

Result<std::vector<CheckedRefund>> check_refunds(const std::vector<PaymentIntent>& owned,
                                                 const RefundProposal& proposal, const RefundPolicy& policy) {
  return judge_refunds(owned, proposal, policy).value;
}

std::vector<IntentLine> pieces_of(const CheckedRefund& refund) {
  std::vector<IntentLine> pieces;
  for (const rules::ReturnedLine& returned : refund.lines) {
    if (returned.share == rules::Share::half) return {};
    pieces.push_back(returned.line);
  }
  return pieces;
}

}  // namespace purser
