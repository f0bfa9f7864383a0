#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/row_reader.hpp"

namespace purser::sqlite {
namespace {

Result<WorkItem> read_work(Statement& row) {
  RowReader reader(row, "work");
  WorkItem item;
  item.kind = reader.parsed(&parse_work_kind, "kind");
  item.subject = reader.text();
  item.thread = reader.id<ThreadId>();
  item.payload_json = reader.text();
  item.due_at = reader.time();
  item.attempts = reader.integer();
  return reader.finish(std::move(item));
}

Result<NotificationRow> read_notification(Statement& row) {
  RowReader reader(row, "notifications");
  NotificationRow notification;
  notification.channel = reader.text();
  notification.id = reader.text();
  notification.event_type = reader.text();
  notification.plain = reader.text();
  notification.received_at = reader.time();
  notification.applied = reader.flag();
  return reader.finish(std::move(notification));
}

Result<IdempotencyRow> read_idempotency(Statement& row) {
  RowReader reader(row, "idempotency");
  IdempotencyRow record;
  record.scope = reader.text();
  record.key = reader.text();
  record.fingerprint = reader.text();
  record.state = reader.parsed(&parse_idempotency_state, "state");
  record.turn = reader.id<TurnId>();
  record.status = static_cast<int>(reader.integer());
  record.body = reader.text();
  record.created_at = reader.time();
  return reader.finish(std::move(record));
}

}  // namespace

Result<std::vector<WorkItem>> list_due_work(Database& db, UtcTime now, std::int64_t limit) {
  Statement query = db.statement(
      "SELECT kind, subject, thread_id, payload, due_at, attempts FROM work WHERE due_at <= ?1"
      " ORDER BY due_at, kind, subject LIMIT ?2");
  return all_rows(query.bind(now, at_most(limit)), &read_work);
}

Result<std::optional<UtcTime>> find_next_due(Database& db) {
  Statement query = db.statement("SELECT due_at FROM work ORDER BY due_at LIMIT 1");
  auto row = query.step();
  if (!row) return row.error();
  if (!*row) return std::optional<UtcTime>();
  return std::optional<UtcTime>(from_millis(query.integer(0)));
}

Result<NotificationRow> find_notification(Database& db, const std::string& channel, const std::string& id) {
  Statement query = db.statement(
      "SELECT channel, id, event_type, plain, received_at, applied FROM notifications WHERE channel = ?1 AND id = ?2");
  return required_row(query.bind(channel, id), &read_notification, "notification");
}

Result<std::optional<IdempotencyRow>> find_idempotency(Database& db, const std::string& scope, const std::string& key) {
  Statement query = db.statement(
      "SELECT scope, key, fingerprint, state, turn_id, status, body, created_at FROM idempotency"
      " WHERE scope = ?1 AND key = ?2");
  return optional_row(query.bind(scope, key), &read_idempotency);
}

}  // namespace purser::sqlite
