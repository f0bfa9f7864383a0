// A store that hands everything on to the store behind it: the base of those that change a few operations on their way.
#pragma once

#include "gateway/store/store.hpp"

#include <memory>
#include <utility>

namespace purser {

class ForwardingStore : public Store {
 public:
  explicit ForwardingStore(std::unique_ptr<Store> behind) : store_(std::move(behind)) {}

  void watch(std::function<void(const Change&)> seen) override;
  bool healthy() const override;
  bool shared() const override;
  Task<void> follow() override;
  Task<Result<Receipt>> commit(Batch batch) override;
  Task<Result<Thread>> thread(ThreadId id) override;
  Task<Result<Turn>> turn(TurnId id) override;
  Task<Result<std::optional<Turn>>> running_turn(ThreadId thread) override;
  Task<Result<std::vector<Message>>> messages(ThreadId thread, std::int64_t after, std::int64_t limit) override;
  Task<Result<std::vector<Message>>> recent_messages(ThreadId thread, std::int64_t limit) override;
  Task<Result<std::vector<StreamEvent>>> events(ThreadId thread, std::int64_t after, std::int64_t limit) override;
  Task<Result<PaymentIntent>> intent(IntentId id) override;
  Task<Result<PaymentIntent>> intent_by_number(OutTradeNo number) override;
  Task<Result<std::optional<PaymentIntent>>> intent_by_origin(ThreadId thread, std::string origin) override;
  Task<Result<std::optional<PaymentIntent>>> open_intent(TenantId tenant, UserId user) override;
  Task<Result<std::vector<PaymentIntent>>> intents_of_thread(ThreadId thread, std::int64_t limit) override;
  Task<Result<Refund>> refund(RefundId id) override;
  Task<Result<Refund>> refund_by_number(OutRefundNo number) override;
  Task<Result<std::vector<Refund>>> refunds_of_intent(IntentId intent) override;
  Task<Result<std::vector<Refund>>> refunds_of_thread(ThreadId thread, std::int64_t limit) override;
  Task<Result<std::vector<WorkItem>>> due_work(UtcTime now, std::int64_t limit) override;
  Task<Result<std::vector<WorkItem>>> work_of_kind(WorkKind kind, std::string prefix, std::string after,
                                                   std::int64_t limit) override;
  Task<Result<std::optional<UtcTime>>> next_due(UtcTime after, WorkLane lane) override;
  Task<Result<NotificationRow>> notification(std::string channel, std::string id) override;
  Task<Result<std::vector<LedgerEntry>>> ledger_of_intent(IntentId intent) override;
  Task<Result<LedgerTotals>> ledger_totals(TenantId tenant) override;
  Task<Result<void>> verify_ledger() override;
  Task<Result<std::optional<IdempotencyRow>>> idempotency(std::string scope, std::string key) override;
  Task<Result<TurnLease>> turn_lease(TurnId turn) override;
  Task<Result<std::vector<WorkItem>>> claim_work(UtcTime now, std::int64_t limit, WorkLane lane) override;
  Task<Result<Approval>> approval(ApprovalId id) override;
  Task<Result<std::optional<Approval>>> approval_by_origin(ThreadId thread, std::string origin) override;
  Task<Result<std::vector<Approval>>> approvals(TenantId tenant, std::optional<ApprovalState> state,
                                                std::int64_t limit) override;
  Task<Result<std::int64_t>> budget_used(std::string scope, UtcTime window) override;
  Task<Result<std::vector<AuditRow>>> audit(ThreadId thread, std::int64_t after, std::int64_t limit) override;
  Task<Result<std::vector<Turn>>> running_turns(std::int64_t limit) override;
  Task<Result<std::vector<Thread>>> threads_of_user(TenantId tenant, UserId user, ThreadId after,
                                                    std::int64_t limit) override;
  Task<Result<std::vector<Thread>>> silent_threads(UtcTime before, UtcTime from, ThreadId after,
                                                   std::int64_t limit) override;
  Task<Result<bool>> old_inboxes(UtcTime before) override;

 protected:
  Store& behind() { return *store_; }

 private:
  std::unique_ptr<Store> store_;
};

}  // namespace purser
