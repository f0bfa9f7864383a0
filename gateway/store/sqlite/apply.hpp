// The store's writes as plain blocking functions on one connection.
#pragma once

#include "gateway/store/sqlite/database.hpp"
#include "gateway/store/store.hpp"

#include <vector>

namespace purser::sqlite {

// Group commit: applies the batches one after the other in one transaction and commits once. A batch that is refused
// (store_conflict, store_duplicate, internal, malformed_text) is rolled back alone and leaves its neighbours as if it
// had never been there. When the transaction itself cannot go on or cannot be made durable, every batch fails with that
// error (store_unavailable, store_corrupt) and none is written. One answer a batch, in their order.
std::vector<Result<Receipt>> commit_group(Database& db, const std::vector<const Batch*>& group);

// One operation of each kind, inside a transaction that somebody else begins and ends. Conversations:
Result<void> apply(Database& db, const op::InsertThread& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::UpdateThread& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::InsertTurn& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::HoldTurn& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::TakeTurn& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::FinishTurn& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::AppendMessage& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::AppendEvent& operation, Receipt& receipt);
// Money:
Result<void> apply(Database& db, const op::InsertIntent& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::UpdateIntent& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::InsertRefund& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::UpdateRefund& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::PostLedger& operation, Receipt& receipt);
// Inboxes:
Result<void> apply(Database& db, const op::PutWork& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::AddWork& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::TakeWork& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::DropWork& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::InsertNotification& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::ApplyNotification& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::InsertIdempotency& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::HoldIdempotency& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::TakeIdempotency& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::FinishIdempotency& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::DropIdempotency& operation, Receipt& receipt);

// Approvals, budgets, the audit chain:
Result<void> apply(Database& db, const op::InsertApproval& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::UpdateApproval& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::SpendBudget& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::AppendAudit& operation, Receipt& receipt);
// Erasure:
Result<void> apply(Database& db, const op::EraseThread& operation, Receipt& receipt);
Result<void> apply(Database& db, const op::EraseInboxes& operation, Receipt& receipt);

// Any operation with what goes into the record of it.
Result<void> apply_recorded(Database& db, const Operation& operation, Receipt& receipt);

// Ends a conditional change: store_conflict about `row` when it changed nothing.
Result<void> run_conditional(Database& db, Statement& change, const std::string& row);
// Ends an insertion: a store_duplicate gets `constraint` as its param when SQLite's list of columns is `columns`, and
// "id" when it is the row's own id.
Result<void> run_insert(Statement& insert, const std::string& columns, const char* constraint);

}  // namespace purser::sqlite
