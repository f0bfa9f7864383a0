#include "gateway/store/sql/audit_check.hpp"
#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/rows_of.hpp"

namespace purser::sqlite {
namespace {

std::string of(const char* select, const char* rest) {
  return std::string(select) + rest;
}

// The rows of one snapshot, as the check of the record asks for them.
class Snapshot final : public sql::AuditedRows {
 public:
  explicit Snapshot(Database& db) : db_(db) {}

  Result<std::vector<ThreadId>> threads() override {
    Statement query = db_.statement(sql::kAuditedThreads);
    std::vector<ThreadId> out;
    for (;;) {
      auto found = query.step();
      if (!found) return found.error();
      if (!*found) return out;
      out.push_back(ThreadId::trusted(query.text(0)));
    }
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
    Statement query = db_.statement(of(sql::kApprovals, "WHERE thread_id = ?1 ORDER BY row_no"));
    return all_rows(query.bind(thread), &sql::read_approval);
  }
  Result<std::vector<NotificationRow>> notifications() override {
    Statement query = db_.statement(of(sql::kNotifications, "ORDER BY received_at, id"));
    return all_rows(query, &sql::read_notification);
  }
  Result<std::set<std::string>> unrecorded() override {
    Statement query = db_.statement(sql::kUnrecorded);
    std::set<std::string> out;
    for (;;) {
      auto found = query.step();
      if (!found) return found.error();
      if (!*found) return out;
      out.insert(query.text(0));
    }
  }
  Result<void> each(const std::string& select, const std::function<Result<void>(const sql::Row&)>& take) override {
    Statement query = db_.statement(select);
    for (;;) {
      auto found = query.step();
      if (!found) return found.error();
      if (!*found) return success();
      if (auto taken = take(query); !taken) return taken;
    }
  }

 private:
  Database& db_;
};

}  // namespace

Result<Approval> find_approval(Database& db, const ApprovalId& id) {
  Statement query = db.statement(of(sql::kApprovals, "WHERE id = ?1"));
  return required_row(query.bind(id), &sql::read_approval, "approval");
}

Result<std::optional<Approval>> find_approval_by_origin(Database& db, const ThreadId& thread,
                                                        const std::string& origin) {
  Statement query = db.statement(of(sql::kApprovals, "WHERE thread_id = ?1 AND origin = ?2"));
  return optional_row(query.bind(thread, origin), &sql::read_approval);
}

Result<std::vector<Approval>> list_approvals(Database& db, const TenantId& tenant, std::optional<ApprovalState> state,
                                             std::int64_t limit) {
  Statement query = db.statement(
      of(sql::kApprovals, "WHERE tenant_id = ?1 AND (?2 = '' OR state = ?2) ORDER BY row_no DESC LIMIT ?3"));
  return all_rows(query.bind(tenant, state ? to_string(*state) : std::string_view(), at_most(limit)),
                  &sql::read_approval);
}

Result<std::int64_t> find_budget_used(Database& db, const std::string& scope, UtcTime window) {
  Statement query = db.statement("SELECT used FROM budgets WHERE scope = ?1 AND window_start = ?2");
  auto row = query.bind(scope, window).step();
  if (!row) return row.error();
  return *row ? query.integer(0) : std::int64_t{0};
}

Result<std::vector<AuditRow>> list_audit(Database& db, const ThreadId& thread, std::int64_t after, std::int64_t limit) {
  Statement query = db.statement(of(sql::kAudit, "WHERE thread_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3"));
  return all_rows(query.bind(thread, after, at_most(limit)), &sql::read_audit);
}

Result<void> verify_audit(Database& db) {
  Snapshot rows(db);
  return sql::verify_audit(rows);
}

}  // namespace purser::sqlite
