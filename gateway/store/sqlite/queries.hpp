// The store's reads as plain blocking functions on one connection. Single rows: not_found when absent. A row that
// cannot be what it says: store_corrupt naming table, row and column. `limit` below 1 gives nothing.
#pragma once

#include "gateway/store/records.hpp"
#include "gateway/store/sqlite/database.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

#include <optional>
#include <vector>

namespace purser::sqlite {

Result<Thread> find_thread(Database& db, const ThreadId& id);
Result<Turn> find_turn(Database& db, const TurnId& id);
Result<std::optional<Turn>> find_running_turn(Database& db, const ThreadId& thread);
// Held by nobody: a file belongs to one daemon, and what that drives it knows itself.
Result<TurnLease> find_turn_lease(Database& db, const TurnId& id);
Result<std::vector<Turn>> list_running_turns(Database& db, std::int64_t limit);
Result<std::vector<Message>> list_messages(Database& db, const ThreadId& thread, std::int64_t after,
                                           std::int64_t limit);
Result<std::vector<Message>> list_recent_messages(Database& db, const ThreadId& thread, std::int64_t limit);
Result<std::vector<StreamEvent>> list_events(Database& db, const ThreadId& thread, std::int64_t after,
                                             std::int64_t limit);

Result<PaymentIntent> find_intent(Database& db, const IntentId& id);
Result<PaymentIntent> find_intent_by_number(Database& db, const OutTradeNo& number);
Result<std::optional<PaymentIntent>> find_intent_by_origin(Database& db, const ThreadId& thread,
                                                           const std::string& origin);
Result<std::optional<PaymentIntent>> find_open_intent(Database& db, const TenantId& tenant, const UserId& user);
Result<std::vector<PaymentIntent>> list_intents_of_thread(Database& db, const ThreadId& thread, std::int64_t limit);
Result<Refund> find_refund(Database& db, const RefundId& id);
Result<Refund> find_refund_by_number(Database& db, const OutRefundNo& number);
Result<std::vector<Refund>> list_refunds_of_intent(Database& db, const IntentId& intent);
Result<std::vector<Refund>> list_refunds_of_thread(Database& db, const ThreadId& thread, std::int64_t limit);

Result<std::vector<LedgerEntry>> list_ledger_of_intent(Database& db, const IntentId& intent);
Result<LedgerTotals> total_ledger(Database& db, const TenantId& tenant);
// The hash after which the next line goes, and that line's seq.
struct LedgerEnd {
  std::int64_t next_seq = 1;
  std::string hash;
};
Result<LedgerEnd> find_ledger_end(Database& db);
// In one snapshot: every hash, the sums of every intent against its columns, and the pages and indexes of the table.
Result<void> verify_ledger(Database& db);

Result<Approval> find_approval(Database& db, const ApprovalId& id);
Result<std::optional<Approval>> find_approval_by_origin(Database& db, const ThreadId& thread,
                                                        const std::string& origin);
Result<std::vector<Approval>> list_approvals(Database& db, const TenantId& tenant, std::optional<ApprovalState> state,
                                             std::int64_t limit);
Result<std::int64_t> find_budget_used(Database& db, const std::string& scope, UtcTime window);
Result<std::vector<AuditRow>> list_audit(Database& db, const ThreadId& thread, std::int64_t after, std::int64_t limit);
// The chains of all threads, and the rows they speak of. Part of verify_ledger's snapshot.
Result<void> verify_audit(Database& db);

Result<std::vector<WorkItem>> list_due_work(Database& db, UtcTime now, std::int64_t limit);
Result<std::vector<WorkItem>> list_work_of_kind(Database& db, WorkKind kind, const std::string& prefix,
                                                const std::string& after, std::int64_t limit);
// Of those due the ones of a lane.
Result<std::vector<WorkItem>> list_due_work_of(Database& db, UtcTime now, std::int64_t limit, WorkLane lane);
Result<std::optional<UtcTime>> find_next_due(Database& db, UtcTime after, WorkLane lane);
Result<NotificationRow> find_notification(Database& db, const std::string& channel, const std::string& id);
Result<std::optional<IdempotencyRow>> find_idempotency(Database& db, const std::string& scope, const std::string& key);

Result<std::vector<Thread>> list_threads_of_user(Database& db, const TenantId& tenant, const UserId& user,
                                                 const ThreadId& after, std::int64_t limit);
Result<std::vector<Thread>> list_silent_threads(Database& db, UtcTime before, UtcTime from, const ThreadId& after,
                                                std::int64_t limit);
Result<bool> has_old_inboxes(Database& db, UtcTime before);

}  // namespace purser::sqlite
