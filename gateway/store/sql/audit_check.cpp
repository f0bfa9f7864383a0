#include "gateway/store/sql/audit_check.hpp"

#include "gateway/store/audit_chain.hpp"
#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/row_digest.hpp"
#include "gateway/store/sql/erasure.hpp"
#include "gateway/store/sql/rows.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>

namespace purser::sql {
namespace {

// What the newest link of each row says of it; a row's id is unique over all tables.
using LastWords = std::map<std::string, std::string>;
// Rows of which nothing need be recorded: they are older than the record.
using Older = std::set<std::string>;

Error bad(const std::string& row, const std::string& why) {
  return Error(Errc::store_corrupt, row + ": " + why, row);
}

bool about_a_row(const AuditRow& link) {
  return link.kind == "message" || link.kind == "intent" || link.kind == "refund" || link.kind == "approval" ||
         link.kind == "notification";
}

// What the newest link about an erasure says: links up to there may have lost their detail, and what is left of them
// all.
struct Erased {
  std::int64_t upto = 0;  // 0: none
  std::string links_sha256;
};

Erased erased_in(const std::vector<AuditRow>& links) {
  Erased last;
  for (const AuditRow& link : links) {
    if (link.kind != "erasure") continue;
    const auto said = nlohmann::json::parse(link.detail_json, nullptr, false);
    if (!said.is_object()) continue;
    const auto upto = said.value("upto", nlohmann::json());
    const auto sum = said.value("links_sha256", nlohmann::json());
    if (upto.is_number_integer() && upto < link.seq && sum.is_string())
      last = {upto.get<std::int64_t>(), sum.get<std::string>()};
  }
  return last;
}

// What such a link said is gone; its hash is still what the next one rests on.
bool is_erased(const AuditRow& link, std::int64_t upto) {
  const bool of_words =
      link.kind == "message" || link.kind == "model" || link.kind == "verdict" || link.kind == "reply";
  return of_words && link.detail_json.empty() && link.seq <= upto;
}

Result<LastWords> walk_chain(AuditedRows& rows, const ThreadId& thread) {
  auto links = rows.links(thread);
  if (!links) return links.error();
  const Erased erased = erased_in(*links);
  if (erased.upto > 0 && digest_of_links(*links, erased.upto) != erased.links_sha256)
    return bad("audit " + thread.str(), "links that were erased are not what they were");
  LastWords words;
  std::string previous = ledger::genesis();
  std::int64_t seq = 0;
  for (const AuditRow& link : *links) {
    const std::string name = "audit " + thread.str() + " " + std::to_string(++seq);
    if (link.seq != seq) return bad(name, "the row is missing");
    if (is_erased(link, erased.upto)) {
      previous = link.hash;
      continue;
    }
    auto hash = audit::hash_after(previous, link);
    if (!hash) return bad(name, hash.error().message);
    if (*hash != link.hash) return bad(name, "the row or one before it is not what was written");
    previous = *std::move(hash);
    if (about_a_row(link)) words[link.subject] = link.detail_json;
  }
  return words;
}

template <class Record>
Result<void> compare(const Record& row, const std::string& table, const std::string& id, LastWords& words,
                     const Older& older) {
  const std::string name = table + " " + id;
  auto now = audit::record_of(row);
  if (!now) return bad(name, now.error().message);
  const auto said = words.find(id);
  if (said == words.end() && older.contains(id)) return success();
  if (said == words.end()) return bad(name, "nothing was recorded of this row");
  if (said->second != now->detail_json) return bad(name, "the row is not what was recorded of it");
  words.erase(said);
  return success();
}

template <class Record>
Result<void> compare_all(const Result<std::vector<Record>>& rows, const std::string& table, LastWords& words,
                         const Older& older) {
  // A row that cannot even be read was changed too; its error names it.
  if (!rows) return rows.error();
  for (const Record& row : *rows) {
    if (auto same = compare(row, table, row.id.str(), words, older); !same) return same;
  }
  return success();
}

Result<void> nothing_left(const LastWords& words) {
  if (words.empty()) return success();
  return bad("audit " + words.begin()->first, "the row that is recorded here is missing");
}

Result<void> verify_thread(AuditedRows& rows, const ThreadId& thread, const Older& older) {
  auto words = walk_chain(rows, thread);
  if (!words) return words.error();
  auto same = compare_all(rows.messages(thread), "messages", *words, older);
  if (same) same = compare_all(rows.intents(thread), "intents", *words, older);
  if (same) same = compare_all(rows.refunds(thread), "refunds", *words, older);
  if (same) same = compare_all(rows.approvals(thread), "approvals", *words, older);
  return same ? nothing_left(*words) : same;
}

Result<void> verify_notifications(AuditedRows& rows, const Older& older) {
  auto words = walk_chain(rows, ThreadId());
  if (!words) return words.error();
  auto stored = rows.notifications();
  if (!stored) return stored.error();
  for (const NotificationRow& row : *stored) {
    if (auto same = compare(row, "notifications", row.channel + ":" + row.id, *words, older); !same) return same;
  }
  return nothing_left(*words);
}

// A question that has no answer while all is well; the answer names the row.
Result<void> none(AuditedRows& rows, const char* question, const std::string& table, const char* why) {
  return rows.each(question, [&](const Row& row) -> Result<void> { return bad(table + " " + row.text(0), why); });
}

// A chain cannot tell by itself that its end was cut off; where it ends is written down beside it.
Result<void> verify_ends(AuditedRows& rows) {
  auto same = none(rows,
                   "SELECT e.thread_id FROM audit_ends e LEFT JOIN audit a ON a.thread_id = e.thread_id AND"
                   " a.seq = e.seq WHERE a.hash IS NULL OR a.hash <> e.hash ORDER BY 1 LIMIT 1",
                   "audit_ends", "it is not the end of the chain: links are missing there");
  if (!same) return same;
  return none(rows,
              "SELECT a.thread_id FROM audit a LEFT JOIN audit_ends e ON e.thread_id = a.thread_id"
              " WHERE e.seq IS NULL OR e.seq < a.seq ORDER BY 1 LIMIT 1",
              "audit_ends", "the chain goes on beyond its end");
}

// What a row's SELECT is with the digest after its columns. A row that is older than the digests has none.
std::string with(const char* select, const std::string& column) {
  const std::string text = select;
  const std::size_t from = text.rfind(" FROM ");
  return text.substr(0, from) + ", " + column + text.substr(from);
}

template <class Record>
Result<void> compare_digests(AuditedRows& rows, const char* select, Result<Record> (*read)(const Row&),
                             std::string (*name_of)(const Record&)) {
  return rows.each(with(select, "digest"), [&](const Row& row) -> Result<void> {
    auto record = read(row);
    if (!record) return record.error();
    const std::string written = row.text(row.columns() - 1);
    if (written.empty() || written == digest::of(*record)) return success();
    return bad(name_of(*record), "the row is not what was written");
  });
}

std::string name_of_thread(const Thread& row) {
  return "threads " + row.id.str();
}
std::string name_of_turn(const Turn& row) {
  return "turns " + row.id.str();
}
std::string name_of_event(const StreamEvent& row) {
  return "events " + row.thread.str() + " " + std::to_string(row.seq);
}
std::string name_of_work(const WorkItem& row) {
  return "work " + std::string(to_string(row.kind)) + " " + row.subject;
}
std::string name_of_key(const IdempotencyRow& row) {
  return "idempotency " + row.scope + " " + row.key;
}

Result<void> compare_answers(AuditedRows& rows) {
  return rows.each(with(kIdempotency, "answer_digest"), [](const Row& row) -> Result<void> {
    auto record = read_idempotency(row);
    if (!record) return record.error();
    const std::string written = row.text(row.columns() - 1);
    const std::string now = digest::of_answer(record->scope, record->key, record->state, record->status, record->body);
    if (written.empty() || written == now) return success();
    return bad(name_of_key(*record), "the answer is not what was written");
  });
}

Result<void> verify_budgets(AuditedRows& rows) {
  constexpr std::int64_t kEarlier = -1;
  return rows.each("SELECT scope, window_start, used + mirror FROM budgets WHERE mirror IS NOT NULL",
                   [](const Row& row) -> Result<void> {
                     const std::string scope = row.text(0);
                     const std::int64_t sum = row.integer(2);
                     if (sum == kEarlier || sum == digest::of_budget(scope, from_millis(row.integer(1))))
                       return success();
                     return bad("budgets " + scope, "the row is not what was written");
                   });
}

Result<void> verify_digests(AuditedRows& rows) {
  auto same = compare_digests<Thread>(rows, kThreads, &read_thread, &name_of_thread);
  if (same) same = compare_digests<Turn>(rows, kTurns, &read_turn, &name_of_turn);
  if (same) same = compare_digests<StreamEvent>(rows, kEvents, &read_event, &name_of_event);
  if (same) same = compare_digests<WorkItem>(rows, kWork, &read_work, &name_of_work);
  if (same) same = compare_digests<IdempotencyRow>(rows, kIdempotency, &read_idempotency, &name_of_key);
  return same ? compare_answers(rows) : same;
}

// Rows that others speak of, and figures that are written twice.
Result<void> verify_companions(AuditedRows& rows) {
  auto same = none(rows,
                   "SELECT m.turn_id FROM messages m LEFT JOIN turns t ON t.id = m.turn_id"
                   " WHERE t.id IS NULL AND m.turn_id <> '' ORDER BY 1 LIMIT 1",
                   "turns", "the row is missing: messages of it are there");
  if (same)
    same = none(rows,
                "SELECT a.thread_id FROM audit a LEFT JOIN threads t ON t.id = a.thread_id"
                " WHERE t.id IS NULL AND a.thread_id <> '' ORDER BY 1 LIMIT 1",
                "threads", "the row is missing: a record of it is there");
  if (same)
    same = none(rows,
                "SELECT thread_id FROM events GROUP BY thread_id"
                " HAVING count(*) <> max(seq) OR min(seq) <> 1 ORDER BY 1 LIMIT 1",
                "events", "rows of this thread are missing");
  if (same)
    same = none(rows,
                "SELECT thread_id FROM messages GROUP BY thread_id"
                " HAVING count(*) <> max(seq) OR min(seq) <> 1 ORDER BY 1 LIMIT 1",
                "messages", "the messages of this thread are not numbered one after the other");
  if (same)
    same = none(rows, "SELECT id FROM turns WHERE token < 1 ORDER BY 1 LIMIT 1", "turns", "no token is below 1");
  if (same)
    same = none(rows,
                "SELECT t.id FROM threads t WHERE t.erased_at <> 0 AND NOT EXISTS (SELECT 1 FROM audit a"
                " WHERE a.thread_id = t.id AND a.kind = 'erasure' AND a.at = t.erased_at) ORDER BY 1 LIMIT 1",
                "threads", "nothing is recorded of the erasure that it tells of");
  if (same) same = verify_budgets(rows);
  if (same)
    same = none(rows, "SELECT channel || ':' || id FROM notifications WHERE applied = unapplied ORDER BY 1 LIMIT 1",
                "notifications", "the row is not what was written");
  return same;
}

}  // namespace

Result<void> verify_audit(AuditedRows& rows) {
  auto threads = rows.threads();
  if (!threads) return threads.error();
  auto older = rows.unrecorded();
  if (!older) return older.error();
  for (const ThreadId& thread : *threads) {
    if (auto good = verify_thread(rows, thread, *older); !good) return good;
  }
  auto good = verify_notifications(rows, *older);
  if (good) good = verify_ends(rows);
  if (good) good = verify_digests(rows);
  return good ? verify_companions(rows) : good;
}

}  // namespace purser::sql
