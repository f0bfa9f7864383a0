#include "gateway/store/postgres/apply.hpp"
#include "gateway/store/row_codec.hpp"
#include "gateway/store/row_digest.hpp"

namespace purser::postgres {
namespace {

// A number was given, unless the thread is not there.
Result<std::int64_t> number_given(const Rows& rows, const std::string& thread) {
  if (rows.size() == 1) return rows.row(0).integer(0);
  return Error(Errc::internal, "the thread " + thread + " is not there", "thread_id");
}

}  // namespace

Result<void> apply(Script& script, const op::InsertThread& operation) {
  const Thread& row = operation.row;
  script.add(
      "INSERT INTO threads (id, tenant_id, user_id, openid, locale, metadata, state, created_at, intents_made,"
      " version, digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      Values::of(row.id, row.tenant, row.user, row.openid, row.locale, row.metadata_json, to_string(row.state),
                 row.created_at, row.intents_made, row.version, digest::of(row)));
  script.add("INSERT INTO thread_numbers (thread_id, messages, events) VALUES ($1, 0, 0)", Values::of(row.id));
  return success();
}

Result<void> apply(Script& script, const op::UpdateThread& operation) {
  const Thread& row = operation.row;
  Thread made = row;
  made.version += 1;
  script.add_update(
      "UPDATE threads SET openid = $3, locale = $4, metadata = $5, state = $6, intents_made = $7,"
      " version = version + 1, digest = $11, erased_at = 0 WHERE id = $1 AND version = $2"
      " RETURNING tenant_id = $8 AND user_id = $9 AND created_at = $10",
      Values::of(row.id, row.version, row.openid, row.locale, row.metadata_json, to_string(row.state), row.intents_made,
                 row.tenant, row.user, row.created_at, digest::of(made)),
      row.id.str());
  return success();
}

Result<void> apply(Script& script, const op::InsertTurn& operation) {
  const Turn& row = operation.row;
  script.add(
      "INSERT INTO turns (id, thread_id, tenant_id, state, cause, result, started_at, ended_at, lease_until,"
      " digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() + $9::bigint * interval '1 millisecond', "
      "$10)",
      Values::of(row.id, row.thread, row.tenant, to_string(row.state), row.cause, row.result_json, row.started_at,
                 row.ended_at, operation.lease, digest::of(row)));
  return success();
}

Result<void> apply(Script& script, const op::HoldTurn& operation) {
  script.add_conditional(
      "UPDATE turns SET lease_until = clock_timestamp() + $3::bigint * interval '1 millisecond'"
      " WHERE id = $1 AND state = 'running' AND token = $2",
      Values::of(operation.turn, operation.token, operation.lease), operation.turn.str());
  return success();
}

Result<void> apply(Script& script, const op::TakeTurn& operation) {
  script.add_conditional(
      "UPDATE turns SET token = token + 1, lease_until = clock_timestamp() + $3::bigint * interval '1 millisecond'"
      " WHERE id = $1 AND state = 'running' AND token = $2 AND lease_until <= clock_timestamp()",
      Values::of(operation.turn, operation.token, operation.lease), operation.turn.str());
  return success();
}

Result<void> apply(Script& script, const op::FinishTurn& operation) {
  const Turn& row = operation.row;
  if (row.state == TurnState::running) return Error(Errc::internal, "a finished turn is completed or failed", "state");
  script.add_conditional(
      "UPDATE turns SET state = $2, result = $3, ended_at = $4, digest = $5 WHERE id = $1 AND state = 'running'",
      Values::of(row.id, to_string(row.state), row.result_json, row.ended_at, digest::of(row)), row.id.str());
  return success();
}

Result<void> apply(Script& script, const op::AppendMessage& operation) {
  const Message& row = operation.row;
  auto calls = row::calls_to_json(row.calls);
  if (!calls) return calls.error();
  script.add(
      "WITH given AS (UPDATE thread_numbers SET messages = messages + 1 WHERE thread_id = $1 RETURNING messages AS seq)"
      " INSERT INTO messages (thread_id, seq, id, turn_id, role, text, calls, call_id, cards, at)"
      " SELECT $1::text, given.seq, $2::text, $3::text, $4::text, $5::bytea, $6::text, $7::bytea, $8::text, $9::bigint"
      " FROM given RETURNING seq",
      Values::of(row.thread, row.id, row.turn, to_string(row.role), row.text, *calls, row.call_id, row.cards_json,
                 row.at),
      [&script, &row](const Rows& rows) -> Result<void> {
        auto seq = number_given(rows, row.thread.str());
        if (!seq) return seq.error();
        script.receipt().messages.push_back(row);
        script.receipt().messages.back().seq = *seq;
        return success();
      });
  return success();
}

Result<void> apply(Script& script, const op::AppendEvent& operation) {
  const StreamEvent& row = operation.row;
  script.add(
      "WITH given AS (UPDATE thread_numbers SET events = events + 1 WHERE thread_id = $1 RETURNING events AS seq)"
      " INSERT INTO events (thread_id, seq, type, data, at, digest)"
      " SELECT $1::text, given.seq, $2::text, $3::text, $4::bigint, $5::text FROM given RETURNING seq",
      Values::of(row.thread, row.type, row.data_json, row.at, digest::of(row)),
      [&script, &row](const Rows& rows) -> Result<void> {
        auto seq = number_given(rows, row.thread.str());
        if (!seq) return seq.error();
        script.receipt().events.push_back(row);
        script.receipt().events.back().seq = *seq;
        return success();
      });
  return success();
}

}  // namespace purser::postgres
