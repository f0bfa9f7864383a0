#include "gateway/store/postgres/queries.hpp"
#include "gateway/store/postgres/rows_of.hpp"
#include "gateway/store/sql/audit_check.hpp"

namespace purser::postgres {
namespace {

// The rows of one snapshot, as the check of the record asks for them.
class Snapshot final : public sql::AuditedRows {
 public:
  explicit Snapshot(Connection& db) : db_(db) {}

  Result<std::vector<ThreadId>> threads() override {
    auto rows = db_.query(sql::kAuditedThreads);
    if (!rows) return rows.error();
    std::vector<ThreadId> out;
    for (int i = 0; i < rows->size(); ++i) out.push_back(ThreadId::trusted(rows->row(i).text(0)));
    return out;
  }
  Result<std::vector<AuditRow>> links(const ThreadId& thread) override { return list_audit(db_, thread, 0, kAll); }
  Result<std::vector<Message>> messages(const ThreadId& thread) override { return list_messages(db_, thread, 0, kAll); }
  Result<std::vector<PaymentIntent>> intents(const ThreadId& thread) override {
    return list_intents_of_thread(db_, thread, kAll);
  }
  Result<std::vector<Refund>> refunds(const ThreadId& thread) override {
    return list_refunds_of_thread(db_, thread, kAll);
  }
  Result<std::vector<Approval>> approvals(const ThreadId& thread) override {
    return all_rows(db_, of(sql::kApprovals, "WHERE thread_id = $1 ORDER BY row_no"), Values::of(thread),
                    &sql::read_approval);
  }
  Result<std::vector<NotificationRow>> notifications() override {
    return all_rows(db_, of(sql::kNotifications, "ORDER BY received_at, id"), Values(), &sql::read_notification);
  }
  Result<std::set<std::string>> unrecorded() override {
    auto rows = db_.query(sql::kUnrecorded);
    if (!rows) return rows.error();
    std::set<std::string> out;
    for (int i = 0; i < rows->size(); ++i) out.insert(rows->row(i).text(0));
    return out;
  }
  Result<void> each(const std::string& select, const std::function<Result<void>(const sql::Row&)>& take) override {
    auto rows = db_.query(select);
    if (!rows) return rows.error();
    for (int i = 0; i < rows->size(); ++i) {
      if (auto taken = take(rows->row(i)); !taken) return taken;
    }
    return success();
  }

 private:
  Connection& db_;
};

}  // namespace

Result<Approval> find_approval(Connection& db, const ApprovalId& id) {
  return required_row(db, of(sql::kApprovals, "WHERE id = $1"), Values::of(id), &sql::read_approval, "approval");
}

Result<std::optional<Approval>> find_approval_by_origin(Connection& db, const ThreadId& thread,
                                                        const std::string& origin) {
  return optional_row(db, of(sql::kApprovals, "WHERE thread_id = $1 AND origin = $2"), Values::of(thread, origin),
                      &sql::read_approval);
}

Result<std::vector<Approval>> list_approvals(Connection& db, const TenantId& tenant, std::optional<ApprovalState> state,
                                             std::int64_t limit) {
  const std::string_view wanted = state ? to_string(*state) : std::string_view();
  return all_rows(db,
                  of(sql::kApprovals, "WHERE tenant_id = $1 AND ($2 = '' OR state = $2) ORDER BY row_no DESC LIMIT $3"),
                  Values::of(tenant, wanted, at_most(limit)), &sql::read_approval);
}

Result<std::int64_t> find_budget_used(Connection& db, const std::string& scope, UtcTime window) {
  auto rows = db.query("SELECT used FROM budgets WHERE scope = $1 AND window_start = $2", Values::of(scope, window));
  if (!rows) return rows.error();
  return rows->size() == 1 ? rows->row(0).integer(0) : std::int64_t{0};
}

Result<std::vector<AuditRow>> list_audit(Connection& db, const ThreadId& thread, std::int64_t after,
                                         std::int64_t limit) {
  return all_rows(db, of(sql::kAudit, "WHERE thread_id = $1 AND seq > $2 ORDER BY seq LIMIT $3"),
                  Values::of(thread, after, at_most(limit)), &sql::read_audit);
}

Result<void> verify_audit(Connection& db) {
  Snapshot rows(db);
  return sql::verify_audit(rows);
}

Result<std::vector<Thread>> list_threads_of_user(Connection& db, const TenantId& tenant, const UserId& user,
                                                 const ThreadId& after, std::int64_t limit) {
  return all_rows(db, of(sql::kThreads, "WHERE tenant_id = $1 AND user_id = $2 AND id > $3 ORDER BY id LIMIT $4"),
                  Values::of(tenant, user, after, at_most(limit)), &sql::read_thread);
}

Result<std::vector<Thread>> list_silent_threads(Connection& db, UtcTime before, UtcTime from, const ThreadId& after,
                                                std::int64_t limit) {
  return all_rows(db,
                  of(sql::kThreads,
                     "WHERE erased_at = 0 AND state = 'idle' AND created_at < $1 AND (created_at, id) > ($2, $3)"
                     " AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.thread_id = threads.id AND m.at >= $1)"
                     " ORDER BY created_at, id LIMIT $4"),
                  Values::of(before, from, after, at_most(limit)), &sql::read_thread);
}

Result<bool> has_old_inboxes(Connection& db, UtcTime before) {
  auto rows = db.query(
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM notifications WHERE received_at < $1 AND plain <> '{}' AND applied)"
      " OR EXISTS (SELECT 1 FROM idempotency WHERE created_at < $1 AND body <> '{}' AND state = 'finished')",
      Values::of(before));
  if (!rows) return rows.error();
  return rows->size() > 0;
}

}  // namespace purser::postgres
