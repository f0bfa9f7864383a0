#include "gateway/store/row_digest.hpp"
#include "gateway/store/sql/erasure.hpp"
#include "gateway/store/sqlite/apply.hpp"

namespace purser::sqlite {

Result<void> apply(Database& db, const op::PutWork& operation, Receipt&) {
  const WorkItem& row = operation.row;
  Statement put = db.statement(
      "INSERT INTO work (kind, subject, thread_id, payload, due_at, attempts, digest)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
      " ON CONFLICT (kind, subject) DO UPDATE SET thread_id = excluded.thread_id, payload = excluded.payload,"
      " due_at = excluded.due_at, attempts = excluded.attempts, digest = excluded.digest");
  put.bind(to_string(row.kind), row.subject, row.thread, row.payload_json, row.due_at, row.attempts, digest::of(row));
  return put.run();
}

Result<void> apply(Database& db, const op::AddWork& operation, Receipt&) {
  const WorkItem& row = operation.row;
  Statement add = db.statement(
      "INSERT INTO work (kind, subject, thread_id, payload, due_at, attempts, digest)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
      " ON CONFLICT (kind, subject) DO NOTHING");
  add.bind(to_string(row.kind), row.subject, row.thread, row.payload_json, row.due_at, row.attempts, digest::of(row));
  return add.run();
}

Result<void> apply(Database& db, const op::TakeWork& operation, Receipt&) {
  Statement take = db.statement("DELETE FROM work WHERE kind = ?1 AND subject = ?2");
  take.bind(to_string(operation.kind), operation.subject);
  return run_conditional(db, take, std::string(to_string(operation.kind)) + " " + operation.subject);
}

Result<void> apply(Database& db, const op::DropWork& operation, Receipt&) {
  Statement drop = db.statement("DELETE FROM work WHERE kind = ?1 AND subject = ?2");
  return drop.bind(to_string(operation.kind), operation.subject).run();
}

Result<void> apply(Database& db, const op::InsertNotification& operation, Receipt&) {
  const NotificationRow& row = operation.row;
  Statement insert = db.statement(
      "INSERT INTO notifications (channel, id, event_type, plain, received_at, applied, unapplied)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");
  insert.bind(row.channel, row.id, row.event_type, row.plain, row.received_at, row.applied, !row.applied);
  return run_insert(insert, "notifications.channel, notifications.id", "notification");
}

Result<void> apply(Database& db, const op::ApplyNotification& operation, Receipt&) {
  Statement update = db.statement(
      "UPDATE notifications SET applied = 1, unapplied = 0 WHERE channel = ?1 AND id = ?2 AND applied = 0");
  update.bind(operation.channel, operation.id);
  return run_conditional(db, update, "notification " + operation.id);
}

Result<void> apply(Database& db, const op::InsertIdempotency& operation, Receipt&) {
  const IdempotencyRow& row = operation.row;
  Statement query = db.statement("SELECT 1 FROM idempotency WHERE scope = ?1 AND key IN (?2, ?3)");
  auto gone = query.bind(row.scope, sql::erased_key(row), sql::erased_key_of_payload(row)).step();
  if (!gone) return gone.error();
  if (*gone) return Error(Errc::store_conflict, "the request was carried out and its words taken out", sql::kErasedKey);
  Statement insert = db.statement(
      "INSERT INTO idempotency (scope, key, fingerprint, state, turn_id, status, body, created_at,"
      " digest, answer_digest, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  insert.bind(row.scope, row.key, row.fingerprint, to_string(row.state), row.turn, std::int64_t{row.status}, row.body,
              row.created_at, digest::of(row), digest::of_answer(row.scope, row.key, row.state, row.status, row.body),
              row.owner);
  return run_insert(insert, "idempotency.scope, idempotency.key", "idempotency");
}

Result<void> apply(Database& db, const op::HoldIdempotency& operation, Receipt&) {
  Statement query =
      db.statement("SELECT 1 FROM idempotency WHERE scope = ?1 AND key = ?2 AND state = 'running' AND owner = ?3");
  auto found = query.bind(operation.scope, operation.key, operation.owner).step();
  if (!found) return found.error();
  if (*found) return success();
  return Error(Errc::store_conflict, "the idempotency key is not worked on here any more", operation.key);
}

Result<void> apply(Database& db, const op::TakeIdempotency& operation, Receipt&) {
  Statement take = db.statement(
      "UPDATE idempotency SET owner = ?4 WHERE scope = ?1 AND key = ?2 AND state = 'running' AND owner = ?3");
  take.bind(operation.scope, operation.key, operation.from, operation.to);
  return run_conditional(db, take, "the idempotency key " + operation.key);
}

Result<void> apply(Database& db, const op::FinishIdempotency& operation, Receipt&) {
  Statement update = db.statement(
      "UPDATE idempotency SET state = 'finished', status = ?4, body = ?5, answer_digest = ?6"
      " WHERE scope = ?1 AND key = ?2 AND state = 'running' AND owner = ?3");
  update.bind(
      operation.scope, operation.key, operation.owner, std::int64_t{operation.status}, operation.body,
      digest::of_answer(operation.scope, operation.key, IdempotencyState::finished, operation.status, operation.body));
  return run_conditional(db, update, "the idempotency key " + operation.key);
}

Result<void> apply(Database& db, const op::DropIdempotency& operation, Receipt&) {
  Statement drop = db.statement(
      "DELETE FROM idempotency WHERE scope = ?1 AND key = ?2 AND owner = ?3 AND (state = 'running' OR owner = '')");
  return drop.bind(operation.scope, operation.key, operation.owner).run();
}

}  // namespace purser::sqlite
