#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/rows_of.hpp"

namespace purser::sqlite {

Result<std::vector<WorkItem>> list_due_work(Database& db, UtcTime now, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kWork) +
                                 "WHERE due_at <= ?1"
                                 " ORDER BY due_at, kind, subject LIMIT ?2");
  return all_rows(query.bind(now, at_most(limit)), &sql::read_work);
}

Result<std::vector<WorkItem>> list_work_of_kind(Database& db, WorkKind kind, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kWork) + "WHERE kind = ?1 ORDER BY due_at, subject LIMIT ?2");
  return all_rows(query.bind(to_string(kind), at_most(limit)), &sql::read_work);
}

Result<std::optional<UtcTime>> find_next_due(Database& db) {
  Statement query = db.statement("SELECT due_at FROM work ORDER BY due_at LIMIT 1");
  auto row = query.step();
  if (!row) return row.error();
  if (!*row) return std::optional<UtcTime>();
  return std::optional<UtcTime>(from_millis(query.integer(0)));
}

Result<NotificationRow> find_notification(Database& db, const std::string& channel, const std::string& id) {
  Statement query = db.statement(std::string(sql::kNotifications) + "WHERE channel = ?1 AND id = ?2");
  return required_row(query.bind(channel, id), &sql::read_notification, "notification");
}

Result<std::optional<IdempotencyRow>> find_idempotency(Database& db, const std::string& scope, const std::string& key) {
  Statement query = db.statement(std::string(sql::kIdempotency) + "WHERE scope = ?1 AND key = ?2");
  return optional_row(query.bind(scope, key), &sql::read_idempotency);
}

}  // namespace purser::sqlite
