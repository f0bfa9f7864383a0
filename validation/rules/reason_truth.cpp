#include "validation/rules/reason_truth.hpp"

#include "validation/rules/reply_truth.hpp"

namespace purser::rules {
namespace {

LedgerFacts facts_of(const PaymentIntent& intent, Money amount) {
  LedgerFacts facts;
  facts.payment_succeeded = true;
  facts.order_open = false;
  facts.paid = {intent.captured};
  facts.refund_pending = true;
  facts.refund_succeeded = intent.refunded.positive();
  facts.refunding = {amount};
  facts.refunded = {intent.refunded};
  const auto back = amount.plus(intent.refunded);
  facts.refunding_all = facts.refunded_all = back && *back == intent.captured;
  for (const IntentLine& line : intent.lines) {
    facts.unit_prices.push_back(line.unit_price);
    facts.told.push_back(line.name);
    if (auto total = line.unit_price.times(line.quantity)) facts.line_totals.push_back(*total);
  }
  facts.amounts = {intent.captured, intent.refunded, amount};
  if (auto left = refundable(intent).minus(amount)) facts.amounts.push_back(*left);
  facts.amounts.insert(facts.amounts.end(), facts.unit_prices.begin(), facts.unit_prices.end());
  facts.amounts.insert(facts.amounts.end(), facts.line_totals.begin(), facts.line_totals.end());
  facts.prices = facts.unit_prices;
  facts.known = facts.amounts;
  return facts;
}

}  // namespace

Result<void> reason_truth(std::string_view reason, const PaymentIntent& intent, Money amount,
                          const std::string& param) {
  if (reply_truth(reason, facts_of(intent, amount))) return success();
  return Error(Errc::refund_reason_invalid,
               "the reason says something of money that this refund does not bear out; give the customer's own reason",
               param);
}

}  // namespace purser::rules
