#include "gateway/store/ledger_chain.hpp"
#include "gateway/store/postgres/apply.hpp"
#include "gateway/store/row_codec.hpp"
#include "gateway/store/sql/rows.hpp"

namespace purser::postgres {
namespace {

// The chain's end is read under its lock once a transaction; what is posted moves it on.
Result<LedgerEnd> hold_ledger_end(Script& script) {
  if (script.ledger_end()) return *script.ledger_end();
  if (auto sent = script.run(); !sent) return sent.error();
  auto rows = script.connection().query("SELECT seq, hash FROM ledger_end FOR UPDATE");
  if (!rows) return rows.error();
  if (rows->size() != 1) return Error(Errc::store_corrupt, "the end of the ledger is not there", "ledger_end");
  LedgerEnd end;
  end.seq = rows->row(0).integer(0);
  end.hash = rows->row(0).text(1);
  script.ledger_end() = end;
  return end;
}

}  // namespace

Result<void> apply(Script& script, const op::InsertIntent& operation) {
  const PaymentIntent& row = operation.row;
  if (auto same = sql::check_currency(row); !same) return same;
  auto lines = row::lines_to_json(row.lines);
  if (!lines) return lines.error();
  auto order = row::order_to_json(row.order);
  if (!order) return order.error();
  script.add(
      "INSERT INTO intents (id, tenant_id, thread_id, user_id, state, currency, amount, captured, refunded,"
      " refund_reserved, lines, description, catalogue_version, channel, rail_order, out_trade_no, request_body,"
      " created_at, expires_at, settled_at, renewed_from, origin, failure, version) VALUES ($1, $2, $3, $4, $5, $6, $7,"
      " $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, nullif($21, ''), $22, $23, $24)",
      Values::of(row.id, row.tenant, row.thread, row.user, to_string(row.state), row.amount.currency(),
                 row.amount.minor(), row.captured.minor(), row.refunded.minor(), row.refund_reserved.minor(), *lines,
                 row.description, row.catalogue_version, row.channel, *order, row.order.out_trade_no,
                 row.order.request_body, row.created_at, row.expires_at, row.settled_at, row.renewed_from, row.origin,
                 row.failure, row.version));
  return success();
}

Result<void> apply(Script& script, const op::UpdateIntent& operation) {
  const PaymentIntent& row = operation.row;
  if (auto same = sql::check_currency(row); !same) return same;
  auto lines = row::lines_to_json(row.lines);
  if (!lines) return lines.error();
  auto order = row::order_to_json(row.order);
  if (!order) return order.error();
  script.add_update(
      "UPDATE intents SET state = $3, captured = $4, refunded = $5, refund_reserved = $6, lines = $7, description = $8,"
      " catalogue_version = $9, channel = $10, rail_order = $11, request_body = $12, expires_at = $13,"
      " settled_at = $14, renewed_from = nullif($15, ''), failure = $16, version = version + 1"
      " WHERE id = $1 AND version = $2"
      " RETURNING tenant_id = $17 AND thread_id = $18 AND user_id = $19 AND currency = $20 AND amount = $21"
      " AND out_trade_no = $22 AND origin = $23 AND created_at = $24",
      Values::of(row.id, row.version, to_string(row.state), row.captured.minor(), row.refunded.minor(),
                 row.refund_reserved.minor(), *lines, row.description, row.catalogue_version, row.channel, *order,
                 row.order.request_body, row.expires_at, row.settled_at, row.renewed_from, row.failure, row.tenant,
                 row.thread, row.user, row.amount.currency(), row.amount.minor(), row.order.out_trade_no, row.origin,
                 row.created_at),
      row.id.str());
  return success();
}

Result<void> apply(Script& script, const op::InsertRefund& operation) {
  const Refund& row = operation.row;
  script.add(
      "INSERT INTO refunds (id, intent_id, tenant_id, thread_id, out_refund_no, state, currency, amount, reason,"
      " rail_refund_id, origin, failure, request_body, created_at, due_at, settled_at, version)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)",
      Values::of(row.id, row.intent, row.tenant, row.thread, row.out_refund_no, to_string(row.state),
                 row.amount.currency(), row.amount.minor(), row.reason, row.rail_refund_id, row.origin, row.failure,
                 row.request_body, row.created_at, row.due_at, row.settled_at, row.version));
  return success();
}

Result<void> apply(Script& script, const op::UpdateRefund& operation) {
  const Refund& row = operation.row;
  script.add_update(
      "UPDATE refunds SET state = $3, reason = $4, rail_refund_id = $5, failure = $6, request_body = $7, due_at = $8,"
      " settled_at = $9, version = version + 1 WHERE id = $1 AND version = $2"
      " RETURNING intent_id = $10 AND tenant_id = $11 AND thread_id = $12 AND out_refund_no = $13 AND currency = $14"
      " AND amount = $15 AND origin = $16 AND created_at = $17",
      Values::of(row.id, row.version, to_string(row.state), row.reason, row.rail_refund_id, row.failure,
                 row.request_body, row.due_at, row.settled_at, row.intent, row.tenant, row.thread, row.out_refund_no,
                 row.amount.currency(), row.amount.minor(), row.origin, row.created_at),
      row.id.str());
  return success();
}

Result<void> apply(Script& script, const op::PostLedger& operation) {
  LedgerEntry row = operation.row;
  auto end = hold_ledger_end(script);
  if (!end) return end.error();
  row.seq = end->seq + 1;
  auto hash = ledger::hash_after(end->hash, row);
  if (!hash) return hash.error();
  script.add(
      "INSERT INTO ledger (seq, tenant_id, intent_id, kind, reference, debit_account, credit_account, currency, amount,"
      " at, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      Values::of(row.seq, row.tenant, row.intent, row.kind, row.reference, row.debit_account, row.credit_account,
                 row.amount.currency(), row.amount.minor(), row.at, *hash));
  script.add("UPDATE ledger_end SET seq = $1, hash = $2", Values::of(row.seq, *hash));
  script.ledger_end()->seq = row.seq;
  script.ledger_end()->hash = *std::move(hash);
  return success();
}

}  // namespace purser::postgres
