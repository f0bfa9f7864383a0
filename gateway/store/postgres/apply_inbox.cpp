#include "gateway/store/postgres/apply.hpp"
#include "gateway/store/row_digest.hpp"
#include "gateway/store/sql/erasure.hpp"

namespace purser::postgres {
namespace {

Values values_of(const WorkItem& row) {
  return Values::of(to_string(row.kind), row.subject, row.thread, row.payload_json, row.due_at, row.attempts,
                    digest::of(row));
}

}  // namespace

// Whoever puts work over what is there has decided anew when it is due: a claim of the earlier decision does not hold.
Result<void> apply(Script& script, const op::PutWork& operation) {
  script.add(
      "INSERT INTO work (kind, subject, thread_id, payload, due_at, attempts, digest)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7)"
      " ON CONFLICT (kind, subject) DO UPDATE SET thread_id = excluded.thread_id, payload = excluded.payload,"
      " due_at = excluded.due_at, attempts = excluded.attempts, digest = excluded.digest, claimed_by = '', "
      "claimed_until = 'epoch'",
      values_of(operation.row));
  return success();
}

Result<void> apply(Script& script, const op::AddWork& operation) {
  script.add(
      "INSERT INTO work (kind, subject, thread_id, payload, due_at, attempts, digest)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7)"
      " ON CONFLICT (kind, subject) DO NOTHING",
      values_of(operation.row));
  return success();
}

Result<void> apply(Script& script, const op::TakeWork& operation) {
  const std::string kind(to_string(operation.kind));
  script.add_conditional("DELETE FROM work WHERE kind = $1 AND subject = $2", Values::of(kind, operation.subject),
                         kind + " " + operation.subject);
  return success();
}

Result<void> apply(Script& script, const op::DropWork& operation) {
  script.add("DELETE FROM work WHERE kind = $1 AND subject = $2",
             Values::of(to_string(operation.kind), operation.subject));
  return success();
}

Result<void> apply(Script& script, const op::InsertNotification& operation) {
  const NotificationRow& row = operation.row;
  script.add(
      "INSERT INTO notifications (channel, id, event_type, plain, received_at, applied, unapplied)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7)",
      Values::of(row.channel, row.id, row.event_type, row.plain, row.received_at, row.applied, !row.applied));
  return success();
}

Result<void> apply(Script& script, const op::ApplyNotification& operation) {
  script.add_conditional(
      "UPDATE notifications SET applied = TRUE, unapplied = FALSE WHERE channel = $1 AND id = $2 AND NOT applied",
      Values::of(operation.channel, operation.id), "notification " + operation.id);
  return success();
}

Result<void> apply(Script& script, const op::InsertIdempotency& operation) {
  const IdempotencyRow& row = operation.row;
  script.add_conditional(
      "INSERT INTO idempotency (scope, key, fingerprint, state, turn_id, status, body, created_at, digest,"
      " answer_digest, owner, lease_until) SELECT $1::text, $2::text, $3::text, $4::text,"
      " $5::text, $6::bigint, $7::bytea, $8::bigint, $9::text, $10::text, $11::text,"
      " clock_timestamp() + $12::bigint * interval '1 millisecond'"
      " WHERE NOT EXISTS (SELECT 1 FROM idempotency WHERE scope = $1 AND key IN ($13::text, $14::text))",
      Values::of(row.scope, row.key, row.fingerprint, to_string(row.state), row.turn, std::int64_t{row.status},
                 row.body, row.created_at, digest::of(row),
                 digest::of_answer(row.scope, row.key, row.state, row.status, row.body), row.owner, operation.lease,
                 sql::erased_key(row), sql::erased_key_of_payload(row)),
      sql::kErasedKey);
  return success();
}

Result<void> apply(Script& script, const op::HoldIdempotency& operation) {
  script.add_conditional(
      "UPDATE idempotency SET lease_until = clock_timestamp() + $4::bigint * interval '1 millisecond'"
      " WHERE scope = $1 AND key = $2 AND state = 'running' AND owner = $3",
      Values::of(operation.scope, operation.key, operation.owner, operation.lease),
      "the idempotency key " + operation.key);
  return success();
}

Result<void> apply(Script& script, const op::TakeIdempotency& operation) {
  script.add_conditional(
      "UPDATE idempotency SET owner = $4, lease_until = clock_timestamp() + $5::bigint * interval '1 millisecond'"
      " WHERE scope = $1 AND key = $2 AND state = 'running' AND owner = $3 AND lease_until <= clock_timestamp()",
      Values::of(operation.scope, operation.key, operation.from, operation.to, operation.lease),
      "the idempotency key " + operation.key);
  return success();
}

Result<void> apply(Script& script, const op::FinishIdempotency& operation) {
  script.add_conditional(
      "UPDATE idempotency SET state = 'finished', status = $4, body = $5, answer_digest = $6"
      " WHERE scope = $1 AND key = $2 AND state = 'running' AND owner = $3",
      Values::of(operation.scope, operation.key, operation.owner, std::int64_t{operation.status}, operation.body,
                 digest::of_answer(operation.scope, operation.key, IdempotencyState::finished, operation.status,
                                   operation.body)),
      "the idempotency key " + operation.key);
  return success();
}

Result<void> apply(Script& script, const op::DropIdempotency& operation) {
  script.add(
      "DELETE FROM idempotency WHERE scope = $1 AND key = $2 AND owner = $3 AND (state = 'running' OR owner = '')",
      Values::of(operation.scope, operation.key, operation.owner));
  return success();
}

}  // namespace purser::postgres
