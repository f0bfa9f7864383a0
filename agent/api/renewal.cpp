#include "agent/api/renewal.hpp"

#include <utility>

namespace purser {

// The lines go through the same rules as a model's proposal. Then each price must be the one the customer knows: a
// changed one is told and decided on, not charged.
Result<CheckedOrder> Renewal::order_of(const PaymentIntent& ended, const std::string& locale) const {
  OrderProposal proposal;
  for (const IntentLine& line : ended.lines) {
    OrderProposal::Line claim;
    claim.sku = line.sku;
    claim.quantity = line.quantity;
    proposal.lines.push_back(std::move(claim));
  }
  const OrderPolicy policy = order_policy(policies_.intent(ended.tenant), ports_.clock.durable());
  auto order = check_order(ports_.catalogue, proposal, policy, locale);
  if (!order) return order;
  for (std::size_t i = 0; i < ended.lines.size(); ++i) {
    const Money before = ended.lines[i].unit_price;
    const Money now = order->lines[i].unit_price;
    if (now != before) {
      return Error(Errc::price_mismatch, "the price of " + order->lines[i].name + " has changed: it was " +
                                             before.display() + " and is " + now.display());
    }
  }
  return order;
}

Task<Result<PaymentIntent>> Renewal::renew(PaymentIntent ended) {
  if (ended.state != IntentState::expired && ended.state != IntentState::canceled) {
    co_return Error(Errc::illegal_transition, "a payment is renewed once it is expired or canceled; this one is " +
                                                  std::string(to_string(ended.state)));
  }
  auto lock = co_await ports_.conversations.hold(ended.thread);
  if (!lock) co_return lock.error();
  auto thread = co_await ports_.store.thread(ended.thread);
  if (!thread) co_return thread.error();

  const std::string origin = "renew:" + ended.id.str();
  auto known = co_await ports_.store.intent_by_origin(ended.thread, origin);
  if (!known) co_return known.error();
  CheckedOrder order;  // not looked at when the intent is there already
  if (!known->has_value()) {
    auto checked = order_of(ended, thread->locale);
    if (!checked) co_return checked.error();
    order = std::move(*checked);
  }
  auto renewed = co_await ports_.cashier.open(*thread, std::move(order), origin, ended.id);
  if (!renewed) co_return renewed.error();
  if (is_open(renewed->state) && thread->state == ThreadState::idle) {
    auto parked = co_await park(std::move(*thread));
    if (!parked) co_return parked.error();
  }
  co_return renewed;
}

// The thread waits for the payment as if a turn had asked for it.
Task<Result<void>> Renewal::park(Thread thread) {
  thread.state = ThreadState::awaiting_payment;
  Batch batch("thread.parked");
  batch.add(op::UpdateThread{std::move(thread)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return success();
}

}  // namespace purser
