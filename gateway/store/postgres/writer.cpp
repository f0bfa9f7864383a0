#include "gateway/store/postgres/writer.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/store/audit_chain.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <poll.h>
#include <sstream>
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
      const Trouble trouble = connection_.trouble();
      if (connection_.in_transaction() && !connection_.query("ROLLBACK")) connection_.drop();
      if (trouble == Trouble::retryable) continue;
      if (trouble != Trouble::lost) break;
      log::warn("store.connection_lost", {{"message", why.message}, {"try", tries + 1}});
      if (reached_ == Reached::before_commit) continue;
      auto committed = find_out(id);
      if (!committed) return Answers(group.size(), Result<Receipt>(committed.error()));
      if (*committed) return ++transactions_, answers;
    }
  } catch (const std::exception& e) {  // no memory; what was not committed is gone with the connection
    connection_.drop();
    why = Error(Errc::store_unavailable, e.what());
  }
  if (!is_store_failure(why)) why = Error(Errc::store_unavailable, why.message);
  return Answers(group.size(), Result<Receipt>(why));
}

Result<void> Writer::try_once(const GroupWriter::Group& group, const std::string& id, Answers& answers) {
  ledger_end_.reset();
  if (auto begun = begin(id); !begun) return begun;
  for (const Batch* batch : group) {
    auto answer = apply_isolated(*batch, group.size() == 1);
    if (!answer) return answer.error();
    answers.push_back(*std::move(answer));
  }
  if (!connection_.in_transaction()) return success();  // the only batch was refused
  return commit(group, answers);
}

// A daemon that stops in the middle must not keep its locks: the database ends what stands still. set_config with true
// holds for this transaction alone, which is all that a pooler leaves us.
Result<void> Writer::begin(const std::string& id) {
  const std::string limit = std::to_string(limits_.lock_time_max.count());
  const std::vector<Statement> statements{
      {"BEGIN", {}},
      {"SELECT set_config('lock_timeout', $1, true), set_config('idle_in_transaction_session_timeout', $1, true)",
       Values::of(limit)},
      {"INSERT INTO commits (id) VALUES ($1)", Values::of(id)}};
  auto done = connection_.exchange(statements);
  if (!done) return done.error();
  return success();
}

Result<Receipt> Writer::apply_batch(const Batch& batch) {
  Script script(connection_, ledger_end_);
  for (const Operation& operation : batch.operations) {
    if (auto added = apply_recorded(script, operation); !added) return added.error();
  }
  // Looked at here, so that the batch that does not balance is refused alone.
  if (moves_money(batch)) {
    script.add("SET CONSTRAINTS ALL IMMEDIATE");
    script.add("SET CONSTRAINTS ALL DEFERRED");
  }
  if (auto sent = script.run(); !sent) return sent.error();
  return std::move(script.receipt());
}

// Outer error: the transaction is lost. Inner one: this batch alone is refused.
Result<Result<Receipt>> Writer::apply_isolated(const Batch& batch, bool alone) {
  if (!alone) {
    if (auto set = connection_.query("SAVEPOINT batch"); !set) return set.error();
  }
  auto answer = apply_batch(batch);
  if (answer.ok()) return answer;
  if (is_store_failure(answer.error())) return answer.error();
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
  if (!threads.empty()) {
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

Result<bool> Writer::find_out(const std::string& id) {
  Error why(Errc::store_unavailable, "the database cannot be reached");
  for (int tries = 0; tries < limits_.tries_max; ++tries) {
    if (tries > 0) pause_before(tries);
    auto inserted = connection_.query("INSERT INTO commits (id) VALUES ($1)", Values::of(id));
    if (inserted.ok()) return false;
    why = inserted.error();
    if (why.code == Errc::store_duplicate) return true;
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
