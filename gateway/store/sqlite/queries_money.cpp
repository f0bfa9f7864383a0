#include "gateway/store/row_codec.hpp"
#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/row_reader.hpp"

#include <algorithm>

namespace purser::sqlite {
namespace {

const std::string kIntents =
    "SELECT id, tenant_id, thread_id, user_id, state, currency, amount, captured, refunded, refund_reserved, lines, "
    "description, catalogue_version, channel, rail_order, out_trade_no, request_body, created_at, expires_at, "
    "settled_at, renewed_from, origin, failure, version FROM intents ";

Result<PaymentIntent> read_intent(Statement& row) {
  RowReader reader(row, "intents");
  PaymentIntent intent;
  intent.id = reader.id<IntentId>();
  intent.tenant = reader.id<TenantId>();
  intent.thread = reader.id<ThreadId>();
  intent.user = reader.id<UserId>();
  intent.state = reader.parsed(&parse_intent_state, "state");
  const Currency currency = reader.parsed(&Currency::parse, "currency");
  intent.amount = Money(reader.integer(), currency);
  intent.captured = Money(reader.integer(), currency);
  intent.refunded = Money(reader.integer(), currency);
  intent.refund_reserved = Money(reader.integer(), currency);
  intent.lines = reader.parsed(&row::lines_from_json, "lines");
  intent.description = reader.text();
  intent.catalogue_version = reader.text();
  intent.channel = reader.text();
  intent.order = reader.parsed(&row::order_from_json, "rail_order");
  intent.order.out_trade_no = reader.id<OutTradeNo>();
  intent.order.request_body = reader.text();
  intent.created_at = reader.time();
  intent.expires_at = reader.time();
  intent.settled_at = reader.time();
  intent.renewed_from = reader.id<IntentId>();
  intent.origin = reader.text();
  intent.failure = reader.text();
  intent.version = reader.integer();
  return reader.finish(std::move(intent));
}

const std::string kRefunds =
    "SELECT id, intent_id, tenant_id, thread_id, out_refund_no, state, currency, amount, reason, rail_refund_id, "
    "origin, failure, request_body, created_at, due_at, settled_at, version FROM refunds ";

Result<Refund> read_refund(Statement& row) {
  RowReader reader(row, "refunds");
  Refund refund;
  refund.id = reader.id<RefundId>();
  refund.intent = reader.id<IntentId>();
  refund.tenant = reader.id<TenantId>();
  refund.thread = reader.id<ThreadId>();
  refund.out_refund_no = reader.id<OutRefundNo>();
  refund.state = reader.parsed(&parse_refund_state, "state");
  const Currency currency = reader.parsed(&Currency::parse, "currency");
  refund.amount = Money(reader.integer(), currency);
  refund.reason = reader.text();
  refund.rail_refund_id = reader.text();
  refund.origin = reader.text();
  refund.failure = reader.text();
  refund.request_body = reader.text();
  refund.created_at = reader.time();
  refund.due_at = reader.time();
  refund.settled_at = reader.time();
  refund.version = reader.integer();
  return reader.finish(std::move(refund));
}

}  // namespace

Result<PaymentIntent> find_intent(Database& db, const IntentId& id) {
  Statement query = db.statement(kIntents + "WHERE id = ?1");
  return required_row(query.bind(id), &read_intent, "payment intent");
}

Result<PaymentIntent> find_intent_by_number(Database& db, const OutTradeNo& number) {
  Statement query = db.statement(kIntents + "WHERE out_trade_no = ?1");
  return required_row(query.bind(number), &read_intent, "payment intent");
}

Result<std::optional<PaymentIntent>> find_intent_by_origin(Database& db, const ThreadId& thread,
                                                           const std::string& origin) {
  Statement query = db.statement(kIntents + "WHERE thread_id = ?1 AND origin = ?2");
  return optional_row(query.bind(thread, origin), &read_intent);
}

Result<std::optional<PaymentIntent>> find_open_intent(Database& db, const TenantId& tenant, const UserId& user) {
  Statement query = db.statement(
      kIntents + "WHERE tenant_id = ?1 AND user_id = ?2 AND state IN ('created', 'awaiting_payment', 'unknown')");
  return optional_row(query.bind(tenant, user), &read_intent);
}

Result<std::vector<PaymentIntent>> list_intents_of_thread(Database& db, const ThreadId& thread, std::int64_t limit) {
  Statement query = db.statement(kIntents + "WHERE thread_id = ?1 ORDER BY row_no DESC LIMIT ?2");
  return all_rows(query.bind(thread, at_most(limit)), &read_intent);
}

Result<Refund> find_refund(Database& db, const RefundId& id) {
  Statement query = db.statement(kRefunds + "WHERE id = ?1");
  return required_row(query.bind(id), &read_refund, "refund");
}

Result<Refund> find_refund_by_number(Database& db, const OutRefundNo& number) {
  Statement query = db.statement(kRefunds + "WHERE out_refund_no = ?1");
  return required_row(query.bind(number), &read_refund, "refund");
}

Result<std::vector<Refund>> list_refunds_of_intent(Database& db, const IntentId& intent) {
  Statement query = db.statement(kRefunds + "WHERE intent_id = ?1 ORDER BY row_no");
  return all_rows(query.bind(intent), &read_refund);
}

Result<std::vector<Refund>> list_refunds_of_thread(Database& db, const ThreadId& thread, std::int64_t limit) {
  Statement query = db.statement(kRefunds + "WHERE thread_id = ?1 ORDER BY row_no DESC LIMIT ?2");
  auto newest_first = all_rows(query.bind(thread, at_most(limit)), &read_refund);
  if (newest_first.ok()) std::reverse(newest_first->begin(), newest_first->end());
  return newest_first;
}

}  // namespace purser::sqlite
