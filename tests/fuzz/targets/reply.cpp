// What a model would say to a customer, read against the ledger: any text gets a verdict in bounded time, and what may
// be shown is text that is let through again as it stands. Taking a link out never leaves another behind.
#include "tests/fuzz/fuzz.hpp"
#include "validation/money/text.hpp"
#include "validation/rules/reply_truth.hpp"

namespace {

using namespace purser;

std::vector<Money> some_of(fuzz::Dice& dice) {
  constexpr std::int64_t kSums[] = {0, 1, 8'800, 19'900, 39'800, 45'000, 100'000, 1'000'000};
  std::vector<Money> out;
  const unsigned chosen = dice.next();
  for (unsigned i = 0; i < std::size(kSums); ++i) {
    if (((chosen >> i) & 1U) != 0) out.emplace_back(kSums[i], Currency::cny());
  }
  return out;
}

std::vector<std::int64_t> numbers(fuzz::Dice& dice) {
  std::vector<std::int64_t> out;
  for (unsigned left = dice.next() % 3; left > 0; --left) out.push_back(dice.next());
  return out;
}

rules::LedgerFacts facts_of(fuzz::Dice& dice) {
  rules::LedgerFacts facts;
  const auto coin = [&] { return dice.next() % 2 == 1; };
  facts.payment_succeeded = coin();
  facts.refund_succeeded = coin();
  facts.refund_pending = coin();
  for (auto* list : {&facts.amounts, &facts.paid, &facts.unit_prices, &facts.line_totals, &facts.refunded,
                     &facts.refunding, &facts.to_pay, &facts.known, &facts.canceled, &facts.expired,
                     &facts.order_totals, &facts.prices, &facts.refundable})
    *list = some_of(dice);
  for (auto* list : {&facts.minutes, &facts.seconds, &facts.minutes_of_day, &facts.percents_off}) *list = numbers(dice);
  for (bool* fact : {&facts.may_be_unpaid, &facts.may_be_unrefunded, &facts.order_made, &facts.order_canceled,
                     &facts.order_expired, &facts.order_open, &facts.refunded_all, &facts.refunding_all,
                     &facts.order_changed, &facts.money_words_from_templates})
    *fact = coin();
  if (coin()) facts.payments_made = dice.next() % 4;
  if (coin()) facts.refunds_made = dice.next() % 4;
  if (coin()) facts.told.emplace_back("Longjing tea, 10% off for three");
  return facts;
}

}  // namespace

PURSER_FUZZ(bytes) {
  fuzz::Dice dice(bytes);
  const rules::LedgerFacts facts = facts_of(dice);
  const auto checked = rules::reply_truth(dice.rest(), facts);
  if (!checked) return;
  fuzz::require(valid_utf8(checked->text));
  const auto again = rules::reply_truth(checked->text, facts);
  fuzz::require(again.ok() && !again->changed && again->text == checked->text);
}
