#include "gateway/store/row_codec.hpp"
#include "gateway/store/row_digest.hpp"
#include "gateway/store/sqlite/apply.hpp"

namespace purser::sqlite {

Result<void> apply(Database& db, const op::InsertThread& operation, Receipt&) {
  const Thread& row = operation.row;
  Statement insert = db.statement(
      "INSERT INTO threads (id, tenant_id, user_id, openid, locale, metadata, state, created_at, intents_made,"
      " version, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  insert.bind(row.id, row.tenant, row.user, row.openid, row.locale, row.metadata_json, to_string(row.state),
              row.created_at, row.intents_made, row.version, digest::of(row));
  return run_insert(insert, "threads.id", "id");
}

Result<void> apply(Database& db, const op::UpdateThread& operation, Receipt&) {
  const Thread& row = operation.row;
  Thread made = row;
  made.version += 1;
  Statement update = db.statement(
      "UPDATE threads SET tenant_id = ?3, user_id = ?4, openid = ?5, locale = ?6, metadata = ?7, state = ?8,"
      " created_at = ?9, intents_made = ?10, version = version + 1, digest = ?11, erased_at = 0 WHERE id = ?1 AND "
      "version = ?2");
  update.bind(row.id, row.version, row.tenant, row.user, row.openid, row.locale, row.metadata_json,
              to_string(row.state), row.created_at, row.intents_made, digest::of(made));
  return run_conditional(db, update, row.id.str());
}

Result<void> apply(Database& db, const op::InsertTurn& operation, Receipt&) {
  const Turn& row = operation.row;
  Statement insert = db.statement(
      "INSERT INTO turns (id, thread_id, tenant_id, state, cause, result, started_at, ended_at, digest)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
  insert.bind(row.id, row.thread, row.tenant, to_string(row.state), row.cause, row.result_json, row.started_at,
              row.ended_at, digest::of(row));
  return run_insert(insert, "turns.thread_id", "running_turn");
}

Result<void> apply(Database& db, const op::HoldTurn& operation, Receipt&) {
  Statement query = db.statement("SELECT 1 FROM turns WHERE id = ?1 AND state = 'running' AND token = ?2");
  auto found = query.bind(operation.turn, operation.token).step();
  if (!found) return found.error();
  if (*found) return success();
  return Error(Errc::store_conflict, operation.turn.str() + " is not driven here any more", operation.turn.str());
}

Result<void> apply(Database& db, const op::TakeTurn& operation, Receipt&) {
  Statement update =
      db.statement("UPDATE turns SET token = token + 1 WHERE id = ?1 AND state = 'running' AND token = ?2");
  update.bind(operation.turn, operation.token);
  return run_conditional(db, update, operation.turn.str());
}

Result<void> apply(Database& db, const op::FinishTurn& operation, Receipt&) {
  const Turn& row = operation.row;
  if (row.state == TurnState::running) return Error(Errc::internal, "a finished turn is completed or failed", "state");
  Statement update = db.statement(
      "UPDATE turns SET state = ?2, result = ?3, ended_at = ?4, digest = ?5 WHERE id = ?1 AND state = 'running'");
  update.bind(row.id, to_string(row.state), row.result_json, row.ended_at, digest::of(row));
  return run_conditional(db, update, row.id.str());
}

Result<void> apply(Database& db, const op::AppendMessage& operation, Receipt& receipt) {
  Message row = operation.row;
  auto calls = row::calls_to_json(row.calls);
  if (!calls) return calls.error();
  Statement insert = db.statement(
      "INSERT INTO messages (thread_id, seq, id, turn_id, role, text, calls, call_id, cards, at) VALUES (?1,"
      " (SELECT coalesce(max(seq), 0) + 1 FROM messages WHERE thread_id = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)"
      " RETURNING seq");
  insert.bind(row.thread, row.id, row.turn, to_string(row.role), row.text, *calls, row.call_id, row.cards_json, row.at);
  auto given = insert.step();
  if (!given) {
    Error error = given.error();
    if (error.param == "messages.id") error.param = "id";
    return error;
  }
  row.seq = insert.integer(0);
  receipt.messages.push_back(std::move(row));
  return insert.run();
}

Result<void> apply(Database& db, const op::AppendEvent& operation, Receipt& receipt) {
  StreamEvent row = operation.row;
  Statement insert = db.statement(
      "INSERT INTO events (thread_id, seq, type, data, at, digest) VALUES (?1,"
      " (SELECT coalesce(max(seq), 0) + 1 FROM events WHERE thread_id = ?1), ?2, ?3, ?4, ?5) RETURNING seq");
  auto given = insert.bind(row.thread, row.type, row.data_json, row.at, digest::of(row)).step();
  if (!given) return given.error();
  row.seq = insert.integer(0);
  receipt.events.push_back(std::move(row));
  return insert.run();
}

}  // namespace purser::sqlite
