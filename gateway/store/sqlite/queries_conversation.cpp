#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/rows_of.hpp"

#include <algorithm>

namespace purser::sqlite {

Result<Thread> find_thread(Database& db, const ThreadId& id) {
  Statement query = db.statement(std::string(sql::kThreads) + "WHERE id = ?1");
  return required_row(query.bind(id), &sql::read_thread, "thread");
}

Result<Turn> find_turn(Database& db, const TurnId& id) {
  Statement query = db.statement(std::string(sql::kTurns) + "WHERE id = ?1");
  return required_row(query.bind(id), &sql::read_turn, "turn");
}

Result<std::optional<Turn>> find_running_turn(Database& db, const ThreadId& thread) {
  Statement query = db.statement(std::string(sql::kTurns) + "WHERE thread_id = ?1 AND state = 'running'");
  return optional_row(query.bind(thread), &sql::read_turn);
}

Result<TurnLease> find_turn_lease(Database& db, const TurnId& id) {
  Statement query = db.statement("SELECT token FROM turns WHERE id = ?1 AND state = 'running'");
  auto row = query.bind(id).step();
  if (!row) return row.error();
  if (!*row) return Error(Errc::not_found, "no such running turn");
  TurnLease lease;
  lease.token = query.integer(0);
  return lease;
}

// The plus leaves the table's own order aside: the index of running turns holds few rows, the table all that ever were.
Result<std::vector<Turn>> list_running_turns(Database& db, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kTurns) + "WHERE state = 'running' ORDER BY +row_no LIMIT ?1");
  return all_rows(query.bind(at_most(limit)), &sql::read_turn);
}

Result<std::vector<Message>> list_messages(Database& db, const ThreadId& thread, std::int64_t after,
                                           std::int64_t limit) {
  Statement query =
      db.statement(std::string(sql::kMessages) + "WHERE thread_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
  return all_rows(query.bind(thread, after, at_most(limit)), &sql::read_message);
}

Result<std::vector<Message>> list_recent_messages(Database& db, const ThreadId& thread, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kMessages) + "WHERE thread_id = ?1 ORDER BY seq DESC LIMIT ?2");
  auto newest_first = all_rows(query.bind(thread, at_most(limit)), &sql::read_message);
  if (newest_first.ok()) std::reverse(newest_first->begin(), newest_first->end());
  return newest_first;
}

Result<std::vector<StreamEvent>> list_events(Database& db, const ThreadId& thread, std::int64_t after,
                                             std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kEvents) + "WHERE thread_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3");
  return all_rows(query.bind(thread, after, at_most(limit)), &sql::read_event);
}

Result<std::vector<Thread>> list_threads_of_user(Database& db, const TenantId& tenant, const UserId& user,
                                                 const ThreadId& after, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kThreads) +
                                 "WHERE tenant_id = ?1 AND user_id = ?2 AND id > ?3 ORDER BY id LIMIT ?4");
  return all_rows(query.bind(tenant, user, after, at_most(limit)), &sql::read_thread);
}

Result<std::vector<Thread>> list_silent_threads(Database& db, UtcTime before, UtcTime from, const ThreadId& after,
                                                std::int64_t limit) {
  Statement query =
      db.statement(std::string(sql::kThreads) +
                   "WHERE erased_at = 0 AND state = 'idle' AND created_at < ?1 AND (created_at, id) > (?2, ?3)"
                   " AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.thread_id = threads.id AND m.at >= ?1)"
                   " ORDER BY created_at, id LIMIT ?4");
  return all_rows(query.bind(before, from, after, at_most(limit)), &sql::read_thread);
}

Result<bool> has_old_inboxes(Database& db, UtcTime before) {
  Statement query = db.statement(
      "SELECT 1 WHERE EXISTS (SELECT 1 FROM notifications WHERE received_at < ?1 AND plain <> '{}' AND applied = 1)"
      " OR EXISTS (SELECT 1 FROM idempotency WHERE created_at < ?1 AND body <> '{}' AND state = 'finished')");
  return query.bind(before).step();
}

}  // namespace purser::sqlite
