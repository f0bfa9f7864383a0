#include "gateway/store/row_codec.hpp"
#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/row_reader.hpp"

#include <algorithm>

namespace purser::sqlite {
namespace {

const std::string kThreads =
    "SELECT id, tenant_id, user_id, openid, locale, metadata, state, created_at, intents_made, version FROM threads ";

Result<Thread> read_thread(Statement& row) {
  RowReader reader(row, "threads");
  Thread thread;
  thread.id = reader.id<ThreadId>();
  thread.tenant = reader.id<TenantId>();
  thread.user = reader.id<UserId>();
  thread.openid = reader.text();
  thread.locale = reader.text();
  thread.metadata_json = reader.text();
  thread.state = reader.parsed(&parse_thread_state, "state");
  thread.created_at = reader.time();
  thread.intents_made = reader.integer();
  thread.version = reader.integer();
  return reader.finish(std::move(thread));
}

const std::string kTurns = "SELECT id, thread_id, tenant_id, state, cause, result, started_at, ended_at FROM turns ";

Result<Turn> read_turn(Statement& row) {
  RowReader reader(row, "turns");
  Turn turn;
  turn.id = reader.id<TurnId>();
  turn.thread = reader.id<ThreadId>();
  turn.tenant = reader.id<TenantId>();
  turn.state = reader.parsed(&parse_turn_state, "state");
  turn.cause = reader.text();
  turn.result_json = reader.text();
  turn.started_at = reader.time();
  turn.ended_at = reader.time();
  return reader.finish(std::move(turn));
}

const std::string kMessages =
    "SELECT id, thread_id, turn_id, seq, role, text, calls, call_id, cards, at FROM messages ";

Result<Message> read_message(Statement& row) {
  RowReader reader(row, "messages");
  Message message;
  message.id = reader.id<MessageId>();
  message.thread = reader.id<ThreadId>();
  message.turn = reader.id<TurnId>();
  message.seq = reader.integer();
  message.role = reader.parsed(&parse_role, "role");
  message.text = reader.text();
  message.calls = reader.parsed(&row::calls_from_json, "calls");
  message.call_id = reader.text();
  message.cards_json = reader.text();
  message.at = reader.time();
  return reader.finish(std::move(message));
}

Result<StreamEvent> read_event(Statement& row) {
  RowReader reader(row, "events");
  StreamEvent event;
  event.seq = reader.integer();
  event.thread = reader.id<ThreadId>();
  event.type = reader.text();
  event.data_json = reader.text();
  event.at = reader.time();
  return reader.finish(std::move(event));
}

}  // namespace

Result<Thread> find_thread(Database& db, const ThreadId& id) {
  Statement query = db.statement(kThreads + "WHERE id = ?1");
  return required_row(query.bind(id), &read_thread, "thread");
}

Result<Turn> find_turn(Database& db, const TurnId& id) {
  Statement query = db.statement(kTurns + "WHERE id = ?1");
  return required_row(query.bind(id), &read_turn, "turn");
}

Result<std::optional<Turn>> find_running_turn(Database& db, const ThreadId& thread) {
  Statement query = db.statement(kTurns + "WHERE thread_id = ?1 AND state = 'running'");
  return optional_row(query.bind(thread), &read_turn);
}

Result<std::vector<Turn>> list_running_turns(Database& db, std::int64_t limit) {
  Statement query = db.statement(kTurns + "WHERE state = 'running' ORDER BY row_no LIMIT ?1");
  return all_rows(query.bind(at_most(limit)), &read_turn);
}

Result<std::vector<Message>> list_messages(Database& db, const ThreadId& thread, std::int64_t after,
                                           std::int64_t limit) {
  Statement query = db.statement(kMessages + "WHERE thread_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
  return all_rows(query.bind(thread, after, at_most(limit)), &read_message);
}

Result<std::vector<Message>> list_recent_messages(Database& db, const ThreadId& thread, std::int64_t limit) {
  Statement query = db.statement(kMessages + "WHERE thread_id = ?1 ORDER BY seq DESC LIMIT ?2");
  auto newest_first = all_rows(query.bind(thread, at_most(limit)), &read_message);
  if (newest_first.ok()) std::reverse(newest_first->begin(), newest_first->end());
  return newest_first;
}

Result<std::vector<StreamEvent>> list_events(Database& db, const ThreadId& thread, std::int64_t after,
                                             std::int64_t limit) {
  Statement query = db.statement(
      "SELECT seq, thread_id, type, data, at FROM events WHERE thread_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
  return all_rows(query.bind(thread, after, at_most(limit)), &read_event);
}

}  // namespace purser::sqlite
