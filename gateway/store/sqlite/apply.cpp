#include "gateway/store/sqlite/apply.hpp"

#include "gateway/store/audit_chain.hpp"

#include <variant>

namespace purser::sqlite {
namespace {

// A failure of the store itself, as against a batch that is refused.
bool is_store_failure(const Error& error) {
  return error.code == Errc::store_unavailable || error.code == Errc::store_corrupt;
}

// What the operation changed goes into the chain of its thread, in the same transaction.
Result<void> record(Database& db, const Operation& operation) {
  auto row = audit::record_of(operation);
  if (!row) return row.error();
  if (!*row) return success();
  Receipt nothing;
  return apply(db, op::AppendAudit{**std::move(row)}, nothing);
}

Result<Receipt> apply_batch(Database& db, const Batch& batch) {
  Receipt receipt;
  for (const Operation& operation : batch.operations) {
    if (auto done = apply_recorded(db, operation, receipt); !done) return done.error();
  }
  // A COMMIT would refuse the whole group for it; here the batch that does it is refused alone.
  if (db.owes_keys()) return Error(Errc::internal, "the ledger and the payments would not agree", "ledger_balance");
  return receipt;
}

// Outer error: the transaction is lost. Inner one: this batch alone is refused.
Result<Result<Receipt>> apply_isolated(Database& db, const Batch& batch) {
  if (auto set = db.statement("SAVEPOINT batch").run(); !set) return set.error();
  auto answer = apply_batch(db, batch);
  if (!answer && is_store_failure(answer.error())) return answer.error();
  // Some failures make SQLite roll back everything: then there is nothing left to be isolated from.
  if (!db.in_transaction()) return Error(Errc::store_unavailable, "the transaction was lost");
  if (!answer) {
    if (auto undone = db.statement("ROLLBACK TO batch").run(); !undone) return undone.error();
  }
  if (auto released = db.statement("RELEASE batch").run(); !released) return released.error();
  return answer;
}

Result<void> commit_all(Database& db, const std::vector<const Batch*>& group, std::vector<Result<Receipt>>& answers) {
  if (auto begun = db.statement("BEGIN IMMEDIATE").run(); !begun) return begun;
  for (const Batch* batch : group) {
    auto answer = apply_isolated(db, *batch);
    if (!answer) return answer.error();
    answers.push_back(*std::move(answer));
  }
  return db.statement("COMMIT").run();
}

}  // namespace

Result<void> apply_recorded(Database& db, const Operation& operation, Receipt& receipt) {
  auto done = std::visit([&](const auto& one) { return apply(db, one, receipt); }, operation);
  return done ? record(db, operation) : done;
}

std::vector<Result<Receipt>> commit_group(Database& db, const std::vector<const Batch*>& group) {
  std::vector<Result<Receipt>> answers;
  answers.reserve(group.size());
  auto done = commit_all(db, group, answers);
  if (done.ok()) return answers;

  if (db.in_transaction()) (void)db.execute("ROLLBACK");
  const Error error =
      is_store_failure(done.error()) ? done.error() : Error(Errc::store_unavailable, done.error().message);
  answers.assign(group.size(), Result<Receipt>(error));
  return answers;
}

Result<void> run_conditional(Database& db, Statement& change, const std::string& row) {
  if (auto done = change.run(); !done) return done;
  if (db.changes() == 1) return success();
  return Error(Errc::store_conflict, row + " is not there, or changed since it was read", row);
}

Result<void> run_insert(Statement& insert, const std::string& columns, const char* constraint) {
  auto done = insert.run();
  if (done.ok() || done.code() != Errc::store_duplicate) return done;
  Error error = done.error();
  if (error.param == columns) {
    error.param = constraint;
  } else if (error.param.ends_with(".id") && error.param.find(',') == std::string::npos) {
    error.param = "id";
  }
  return error;
}

}  // namespace purser::sqlite
