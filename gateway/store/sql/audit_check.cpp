#include "gateway/store/sql/audit_check.hpp"

#include "gateway/store/audit_chain.hpp"
#include "gateway/store/ledger_chain.hpp"

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

Result<LastWords> walk_chain(AuditedRows& rows, const ThreadId& thread) {
  auto links = rows.links(thread);
  if (!links) return links.error();
  LastWords words;
  std::string previous = ledger::genesis();
  std::int64_t seq = 0;
  for (const AuditRow& link : *links) {
    const std::string name = "audit " + thread.str() + " " + std::to_string(++seq);
    if (link.seq != seq) return bad(name, "the row is missing");
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

}  // namespace

Result<void> verify_audit(AuditedRows& rows) {
  auto threads = rows.threads();
  if (!threads) return threads.error();
  auto older = rows.unrecorded();
  if (!older) return older.error();
  for (const ThreadId& thread : *threads) {
    if (auto good = verify_thread(rows, thread, *older); !good) return good;
  }
  return verify_notifications(rows, *older);
}

}  // namespace purser::sql
