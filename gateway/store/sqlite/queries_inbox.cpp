#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/rows_of.hpp"

#include <iterator>

namespace purser::sqlite {

Result<std::vector<WorkItem>> list_due_work(Database& db, UtcTime now, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kWork) +
                                 "WHERE due_at <= ?1"
                                 " ORDER BY due_at, kind, subject LIMIT ?2");
  return all_rows(query.bind(now, at_most(limit)), &sql::read_work);
}

Result<std::vector<WorkItem>> list_work_of_kind(Database& db, WorkKind kind, const std::string& prefix,
                                                const std::string& after, std::int64_t limit) {
  Statement query = db.statement(std::string(sql::kWork) +
                                 "WHERE kind = ?1 AND substr(subject, 1, length(?2)) = ?2 AND subject > ?3"
                                 " ORDER BY subject LIMIT ?4");
  return all_rows(query.bind(to_string(kind), prefix, after, at_most(limit)), &sql::read_work);
}

// Few rows are outbound: they are found by the primary key (kind, subject), not by walking past all that is due later.
// So are the few inside that somebody waits for, the rail for its news and a customer for an answer or for money: they
// go before what has only run out, of which thousands may fall due together, and leave it a quarter of the places.
Result<std::vector<WorkItem>> list_due_work_of(Database& db, UtcTime now, std::int64_t limit, WorkLane lane) {
  const bool outbound = lane == WorkLane::outbound;
  Statement first =
      db.statement(std::string(sql::kWork) +
                   (outbound ? "WHERE kind = 'deliver_webhook' AND +due_at <= ?1 ORDER BY +due_at, subject LIMIT ?2"
                             : "WHERE kind IN ('take_notification', 'resume_thread', 'submit_refund') AND +due_at <= ?1"
                               " ORDER BY +due_at, kind, subject LIMIT ?2"));
  auto rows = all_rows(first.bind(now, at_most(outbound ? limit : limit - limit / 4)), &sql::read_work);
  if (!rows || outbound) return rows;
  Statement rest = db.statement(std::string(sql::kWork) +
                                "WHERE kind NOT IN ('take_notification', 'resume_thread', 'submit_refund',"
                                " 'deliver_webhook') AND due_at <= ?1 ORDER BY due_at, kind, subject LIMIT ?2");
  auto others = all_rows(rest.bind(now, at_most(limit - static_cast<std::int64_t>(rows->size()))), &sql::read_work);
  if (!others) return others;
  rows->insert(rows->end(), std::make_move_iterator(others->begin()), std::make_move_iterator(others->end()));
  return rows;
}

Result<std::optional<UtcTime>> find_next_due(Database& db, UtcTime after, WorkLane lane) {
  const char* text =
      lane == WorkLane::outbound
          ? "SELECT due_at FROM work WHERE kind = 'deliver_webhook' AND +due_at > ?1 ORDER BY +due_at LIMIT 1"
          : "SELECT due_at FROM work WHERE kind <> 'deliver_webhook' AND due_at > ?1 ORDER BY due_at LIMIT 1";
  Statement query = db.statement(text);
  query.bind(after);
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
