// The cashier's part that makes an intent durable: alone, or in place of another.
#include "tools/cashier/cashier.hpp"
#include "tools/cashier/wish.hpp"

namespace purser {

Task<Result<PaymentIntent>> Cashier::supersede(Thread& thread, PaymentIntent superseded, CheckedOrder order,
                                               std::string origin) {
  const std::string old = superseded.id.str();
  auto intent = intent_of(thread, std::move(order), std::move(origin), IntentId());
  if (!intent) co_return intent.error();
  const IntentSettings& policy = policies_.intent(thread.tenant);
  std::vector<cashier::CountedOnce> each;
  each.push_back(cashier::canceling(superseded, policy, intent->created_at));
  each.push_back(cashier::opening_instead(superseded, *intent, policy));
  auto counted = co_await count(std::move(each));
  if (!counted) co_return counted.error();
  auto ended = co_await end_at_rail(superseded);
  if (!ended) co_return ended.error();
  const UtcTime now = ports_.clock.durable();
  auto change = cashier::after_cancel(std::move(superseded), now, false, *ended);
  if (!change) co_return change.error();
  change->batch.name = "intent.superseded";
  auto inserted = co_await insert(thread, std::move(*intent), std::move(change->batch));
  if (!inserted && inserted.code() == Errc::store_conflict && inserted.error().param == old)
    co_return Error(Errc::active_payment_exists,
                    "the open payment has just changed; look at it again with query_payment");
  if (!inserted) co_return inserted.error();
  co_return co_await place_order(std::move(*inserted));
}

Result<PaymentIntent> Cashier::intent_of(const Thread& thread, CheckedOrder order, std::string origin,
                                         IntentId renewed_from) {
  const UtcTime now = ports_.clock.durable();
  PaymentIntent intent;
  intent.id = ports_.mint.intent_id();
  intent.tenant = thread.tenant;
  intent.thread = thread.id;
  intent.user = thread.user;
  intent.amount = order.amount;
  intent.lines = std::move(order.lines);
  intent.description = std::move(order.description);
  intent.catalogue_version = std::move(order.catalogue_version);
  intent.channel = ports_.channel.name();
  intent.captured = intent.refunded = intent.refund_reserved = Money(0, intent.amount.currency());
  intent.created_at = now;
  intent.expires_at = now + cashier::lifetime_of(thread, policies_.intent(thread.tenant));
  intent.renewed_from = std::move(renewed_from);
  intent.origin = std::move(origin);
  intent.order.out_trade_no = ports_.mint.out_trade_no(thread.tenant, intent.id);
  cashier::choose_kind(intent.order, thread);
  intent.order.may_be_open = true;
  auto body = ports_.channel.order_body(intent);
  if (!body) return body.error();
  intent.order.request_body = std::move(*body);
  intent.order.payer_ip.clear();  // it stands in the body now
  return intent;
}

Task<Result<PaymentIntent>> Cashier::insert(Thread& thread, PaymentIntent intent, Batch batch) {
  Thread counted = thread;
  counted.intents_made += 1;
  const IntentSettings& policy = policies_.intent(thread.tenant);
  batch.add(op::UpdateThread{counted});
  batch.add(op::InsertIntent{intent});
  batch.add(op::AddWork{cashier::work(WorkKind::expire_intent, intent, intent.expires_at)});
  batch.add(op::AddWork{cashier::work(WorkKind::resolve_order, intent, intent.created_at + policy.resolve_first)});
  batch.add(op::AppendEvent{cashier::event(intent, "intent.created", intent.created_at)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done && done.code() == Errc::store_duplicate && done.error().param == "active_payment")
    co_return Error(Errc::active_payment_exists,
                    "the user already has an open payment: it must be paid, canceled or expire first");
  if (!done) co_return cashier::without_scope(done.error());
  thread.intents_made = counted.intents_made;
  thread.version += 1;
  co_return intent;
}

}  // namespace purser
