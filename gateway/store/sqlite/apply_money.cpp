#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/row_codec.hpp"
#include "gateway/store/sql/rows.hpp"
#include "gateway/store/sqlite/apply.hpp"
#include "gateway/store/sqlite/queries.hpp"

#include <initializer_list>

namespace purser::sqlite {
namespace {

// A row that breaks several constraints is told of the one that says most: its origin exists means it exists itself.
// SQLite names whichever it checks first.
template <class Row>
Result<void> name_duplicate(Database& db, Result<void> failed, const char* by_origin, const Row& row) {
  if (failed.ok() || failed.code() != Errc::store_duplicate) return failed;
  Statement query = db.statement(by_origin);
  auto found = query.bind(row.thread, row.origin).step();
  if (!found) return found.error();
  if (!*found) return failed;
  return Error(Errc::store_duplicate, "what " + row.origin + " asked for exists already", "origin");
}

Result<void> insert_intent(Database& db, const PaymentIntent& row, const std::string& lines, const std::string& order) {
  Statement insert = db.statement(
      "INSERT INTO intents (id, tenant_id, thread_id, user_id, state, currency, amount, captured, refunded,"
      " refund_reserved, lines, description, catalogue_version, channel, rail_order, out_trade_no, request_body,"
      " created_at, expires_at, settled_at, renewed_from, origin, failure, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
      " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, nullif(?21, ''), ?22, ?23, ?24)");
  insert.bind(row.id, row.tenant, row.thread, row.user, to_string(row.state), row.amount.currency(), row.amount.minor(),
              row.captured.minor(), row.refunded.minor(), row.refund_reserved.minor(), lines, row.description,
              row.catalogue_version, row.channel, order, row.order.out_trade_no, row.order.request_body, row.created_at,
              row.expires_at, row.settled_at, row.renewed_from, row.origin, row.failure, row.version);
  auto done = run_insert(insert, "intents.tenant_id, intents.user_id", "active_payment");
  if (done.ok() || done.code() != Errc::store_duplicate) return done;
  Error error = done.error();
  if (error.param == "intents.out_trade_no") error.param = "out_trade_no";
  return error;
}

}  // namespace

Result<void> apply(Database& db, const op::InsertIntent& operation, Receipt&) {
  const PaymentIntent& row = operation.row;
  if (auto same = sql::check_currency(row); !same) return same;
  auto lines = row::lines_to_json(row.lines);
  if (!lines) return lines.error();
  auto order = row::order_to_json(row.order);
  if (!order) return order.error();
  return name_duplicate(db, insert_intent(db, row, *lines, *order),
                        "SELECT 1 FROM intents WHERE thread_id = ?1 AND origin = ?2", row);
}

Result<void> apply(Database& db, const op::UpdateIntent& operation, Receipt&) {
  const PaymentIntent& row = operation.row;
  if (auto same = sql::check_currency(row); !same) return same;
  auto lines = row::lines_to_json(row.lines);
  if (!lines) return lines.error();
  auto order = row::order_to_json(row.order);
  if (!order) return order.error();
  Statement update = db.statement(
      "UPDATE intents SET tenant_id = ?3, thread_id = ?4, user_id = ?5, state = ?6, currency = ?7, amount = ?8,"
      " captured = ?9, refunded = ?10, refund_reserved = ?11, lines = ?12, description = ?13, catalogue_version = ?14,"
      " channel = ?15, rail_order = ?16, out_trade_no = ?17, request_body = ?18, created_at = ?19, expires_at = ?20,"
      " settled_at = ?21, renewed_from = nullif(?22, ''), origin = ?23, failure = ?24, version = version + 1"
      " WHERE id = ?1 AND version = ?2");
  update.bind(row.id, row.version, row.tenant, row.thread, row.user, to_string(row.state), row.amount.currency(),
              row.amount.minor(), row.captured.minor(), row.refunded.minor(), row.refund_reserved.minor(), *lines,
              row.description, row.catalogue_version, row.channel, *order, row.order.out_trade_no,
              row.order.request_body, row.created_at, row.expires_at, row.settled_at, row.renewed_from, row.origin,
              row.failure);
  auto done = run_conditional(db, update, row.id.str());
  if (done.ok() || done.code() != Errc::store_duplicate) return done;
  Error error = done.error();
  if (error.param == "intents.tenant_id, intents.user_id") error.param = "active_payment";
  return error;
}

Result<void> apply(Database& db, const op::InsertRefund& operation, Receipt&) {
  const Refund& row = operation.row;
  Statement insert = db.statement(
      "INSERT INTO refunds (id, intent_id, tenant_id, thread_id, out_refund_no, state, currency, amount, reason,"
      " rail_refund_id, origin, failure, request_body, created_at, due_at, settled_at, version)"
      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)");
  insert.bind(row.id, row.intent, row.tenant, row.thread, row.out_refund_no, to_string(row.state),
              row.amount.currency(), row.amount.minor(), row.reason, row.rail_refund_id, row.origin, row.failure,
              row.request_body, row.created_at, row.due_at, row.settled_at, row.version);
  return name_duplicate(db, run_insert(insert, "refunds.out_refund_no", "out_refund_no"),
                        "SELECT 1 FROM refunds WHERE thread_id = ?1 AND origin = ?2", row);
}

Result<void> apply(Database& db, const op::UpdateRefund& operation, Receipt&) {
  const Refund& row = operation.row;
  Statement update = db.statement(
      "UPDATE refunds SET intent_id = ?3, tenant_id = ?4, thread_id = ?5, out_refund_no = ?6, state = ?7,"
      " currency = ?8, amount = ?9, reason = ?10, rail_refund_id = ?11, origin = ?12, failure = ?13,"
      " request_body = ?14, created_at = ?15, due_at = ?16, settled_at = ?17, version = version + 1"
      " WHERE id = ?1 AND version = ?2");
  update.bind(row.id, row.version, row.intent, row.tenant, row.thread, row.out_refund_no, to_string(row.state),
              row.amount.currency(), row.amount.minor(), row.reason, row.rail_refund_id, row.origin, row.failure,
              row.request_body, row.created_at, row.due_at, row.settled_at);
  return run_conditional(db, update, row.id.str());
}

Result<void> apply(Database& db, const op::PostLedger& operation, Receipt&) {
  LedgerEntry row = operation.row;
  auto end = find_ledger_end(db);
  if (!end) return end.error();
  row.seq = end->next_seq;
  auto hash = ledger::hash_after(end->hash, row);
  if (!hash) return hash.error();
  Statement insert = db.statement(
      "INSERT INTO ledger (seq, tenant_id, intent_id, kind, reference, debit_account, credit_account, currency, amount,"
      " at, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)");
  insert.bind(row.seq, row.tenant, row.intent, row.kind, row.reference, row.debit_account, row.credit_account,
              row.amount.currency(), row.amount.minor(), row.at, *hash);
  return run_insert(insert, "ledger.kind, ledger.reference", "ledger");
}

}  // namespace purser::sqlite
