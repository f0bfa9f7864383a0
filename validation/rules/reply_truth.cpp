#include "validation/rules/reply_truth.hpp"

#include "validation/money/text.hpp"
#include "validation/rules/reply_claims.hpp"
#include "validation/rules/reply_links.hpp"

#include <algorithm>
#include <optional>

namespace purser::rules {
namespace {

constexpr std::string_view kSigns[] = {"¥", "cny", "rmb"};
constexpr std::string_view kUnits[] = {"元", "块", "yuan", "cny", "rmb"};

std::string_view without_spaces(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

// The figures of a clause that are written as money, "¥1,299.00", "12.5元", in minor units.
std::vector<Money> figures_of(std::string_view clause) {
  constexpr std::string_view digits = "0123456789";
  std::vector<Money> figures;
  for (std::size_t at = 0; (at = clause.find_first_of(digits, at)) != std::string_view::npos;) {
    const std::size_t end = std::min(clause.find_first_not_of("0123456789.,", at), clause.size());
    std::string figure(clause.substr(at, end - at));
    std::erase(figure, ',');
    while (figure.ends_with('.')) figure.pop_back();
    std::string_view before = clause.substr(0, at);
    while (before.ends_with(' ')) before.remove_suffix(1);
    const std::string_view after = without_spaces(clause.substr(end));
    const bool money =
        std::any_of(std::begin(kSigns), std::end(kSigns), [&](auto sign) { return before.ends_with(sign); }) ||
        std::any_of(std::begin(kUnits), std::end(kUnits), [&](auto unit) { return after.starts_with(unit); });
    if (auto amount = parse_major(figure, Currency::cny()); money && amount) figures.push_back(*amount);
    at = end;
  }
  return figures;
}

Error untrue(const std::string& what) {
  return Error(Errc::reply_untrue, "the reply says " + what + "; say only what the tools reported", "text");
}

std::optional<Error> false_claim(const ReplyClaims& claims, const LedgerFacts& facts) {
  if (claims.paid && !facts.payment_succeeded)
    return untrue("that something was paid, and no payment here has succeeded");
  if (claims.refunded && !facts.refund_succeeded) return untrue("that a refund is done, and none here is");
  if (claims.refund_started && !facts.refund_pending && !facts.refund_succeeded) {
    return untrue("that a refund is on its way, and none here was made");
  }
  if (facts.amounts.empty()) return std::nullopt;
  for (const std::string& clause : claims.clauses) {
    for (Money figure : figures_of(clause)) {
      const bool known = std::find(facts.amounts.begin(), facts.amounts.end(), figure) != facts.amounts.end();
      if (!known)
        return untrue("that " + figure.display() + " was paid or refunded, which is no figure of this conversation");
    }
  }
  return std::nullopt;
}

}  // namespace

Result<CheckedReply> reply_truth(std::string_view text, const LedgerFacts& facts) {
  auto cleaned = clean(text, TextRules{true, true});
  if (!cleaned) return Error(cleaned.code(), cleaned.error().message, "text");
  CheckedReply reply;
  reply.text = without_links(cleaned->text);
  reply.changed = cleaned->removed.total() > 0 || reply.text != cleaned->text;
  if (auto error = false_claim(claims_of(reply.text), facts)) return *std::move(error);
  return reply;
}

}  // namespace purser::rules
