#include "gateway/store/sql/erasure.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/store/audit_chain.hpp"
#include "gateway/store/request_ties.hpp"
#include "gateway/store/row_digest.hpp"
#include "gateway/store/sql/rows.hpp"

#include <nlohmann/json.hpp>

namespace purser::sql {
namespace {

using Given = ErasableRows::Given;

constexpr char kNothing[] = "{}";

Error unsettled(const char* what) {
  return Error(Errc::store_conflict, std::string("not everything of the conversation is settled: ") + what, what);
}

template <class Record>
Result<std::vector<Record>> all(ErasableRows& rows, const char* select, const char* rest, const Given& values,
                                Result<Record> (*read)(const Row&)) {
  std::vector<Record> out;
  auto done = rows.each(select, rest, values, [&](const Row& row) -> Result<void> {
    auto record = read(row);
    if (!record) return record.error();
    out.push_back(*std::move(record));
    return success();
  });
  if (!done) return done.error();
  return out;
}

// Everything of a conversation that may have to lose words.
struct Contents {
  std::vector<Message> messages;
  std::vector<PaymentIntent> intents;
  std::vector<Refund> refunds;
  std::vector<Approval> approvals;
  std::vector<Turn> turns;
  std::vector<StreamEvent> events;
  std::vector<IdempotencyRow> answers;
  std::vector<NotificationRow> notifications;
  std::vector<std::string> live_work;
  std::vector<AuditRow> links;
};

template <class Record>
Result<void> put(std::vector<Record>& into, Result<std::vector<Record>> rows) {
  if (!rows) return rows.error();
  for (Record& row : *rows) into.push_back(std::move(row));
  return success();
}

Result<Contents> contents_of(ErasableRows& rows, const op::EraseThread& what) {
  constexpr char kOfThread[] = "WHERE thread_id = $1";
  constexpr char kInOrder[] = "WHERE thread_id = $1 ORDER BY seq";
  const Given thread{what.row.id.str()};
  Contents out;
  auto done = put(out.messages, all(rows, kMessages, kInOrder, thread, &read_message));
  if (done) done = put(out.intents, all(rows, kIntents, kOfThread, thread, &read_intent));
  if (done) done = put(out.refunds, all(rows, kRefunds, kOfThread, thread, &read_refund));
  if (done) done = put(out.approvals, all(rows, kApprovals, kOfThread, thread, &read_approval));
  if (done) done = put(out.turns, all(rows, kTurns, kOfThread, thread, &read_turn));
  if (done) done = put(out.events, all(rows, kEvents, kInOrder, thread, &read_event));
  if (done)
    done = rows.each("SELECT kind FROM work ", "WHERE thread_id = $1 AND kind <> 'dead_webhook'", thread,
                     [&](const Row& row) -> Result<void> {
                       out.live_work.push_back(row.text(0));
                       return success();
                     });
  if (done) done = put(out.links, all(rows, kAudit, kInOrder, thread, &read_audit));
  if (done && what.everything)
    done = put(out.answers, all(rows, kIdempotency, rows.answers_that_name(), thread, &read_idempotency));
  if (done && what.everything)
    for (const PaymentIntent& intent : out.intents) {
      const Given number{intent.order.out_trade_no.str()};
      done =
          put(out.notifications, all(rows, kNotifications, rows.notifications_that_name(), number, &read_notification));
      if (!done) break;
    }
  if (!done) return done.error();
  return out;
}

// Money under way needs its words: to be told, asked for again, decided about.
Result<void> check_settled(const op::EraseThread& what, const Contents& contents) {
  if (what.row.state == ThreadState::running) return unsettled("turn");
  for (const Turn& row : contents.turns)
    if (row.state == TurnState::running) return unsettled("turn");
  for (const PaymentIntent& row : contents.intents)
    if (is_open(row.state) || row.state == IntentState::conflicted || row.order.may_be_open ||
        row.refund_reserved.positive())
      return unsettled("intent");
  for (const Refund& row : contents.refunds)
    if (!is_final(row.state)) return unsettled("refund");
  for (const Approval& row : contents.approvals)
    if (row.state == ApprovalState::pending) return unsettled("approval");
  if (!contents.live_work.empty()) return unsettled("work");
  // It waits for a payment that none of its rows speaks of.
  return what.row.state == ThreadState::idle ? success() : unsettled("turn");
}

template <class Record>
Result<void> record_anew(ErasableRows& rows, const Record& row) {
  auto link = audit::record_of(row);
  if (!link) return link.error();
  return rows.apply(op::AppendAudit{*std::move(link)});
}

Result<void> blank(ErasableRows& rows, Message row) {
  row.text.clear();
  row.calls.clear();
  row.cards_json = "[]";
  auto done =
      rows.change("UPDATE messages SET text = '', calls = '[]', cards = '[]' WHERE id = $1", {row.id.str()}, "");
  return done ? record_anew(rows, row) : done;
}

// The lines and the description are the order: they belong to the books.
Result<void> blank(ErasableRows& rows, const PaymentIntent& was) {
  PaymentIntent row = was;
  row.order.payer_openid.clear();
  row.order.request_body.clear();
  row.order.prepay_id.clear();
  row.order.code_url.clear();
  return row == was ? success() : rows.apply(op::UpdateIntent{std::move(row)});
}

Result<void> blank(ErasableRows& rows, const Refund& was, bool everything) {
  Refund row = was;
  row.reason.clear();
  if (everything) row.request_body.clear();
  return row == was ? success() : rows.apply(op::UpdateRefund{std::move(row)});
}

Result<void> blank(ErasableRows& rows, const Approval& was) {
  Approval row = was;
  row.terms_json = kNothing;
  row.note.clear();
  if (row == was) return success();
  row.version += 1;
  auto done =
      rows.change("UPDATE approvals SET terms = '{}', note = '', version = version + 1 WHERE id = $1 AND version = $2",
                  {row.id.str(), was.version}, row.id.str());
  return done ? record_anew(rows, row) : done;
}

Result<void> blank(ErasableRows& rows, Turn row) {
  row.result_json = kNothing;
  return rows.change("UPDATE turns SET result = '{}', digest = $2 WHERE id = $1", {row.id.str(), digest::of(row)}, "");
}

Result<void> blank(ErasableRows& rows, StreamEvent row) {
  row.data_json = kNothing;
  return rows.change("UPDATE events SET data = '{}', digest = $3 WHERE thread_id = $1 AND seq = $2",
                     {row.thread.str(), row.seq, digest::of(row)}, "");
}

Result<void> blank(ErasableRows& rows, const IdempotencyRow& was) {
  IdempotencyRow row = was;
  row.key = erased_key(was);
  row.fingerprint = erased_fingerprint(was);
  return rows.change(
      "UPDATE idempotency SET key = $3, fingerprint = $4, body = '{}', digest = $5, answer_digest = $6"
      " WHERE scope = $1 AND key = $2",
      {was.scope, was.key, row.key, row.fingerprint, digest::of(row),
       digest::of_answer(row.scope, row.key, row.state, row.status, kNothing)},
      "");
}

Result<void> blank(ErasableRows& rows, NotificationRow row) {
  if (row.plain == kNothing) return success();
  row.plain = kNothing;
  auto done =
      rows.change("UPDATE notifications SET plain = '{}' WHERE channel = $1 AND id = $2", {row.channel, row.id}, "");
  return done ? record_anew(rows, row) : done;
}

template <class Record>
Result<void> blank_all(ErasableRows& rows, const std::vector<Record>& records) {
  for (const Record& row : records)
    if (auto done = blank(rows, row); !done) return done;
  return success();
}

// Links about words lose their detail; those about money hold none. Which they are is told by a link of its own.
Result<void> blank_links(ErasableRows& rows, const op::EraseThread& what, const Contents& contents) {
  const std::int64_t last = contents.links.empty() ? 0 : contents.links.back().seq;
  auto done = rows.change(
      "UPDATE audit SET detail = '' WHERE thread_id = $1 AND seq <= $2 AND detail <> ''"
      " AND kind IN ('message', 'model', 'verdict', 'reply')",
      {what.row.id.str(), last}, "");
  if (!done) return done;
  AuditRow link;
  link.thread = what.row.id;
  link.kind = "erasure";
  link.subject = what.row.id.str();
  link.detail_json = nlohmann::json{{"upto", last},
                                    {"links_sha256", digest_of_links(contents.links, last)},
                                    {"everything", what.everything},
                                    {"messages", contents.messages.size()}}
                         .dump();
  link.at = what.at;
  return rows.apply(op::AppendAudit{std::move(link)});
}

Result<void> blank_thread(ErasableRows& rows, const op::EraseThread& what) {
  Thread made = what.row;
  made.version += 1;
  if (what.everything) {
    made.openid.clear();
    made.metadata_json = kNothing;
  }
  return rows.change(
      "UPDATE threads SET openid = $3, metadata = $4, digest = $5, erased_at = $6, version = version + 1"
      " WHERE id = $1 AND version = $2",
      {made.id.str(), what.row.version, made.openid, made.metadata_json, digest::of(made), to_millis(what.at)},
      made.id.str());
}

}  // namespace

std::string erased_key(const IdempotencyRow& row) {
  const auto ties = ties_in(row.fingerprint);
  return ties ? erased_key_of(*ties) : erased_key_of_payload(row);
}

std::string erased_fingerprint(const IdempotencyRow& row) {
  const auto ties = ties_in(row.fingerprint);
  return ties ? std::string(ties->request) : std::string();
}

std::string erased_key_of_payload(const IdempotencyRow& row) {
  const std::string payload(payload_in(row.fingerprint));
  return "erased:" + crypto::sha256_hex(row.scope + '\n' + row.key + '\n' + payload);
}

std::string digest_of_links(const std::vector<AuditRow>& links, std::int64_t upto) {
  nlohmann::json all = nlohmann::json::array();
  for (const AuditRow& link : links)
    if (link.seq <= upto) all.push_back({link.seq, link.kind, link.subject, to_millis(link.at), link.hash});
  return crypto::sha256_hex(all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<void> erase(ErasableRows& rows, const op::EraseThread& what) {
  // First, for it locks the row: who begins a turn or a payment changes it too.
  if (auto held = blank_thread(rows, what); !held) return held;
  auto contents = contents_of(rows, what);
  if (!contents) return contents.error();
  if (auto settled = check_settled(what, *contents); !settled) return settled;
  auto done = blank_links(rows, what, *contents);
  if (done) done = blank_all(rows, contents->messages);
  if (done && what.everything) done = blank_all(rows, contents->intents);
  for (const Refund& row : contents->refunds)
    if (done) done = blank(rows, row, what.everything);
  if (done) done = blank_all(rows, contents->approvals);
  if (done) done = blank_all(rows, contents->turns);
  if (done) done = blank_all(rows, contents->events);
  if (done) done = blank_all(rows, contents->answers);
  if (done) done = blank_all(rows, contents->notifications);
  if (done)
    done = rows.change("DELETE FROM work WHERE thread_id = $1 AND kind = 'dead_webhook'", {what.row.id.str()}, "");
  return done;
}

Result<void> erase(ErasableRows& rows, const op::EraseInboxes& what) {
  const Given limits{to_millis(what.before), what.limit};
  auto told = all(rows, kNotifications, rows.old_notifications(), limits, &read_notification);
  if (!told) return told.error();
  auto said = all(rows, kIdempotency,
                  "WHERE created_at < $1 AND state = 'finished' AND body <> '{}' ORDER BY created_at LIMIT $2", limits,
                  &read_idempotency);
  if (!said) return said.error();
  auto done = blank_all(rows, *told);
  return done ? blank_all(rows, *said) : done;
}

}  // namespace purser::sql
