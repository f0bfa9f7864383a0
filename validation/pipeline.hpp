// The rules over one proposal of a model, in a fixed order, and the verdict with its evidence. A proposal holds claims;
// what comes out holds the server's figures only. The first rule that refuses decides: the model is told one thing to
// mend at a time.
#pragma once

#include "validation/domain/catalogue.hpp"
#include "validation/domain/intent.hpp"
#include "validation/rules/description.hpp"
#include "validation/rules/order_lines.hpp"
#include "validation/rules/refund_history.hpp"
#include "validation/rules/refund_limits.hpp"
#include "validation/rules/refund_lines.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser {

enum class Decision : std::uint8_t { accept, reject, ask_user, ask_operator };
std::string_view to_string(Decision d);

// What a rule that only watches would have refused. A new rule is tried this way: it counts and does not act.
struct ShadowRefusal {
  std::string rule;
  Errc code;
};

// Rules that may only watch; the others hold the money and always act.
std::span<const std::string_view> rules_that_may_watch();

struct Verdict {
  Decision decision = Decision::reject;
  Error error;                        // of anything but accept
  std::vector<std::string> evidence;  // the rules that were asked, in order; the last one decided
  std::vector<ShadowRefusal> shadow;
};

template <class T>
struct Judged {
  Verdict verdict;
  Result<T> value;  // an error exactly when the verdict is not accept
  T checked{};      // with ask_operator: what a person would approve
};

// --- create_payment_intent -----------------------------------------------------------------------------------------
// Pointers in errors take the members to be called lines (sku, quantity, unit_price_fen), total_fen and currency.

struct OrderProposal {
  using Line = rules::LineClaim;
  std::vector<Line> lines;
  std::optional<std::int64_t> total_fen;
  std::optional<std::string> currency;
};

struct OrderPolicy {
  std::int64_t order_amount_max_fen = 0;
  std::int64_t quantity_max = 0;
  std::int64_t lines_max = 0;
  std::int64_t tolerance_per_mille = 5;
  // Prices older than this at `now` are not charged by; zero: they do not age. Prices of unknown age are too old.
  Millis catalogue_age_max{0};
  UtcTime now{};
  rules::DescriptionRule description{};
  std::set<std::string, std::less<>> watching;  // rules that only watch
};

struct CheckedOrder {
  std::vector<IntentLine> lines;
  Money amount;
  std::string description;
  std::string catalogue_version;
};

// In this order: catalogue_age, order_lines, order_currency, order_amount, order_total, description.
Judged<CheckedOrder> judge_order(const Catalogue& catalogue, const OrderProposal& proposal, const OrderPolicy& policy,
                                 std::string_view locale);
Result<CheckedOrder> check_order(const Catalogue& catalogue, const OrderProposal& proposal, const OrderPolicy& policy,
                                 std::string_view locale);

// --- refund --------------------------------------------------------------------------------------------------------
// Pointers in errors take the members to be called refunds (payment_intent, lines (sku, quantity, share), all, half,
// amount_fen,
// reason) and total_fen.

struct RefundProposal {
  using Line = rules::RefundLine;
  struct Entry {
    IntentId intent;
    std::vector<Line> lines;                 // these, or
    bool all = false;                        // whatever is left, or
    bool half = false;                       // half of what was paid, rounded down, or
    std::optional<std::int64_t> amount_fen;  // this much; beside lines or all it is a claim that must be exact
    std::string reason;
  };
  std::vector<Entry> entries;
  std::optional<std::int64_t> total_fen;
};

struct RefundPolicy {
  std::int64_t auto_limit_fen = 0;      // per thread and day; above it a person decides
  std::int64_t refunded_today_fen = 0;  // what this thread has used of it
  std::int64_t list_max = 0;
  std::int64_t reason_max = 0;  // characters
  // Of one list, and of what the user and the tenant used today. Above any of them a person decides.
  std::int64_t list_limit_fen = rules::kUnlimited;
  std::int64_t user_limit_fen = rules::kUnlimited;
  std::int64_t user_refunded_today_fen = 0;
  std::int64_t tenant_limit_fen = rules::kUnlimited;
  std::int64_t tenant_refunded_today_fen = 0;
  // How late and how often one payment may be refunded.
  UtcTime now{};
  Millis window = rules::kNoWindow;
  std::int64_t count_max = rules::kUnlimited;
  std::map<IntentId, std::int64_t> refunds_made;  // of each payment so far; absent is none
  // What earlier refunds of each payment named, those that failed left out: no piece is given back twice.
  std::map<IntentId, std::vector<rules::RefundLine>> lines_returned;
  std::vector<std::string> sensitive_words;     // lower case
  std::set<std::string, std::less<>> watching;  // rules that only watch
};

struct CheckedRefund {
  IntentId intent;
  Money amount;
  std::string reason;
  std::vector<rules::ReturnedLine> lines = {};  // what the entry names
  // What was left of the payment when a person was asked; when it is another sum, the answer is void.
  std::optional<Money> left = {};
};

// What is given back, where that is whole pieces alone; empty otherwise.
std::vector<IntentLine> pieces_of(const CheckedRefund& refund);

// In this order: refund_list_size; for each entry owned_intent, refund_state, refund_history, refund_reason,
// sensitive_words, refund_lines or 'all' or the stated amount, refund_amount; then refund_batch (the bounds and the
// sum) and refund_limits. `owned` is what this user and thread may speak of, as just read: an id that is not in it is
// not_found, whether it exists or not. 'all' is everything that is left when the list begins, so no other entry of that
// payment fits beside it. Above the automatic limit the error is needs_operator, and everything else about the proposal
// was right. An entry that names nothing, or both lines and all, is json_missing_key or refund_amount_mismatch.
Judged<std::vector<CheckedRefund>> judge_refunds(const std::vector<PaymentIntent>& owned,
                                                 const RefundProposal& proposal, const RefundPolicy& policy);
Result<std::vector<CheckedRefund>> check_refunds(const std::vector<PaymentIntent>& owned,
                                                 const RefundProposal& proposal, const RefundPolicy& policy);

}  // namespace purser
