#include "gateway/store/forwarding_store.hpp"

namespace purser {

Task<Result<Receipt>> ForwardingStore::commit(Batch batch) {
  return store_->commit(std::move(batch));
}
void ForwardingStore::watch(std::function<void(const Change&)> seen) {
  store_->watch(std::move(seen));
}
bool ForwardingStore::healthy() const {
  return store_->healthy();
}
bool ForwardingStore::shared() const {
  return store_->shared();
}
Task<void> ForwardingStore::follow() {
  return store_->follow();
}
Task<Result<Thread>> ForwardingStore::thread(ThreadId id) {
  return store_->thread(std::move(id));
}
Task<Result<Turn>> ForwardingStore::turn(TurnId id) {
  return store_->turn(std::move(id));
}
Task<Result<std::optional<Turn>>> ForwardingStore::running_turn(ThreadId thread) {
  return store_->running_turn(std::move(thread));
}
Task<Result<std::vector<Message>>> ForwardingStore::messages(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return store_->messages(std::move(thread), after, limit);
}
Task<Result<std::vector<Message>>> ForwardingStore::recent_messages(ThreadId thread, std::int64_t limit) {
  return store_->recent_messages(std::move(thread), limit);
}
Task<Result<std::vector<StreamEvent>>> ForwardingStore::events(ThreadId thread, std::int64_t after,
                                                               std::int64_t limit) {
  return store_->events(std::move(thread), after, limit);
}
Task<Result<PaymentIntent>> ForwardingStore::intent(IntentId id) {
  return store_->intent(std::move(id));
}
Task<Result<PaymentIntent>> ForwardingStore::intent_by_number(OutTradeNo number) {
  return store_->intent_by_number(std::move(number));
}
Task<Result<std::optional<PaymentIntent>>> ForwardingStore::intent_by_origin(ThreadId thread, std::string origin) {
  return store_->intent_by_origin(std::move(thread), std::move(origin));
}
Task<Result<std::optional<PaymentIntent>>> ForwardingStore::open_intent(TenantId tenant, UserId user) {
  return store_->open_intent(std::move(tenant), std::move(user));
}
Task<Result<std::vector<PaymentIntent>>> ForwardingStore::intents_of_thread(ThreadId thread, std::int64_t limit) {
  return store_->intents_of_thread(std::move(thread), limit);
}
Task<Result<Refund>> ForwardingStore::refund(RefundId id) {
  return store_->refund(std::move(id));
}
Task<Result<Refund>> ForwardingStore::refund_by_number(OutRefundNo number) {
  return store_->refund_by_number(std::move(number));
}
Task<Result<std::vector<Refund>>> ForwardingStore::refunds_of_intent(IntentId intent) {
  return store_->refunds_of_intent(std::move(intent));
}
Task<Result<std::vector<Refund>>> ForwardingStore::refunds_of_thread(ThreadId thread, std::int64_t limit) {
  return store_->refunds_of_thread(std::move(thread), limit);
}
Task<Result<std::vector<WorkItem>>> ForwardingStore::due_work(UtcTime now, std::int64_t limit) {
  return store_->due_work(now, limit);
}
Task<Result<std::vector<WorkItem>>> ForwardingStore::work_of_kind(WorkKind kind, std::string prefix, std::string after,
                                                                  std::int64_t limit) {
  return store_->work_of_kind(kind, std::move(prefix), std::move(after), limit);
}
Task<Result<std::optional<UtcTime>>> ForwardingStore::next_due(UtcTime after, WorkLane lane) {
  return store_->next_due(after, lane);
}
Task<Result<NotificationRow>> ForwardingStore::notification(std::string channel, std::string id) {
  return store_->notification(std::move(channel), std::move(id));
}
Task<Result<std::vector<LedgerEntry>>> ForwardingStore::ledger_of_intent(IntentId intent) {
  return store_->ledger_of_intent(std::move(intent));
}
Task<Result<LedgerTotals>> ForwardingStore::ledger_totals(TenantId tenant) {
  return store_->ledger_totals(std::move(tenant));
}
Task<Result<void>> ForwardingStore::verify_ledger() {
  return store_->verify_ledger();
}
Task<Result<std::optional<IdempotencyRow>>> ForwardingStore::idempotency(std::string scope, std::string key) {
  return store_->idempotency(std::move(scope), std::move(key));
}
Task<Result<TurnLease>> ForwardingStore::turn_lease(TurnId turn) {
  return store_->turn_lease(std::move(turn));
}
Task<Result<std::vector<WorkItem>>> ForwardingStore::claim_work(UtcTime now, std::int64_t limit, WorkLane lane) {
  return store_->claim_work(now, limit, lane);
}
Task<Result<Approval>> ForwardingStore::approval(ApprovalId id) {
  return store_->approval(std::move(id));
}
Task<Result<std::optional<Approval>>> ForwardingStore::approval_by_origin(ThreadId thread, std::string origin) {
  return store_->approval_by_origin(std::move(thread), std::move(origin));
}
Task<Result<std::vector<Approval>>> ForwardingStore::approvals(TenantId tenant, std::optional<ApprovalState> state,
                                                               std::int64_t limit) {
  return store_->approvals(std::move(tenant), state, limit);
}
Task<Result<std::int64_t>> ForwardingStore::budget_used(std::string scope, UtcTime window) {
  return store_->budget_used(std::move(scope), window);
}
Task<Result<std::vector<AuditRow>>> ForwardingStore::audit(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return store_->audit(std::move(thread), after, limit);
}
Task<Result<std::vector<Turn>>> ForwardingStore::running_turns(std::int64_t limit) {
  return store_->running_turns(limit);
}

Task<Result<std::vector<Thread>>> ForwardingStore::threads_of_user(TenantId tenant, UserId user, ThreadId after,
                                                                   std::int64_t limit) {
  return store_->threads_of_user(std::move(tenant), std::move(user), std::move(after), limit);
}
Task<Result<std::vector<Thread>>> ForwardingStore::silent_threads(UtcTime before, UtcTime from, ThreadId after,
                                                                  std::int64_t limit) {
  return store_->silent_threads(before, from, std::move(after), limit);
}
Task<Result<bool>> ForwardingStore::old_inboxes(UtcTime before) {
  return store_->old_inboxes(before);
}

}  // namespace purser
