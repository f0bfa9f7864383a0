// The store's writes as plain blocking functions on one connection.
#pragma once

#include "gateway/store/postgres/connection.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace purser::postgres {

// Where the chain of the ledger ends, once this transaction holds its lock.
struct LedgerEnd {
  std::int64_t seq = 0;
  std::string hash;
};

// The statements of a batch, sent together as far as nothing must be read between them, each with what its answer has
// to look like.
class Script {
 public:
  using Check = std::function<Result<void>(const Rows&)>;

  // `end` lives as long as the transaction.
  Script(Connection& connection, std::optional<LedgerEnd>& end) : connection_(connection), end_(end) {}

  void add(std::string_view sql, Values values = Values(), Check check = nullptr);
  // Nothing changed: store_conflict about `row`.
  void add_conditional(std::string_view sql, Values values, std::string row);
  // Nothing returned: internal, for `row` is not there. The first column is false: internal, what never changes would.
  void add_update(std::string_view sql, Values values, std::string row);
  // Sends what was added and checks the answers in their order; the first that is not as it has to be is the error.
  Result<void> run();
  // Whether anything has been sent: before that there is nothing to undo.
  bool has_sent() const { return has_sent_; }

  Connection& connection() { return connection_; }
  std::optional<LedgerEnd>& ledger_end() { return end_; }
  Receipt& receipt() { return receipt_; }

 private:
  Connection& connection_;
  std::optional<LedgerEnd>& end_;
  std::vector<Statement> statements_;
  std::vector<Check> checks_;
  Receipt receipt_;
  bool has_sent_ = false;
};

// Adds one operation of each kind. Error: the operation breaks a rule before anything is sent.
Result<void> apply(Script& script, const op::InsertThread& operation);
Result<void> apply(Script& script, const op::UpdateThread& operation);
Result<void> apply(Script& script, const op::InsertTurn& operation);
Result<void> apply(Script& script, const op::HoldTurn& operation);
Result<void> apply(Script& script, const op::TakeTurn& operation);
Result<void> apply(Script& script, const op::FinishTurn& operation);
Result<void> apply(Script& script, const op::AppendMessage& operation);
Result<void> apply(Script& script, const op::AppendEvent& operation);
Result<void> apply(Script& script, const op::InsertIntent& operation);
Result<void> apply(Script& script, const op::UpdateIntent& operation);
Result<void> apply(Script& script, const op::InsertRefund& operation);
Result<void> apply(Script& script, const op::UpdateRefund& operation);
Result<void> apply(Script& script, const op::PostLedger& operation);
Result<void> apply(Script& script, const op::PutWork& operation);
Result<void> apply(Script& script, const op::AddWork& operation);
Result<void> apply(Script& script, const op::TakeWork& operation);
Result<void> apply(Script& script, const op::DropWork& operation);
Result<void> apply(Script& script, const op::InsertNotification& operation);
Result<void> apply(Script& script, const op::ApplyNotification& operation);
Result<void> apply(Script& script, const op::InsertIdempotency& operation);
Result<void> apply(Script& script, const op::HoldIdempotency& operation);
Result<void> apply(Script& script, const op::TakeIdempotency& operation);
Result<void> apply(Script& script, const op::FinishIdempotency& operation);
Result<void> apply(Script& script, const op::DropIdempotency& operation);
Result<void> apply(Script& script, const op::InsertApproval& operation);
Result<void> apply(Script& script, const op::UpdateApproval& operation);
Result<void> apply(Script& script, const op::SpendBudget& operation);
Result<void> apply(Script& script, const op::AppendAudit& operation);
Result<void> apply(Script& script, const op::EraseThread& operation);
Result<void> apply(Script& script, const op::EraseInboxes& operation);

// Any operation with what goes into the record of it.
Result<void> apply_recorded(Script& script, const Operation& operation);

// What the refused `batch` is told of a constraint of the database: the port's words, and "origin" before any other
// when what it asks for exists. The transaction has let go of the batch.
Error name_refusal(Connection& connection, const Batch& batch, Error error);

}  // namespace purser::postgres
