#include "gateway/store/postgres/writer.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/store/audit_chain.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <poll.h>
#include <sstream>
#include <utility>
#include <variant>

namespace purser::postgres {
namespace {

constexpr std::size_t kNoticeBytesMax = 7'000;  // PostgreSQL takes just under 8,000
constexpr std::int64_t kForgetEvery = 10'000;   // transactions

// Before the n-th next try. On the writer's own thread, which has nothing else to do.
void pause_before(int attempt) {
  constexpr std::array<int, 6> kMillis{5, 25, 100, 400, 1'000, 2'000};
  ::poll(nullptr, 0, kMillis[std::min<std::size_t>(static_cast<std::size_t>(attempt), kMillis.size() - 1)]);
}

bool has_money(const PaymentIntent& row) {
  return row.captured.positive() || row.refunded.positive();
}

// Whether the ledger and the payments may come apart by it.
bool moves_money(const Batch& batch) {
  return std::ranges::any_of(batch.operations, [](const Operation& operation) {
    if (const auto* insert = std::get_if<op::InsertIntent>(&operation)) return has_money(insert->row);
    if (const auto* update = std::get_if<op::UpdateIntent>(&operation)) return has_money(update->row);
    return std::holds_alternative<op::PostLedger>(operation);
  });
}

// An engine without the constraint triggers of the schema is asked this instead, before the batch is let into the
// group.
constexpr std::string_view kUnbalanced =
    "SELECT i.id FROM intents i LEFT JOIN ledger l ON l.intent_id = i.id WHERE i.id = $1"
    " GROUP BY i.id, i.captured, i.refunded"
    " HAVING i.captured <> coalesce(sum(CASE WHEN l.kind IN ('capture', 'late_capture', 'duplicate_capture')"
    " THEN l.amount END), 0) OR i.refunded <> coalesce(sum(CASE WHEN l.kind = 'refund' THEN l.amount END), 0)";

void look_at_balance(Script& script, const Batch& batch) {
  const auto look = [&script](const IntentId& intent) {
    script.add(kUnbalanced, Values::of(intent), [](const Rows& rows) -> Result<void> {
      if (rows.size() == 0) return success();
      return Error(Errc::internal, "the ledger and the payments would not agree", "ledger_balance");
    });
  };
  for (const Operation& operation : batch.operations) {
    if (const auto* insert = std::get_if<op::InsertIntent>(&operation)) look(insert->row.id);
    if (const auto* update = std::get_if<op::UpdateIntent>(&operation)) look(update->row.id);
    if (const auto* post = std::get_if<op::PostLedger>(&operation)) look(post->row.intent);
  }
}

bool is_store_failure(const Error& error) {
  return error.code == Errc::store_unavailable || error.code == Errc::store_corrupt;
}

}  // namespace

std::string notice_of(const std::string& sender, const std::vector<ThreadId>& threads) {
  std::string text = sender;
  for (const ThreadId& thread : threads) text += " " + thread.str();
  return text.size() <= kNoticeBytesMax ? text : sender + " *";
}

std::optional<Change> change_in(const std::string& notice, const std::string& self) {
  std::istringstream words(notice);
  std::string word;
  words >> word;
  if (word == self) return std::nullopt;
  Change change;
  while (words >> word) {
    if (word == "*") {
      change.missed = true;
    } else {
      change.threads.push_back(ThreadId::trusted(word));
    }
  }
  return change;
}

Writer::Writer(Address address, WriterLimits limits, std::string self, Clock& clock)
    : connection_(std::move(address)),
      limits_(limits),
      patience_(limits.lock_time_max),
      self_(std::move(self)),
      group_([this](const GroupWriter::Group& group) { return execute(group); }, [this] { forget_old_commits(); },
             limits.group, clock) {}

Writer::Answers Writer::execute(const GroupWriter::Group& group) {
  Error why(Errc::store_unavailable, "the database cannot be reached");
  try {
    for (int tries = 0; tries < limits_.tries_max; ++tries) {
      if (tries > 0) pause_before(tries - 1);
      const std::string id = crypto::hex_lower(crypto::random_bytes(16));
      Answers answers;
      reached_ = Reached::before_commit;
      auto done = try_once(group, id, answers);
      if (done.ok()) return ++transactions_, answers;
      why = done.error();
      const Next next = after_failure(id, why);
      if (next == Next::committed) return ++transactions_, answers;
      if (next == Next::give_up) break;
    }
  } catch (const std::exception& e) {  // no memory; what was not committed is gone with the connection
    connection_.drop();
    why = Error(Errc::store_unavailable, e.what());
  }
  if (!is_store_failure(why)) why = Error(Errc::store_unavailable, why.message);
  return Answers(group.size(), Result<Receipt>(why));
}

Writer::Next Writer::after_failure(const std::string& id, Error& why) {
  const Trouble trouble = connection_.trouble();
  if (connection_.in_transaction() && !connection_.query("ROLLBACK")) connection_.drop();
  switch (trouble) {
    case Trouble::retryable:
      return Next::again;
    case Trouble::locked:
      return patience_.end_the_still(connection_) > 0 ? Next::again : Next::give_up;
    case Trouble::unsupported:
    case Trouble::forbidden:
      // COMMIT itself cannot be refused so. Waking is all that is lost: whoever hears nothing looks a little later.
      if (reached_ != Reached::commit_sent || !std::exchange(notifies_, false)) return Next::give_up;
      log::warn("store.without_notify", {{"message", why.message}});
      return Next::again;
    case Trouble::lost:
      break;
    default:
      return Next::give_up;
  }
  log::warn("store.connection_lost", {{"message", why.message}});
  if (reached_ == Reached::before_commit) return Next::again;
  auto committed = find_out(id);
  if (committed.ok()) return *committed ? Next::committed : Next::again;
  why = committed.error();
  return Next::give_up;
}

Result<void> Writer::try_once(const GroupWriter::Group& group, const std::string& id, Answers& answers) {
  ledger_end_.reset();
  const std::vector<Statement> numbered{{"INSERT INTO commits (id) VALUES ($1)", Values::of(id)}};
  if (auto begun = patience_.begin(connection_, numbered); !begun) return begun;
  for (const Batch* batch : group) {
    auto answer = apply_isolated(*batch, group.size() == 1);
    if (!answer) return answer.error();
    answers.push_back(*std::move(answer));
  }
  if (!connection_.in_transaction()) return success();  // the only batch was refused
  return commit(group, answers);
}

Result<Receipt> Writer::apply_batch(Script& script, const Batch& batch) {
  for (const Operation& operation : batch.operations) {
    if (auto added = apply_recorded(script, operation); !added) return added.error();
  }
  // Looked at here, so that the batch that does not balance is refused alone.
  if (moves_money(batch) && !limits_.balance_guarded) {
    look_at_balance(script, batch);
  } else if (moves_money(batch)) {
    script.add("SET CONSTRAINTS ALL IMMEDIATE");
    script.add("SET CONSTRAINTS ALL DEFERRED");
  }
  if (auto sent = script.run(); !sent) return sent.error();
  return std::move(script.receipt());
}

// Outer error: the transaction is lost. Inner one: this batch alone is refused.
Result<Result<Receipt>> Writer::apply_isolated(const Batch& batch, bool alone) {
  Script script(connection_, ledger_end_);
  if (!alone) script.add("SAVEPOINT batch");  // with the first of its statements
  auto answer = apply_batch(script, batch);
  if (answer.ok()) return answer;
  if (is_store_failure(answer.error())) return answer.error();
  // What was refused unsent has no savepoint: the last one of that name is its neighbour's.
  if (!alone && !script.has_sent()) return answer;
  ledger_end_.reset();
  auto undone = connection_.query(alone ? "ROLLBACK" : "ROLLBACK TO SAVEPOINT batch");
  if (!undone) return undone.error();
  const Error named = name_refusal(connection_, batch, answer.error());
  if (is_store_failure(named)) return named;
  return Result<Receipt>(named);
}

Result<void> Writer::commit(const GroupWriter::Group& group, const Answers& answers) {
  std::vector<ThreadId> threads;
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (!answers[i].ok()) continue;
    for (const ThreadId& thread : change_of(*group[i], *answers[i]).threads) {
      if (std::ranges::find(threads, thread) == threads.end()) threads.push_back(thread);
    }
  }
  std::vector<Statement> statements;
  if (notifies_ && !threads.empty()) {
    statements.push_back(Statement{"SELECT pg_notify('purser', $1)", Values::of(notice_of(self_, threads))});
  }
  statements.push_back(Statement{"COMMIT", Values()});
  reached_ = Reached::commit_sent;
  auto done = connection_.exchange(statements);
  if (!done) return done.error();
  // A transaction that was given up answers COMMIT with ROLLBACK, and no error.
  if (done->back().tag() != "COMMIT") return Error(Errc::store_unavailable, "the database gave up the transaction");
  reached_ = Reached::committed;
  return success();
}

// The row that keeps a lost transaction out is of another time than any transaction's own: this connection may be lost
// as well, and then it is found by the next try.
Result<bool> Writer::find_out(const std::string& id) {
  Error why(Errc::store_unavailable, "the database cannot be reached");
  for (int tries = 0; tries < limits_.tries_max; ++tries) {
    if (tries > 0) pause_before(tries);
    auto kept_out =
        patience_.alone(connection_, Statement{"INSERT INTO commits (id, at) VALUES ($1, 'epoch')", Values::of(id)});
    if (kept_out.ok()) return false;
    why = kept_out.error();
    if (why.code == Errc::store_duplicate) {
      auto there = connection_.query("SELECT at <> 'epoch' FROM commits WHERE id = $1", Values::of(id));
      if (there.ok() && there->size() == 1) return there->row(0).integer(0) != 0;
      if (there.ok()) continue;  // forgotten already: not what a transaction would be
      why = there.error();
    }
    if (connection_.trouble() == Trouble::locked && patience_.end_the_still(connection_) > 0) continue;
    if (connection_.trouble() != Trouble::lost) break;
  }
  log::error("store.commit_unknown", {{"message", why.message}});
  return Error(Errc::store_unavailable, "the connection was lost while committing: it may be done or not");
}

void Writer::forget_old_commits() {
  if (transactions_ < forget_at_) return;
  forget_at_ = transactions_ + kForgetEvery;
  auto done = connection_.query("DELETE FROM commits WHERE at < now() - interval '1 hour'");
  if (!done) log::warn("store.commits_kept", {{"message", done.error().message}});
}

}  // namespace purser::postgres
