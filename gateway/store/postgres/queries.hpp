// The store's reads as plain blocking functions on one connection. Single rows: not_found when absent. A row that
// cannot be what it says: store_corrupt naming table, row and column. `limit` below 1 gives nothing. Each is one
// statement, but for the check of the ledger, which reads from one snapshot.
#pragma once

#include "gateway/store/postgres/connection.hpp"
#include "gateway/store/records.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

#include <optional>
#include <vector>

namespace purser::postgres {

Result<Thread> find_thread(Connection& db, const ThreadId& id);
Result<Turn> find_turn(Connection& db, const TurnId& id);
Result<std::optional<Turn>> find_running_turn(Connection& db, const ThreadId& thread);
Result<TurnLease> find_turn_lease(Connection& db, const TurnId& id);
// Those that nobody holds.
Result<std::vector<Turn>> list_running_turns(Connection& db, std::int64_t limit);
Result<std::vector<Message>> list_messages(Connection& db, const ThreadId& thread, std::int64_t after,
                                           std::int64_t limit);
Result<std::vector<Message>> list_recent_messages(Connection& db, const ThreadId& thread, std::int64_t limit);
Result<std::vector<StreamEvent>> list_events(Connection& db, const ThreadId& thread, std::int64_t after,
                                             std::int64_t limit);

Result<PaymentIntent> find_intent(Connection& db, const IntentId& id);
Result<PaymentIntent> find_intent_by_number(Connection& db, const OutTradeNo& number);
Result<std::optional<PaymentIntent>> find_intent_by_origin(Connection& db, const ThreadId& thread,
                                                           const std::string& origin);
Result<std::optional<PaymentIntent>> find_open_intent(Connection& db, const TenantId& tenant, const UserId& user);
Result<std::vector<PaymentIntent>> list_intents_of_thread(Connection& db, const ThreadId& thread, std::int64_t limit);
Result<Refund> find_refund(Connection& db, const RefundId& id);
Result<Refund> find_refund_by_number(Connection& db, const OutRefundNo& number);
Result<std::vector<Refund>> list_refunds_of_intent(Connection& db, const IntentId& intent);
Result<std::vector<Refund>> list_refunds_of_thread(Connection& db, const ThreadId& thread, std::int64_t limit);

Result<Approval> find_approval(Connection& db, const ApprovalId& id);
Result<std::optional<Approval>> find_approval_by_origin(Connection& db, const ThreadId& thread,
                                                        const std::string& origin);
Result<std::vector<Approval>> list_approvals(Connection& db, const TenantId& tenant, std::optional<ApprovalState> state,
                                             std::int64_t limit);
Result<std::int64_t> find_budget_used(Connection& db, const std::string& scope, UtcTime window);
Result<std::vector<AuditRow>> list_audit(Connection& db, const ThreadId& thread, std::int64_t after,
                                         std::int64_t limit);
// The chains of all threads, and the rows they speak of. Part of verify_ledger's snapshot.
Result<void> verify_audit(Connection& db);

Result<std::vector<LedgerEntry>> list_ledger_of_intent(Connection& db, const IntentId& intent);
Result<LedgerTotals> total_ledger(Connection& db, const TenantId& tenant);
Result<void> verify_ledger(Connection& db);

Result<std::vector<WorkItem>> list_due_work(Connection& db, UtcTime now, std::int64_t limit);
Result<std::vector<WorkItem>> list_work_of_kind(Connection& db, WorkKind kind, const std::string& prefix,
                                                const std::string& after, std::int64_t limit);
// Claims for `claimer`, for `lease` of the database's time, what nobody else has claimed. Rows that others are about to
// claim are passed over, not waited for.
Result<std::vector<WorkItem>> claim_due_work(Connection& db, UtcTime now, std::int64_t limit, WorkLane lane,
                                             const std::string& claimer, Millis lease);
Result<std::optional<UtcTime>> find_next_due(Connection& db, UtcTime after, WorkLane lane);
Result<NotificationRow> find_notification(Connection& db, const std::string& channel, const std::string& id);
Result<std::optional<IdempotencyRow>> find_idempotency(Connection& db, const std::string& scope,
                                                       const std::string& key);

Result<std::vector<Thread>> list_threads_of_user(Connection& db, const TenantId& tenant, const UserId& user,
                                                 const ThreadId& after, std::int64_t limit);
Result<std::vector<Thread>> list_silent_threads(Connection& db, UtcTime before, UtcTime from, const ThreadId& after,
                                                std::int64_t limit);
Result<bool> has_old_inboxes(Connection& db, UtcTime before);

}  // namespace purser::postgres
