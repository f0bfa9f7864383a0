#pragma once

#include "gateway/store/store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace purser::test {

// A store that does not answer; next_due() does, unless told otherwise.
class StoppedStore : public Store {
 public:
  void watch(std::function<void(const Change&)>) override {}
  bool healthy() const override { return is_healthy; }
  Task<Result<Receipt>> commit(Batch) override { co_return Errc::store_unavailable; }
  Task<Result<Thread>> thread(ThreadId) override { co_return Errc::store_unavailable; }
  Task<Result<Turn>> turn(TurnId) override { co_return Errc::store_unavailable; }
  Task<Result<std::optional<Turn>>> running_turn(ThreadId) override { co_return Errc::store_unavailable; }
  Task<Result<std::vector<Message>>> messages(ThreadId, std::int64_t, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<Message>>> recent_messages(ThreadId, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<StreamEvent>>> events(ThreadId, std::int64_t, std::int64_t) override { co_return down(); }
  Task<Result<PaymentIntent>> intent(IntentId) override { co_return down(); }
  Task<Result<PaymentIntent>> intent_by_number(OutTradeNo) override { co_return down(); }
  Task<Result<std::optional<PaymentIntent>>> intent_by_origin(ThreadId, std::string) override { co_return down(); }
  Task<Result<std::optional<PaymentIntent>>> open_intent(TenantId, UserId) override { co_return down(); }
  Task<Result<std::vector<PaymentIntent>>> intents_of_thread(ThreadId, std::int64_t) override { co_return down(); }
  Task<Result<Refund>> refund(RefundId) override { co_return down(); }
  Task<Result<Refund>> refund_by_number(OutRefundNo) override { co_return down(); }
  Task<Result<std::vector<Refund>>> refunds_of_intent(IntentId) override { co_return down(); }
  Task<Result<std::vector<Refund>>> refunds_of_thread(ThreadId, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<WorkItem>>> due_work(UtcTime, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<WorkItem>>> claim_work(UtcTime, std::int64_t, WorkLane) override { co_return down(); }
  Task<Result<std::vector<WorkItem>>> work_of_kind(WorkKind, std::string, std::string, std::int64_t) override {
    co_return down();
  }
  Task<Result<std::optional<UtcTime>>> next_due(UtcTime, WorkLane) override {
    if (!is_readable) co_return down();
    co_return std::optional<UtcTime>();
  }
  Task<Result<NotificationRow>> notification(std::string, std::string) override { co_return down(); }
  Task<Result<std::vector<LedgerEntry>>> ledger_of_intent(IntentId) override { co_return down(); }
  Task<Result<LedgerTotals>> ledger_totals(TenantId) override { co_return down(); }
  Task<Result<void>> verify_ledger() override { co_return down(); }
  Task<Result<std::optional<IdempotencyRow>>> idempotency(std::string, std::string) override { co_return down(); }
  Task<Result<TurnLease>> turn_lease(TurnId) override { co_return down(); }
  Task<Result<Approval>> approval(ApprovalId) override { co_return down(); }
  Task<Result<std::optional<Approval>>> approval_by_origin(ThreadId, std::string) override { co_return down(); }
  Task<Result<std::vector<Approval>>> approvals(TenantId, std::optional<ApprovalState>, std::int64_t) override {
    co_return down();
  }
  Task<Result<std::int64_t>> budget_used(std::string, UtcTime) override { co_return down(); }
  Task<Result<std::vector<AuditRow>>> audit(ThreadId, std::int64_t, std::int64_t) override { co_return down(); }
  Task<Result<std::vector<Turn>>> running_turns(std::int64_t) override { co_return down(); }
  Task<Result<std::vector<Thread>>> threads_of_user(TenantId, UserId, ThreadId, std::int64_t) override {
    co_return down();
  }
  Task<Result<std::vector<Thread>>> silent_threads(UtcTime, UtcTime, ThreadId, std::int64_t) override {
    co_return down();
  }
  Task<Result<bool>> old_inboxes(UtcTime) override { co_return down(); }

  bool is_healthy = true;
  bool is_readable = true;

 private:
  static Error down() { return Errc::store_unavailable; }
};

}  // namespace purser::test
