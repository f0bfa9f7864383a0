#include "gateway/store/sql/rows.hpp"

#include "gateway/store/row_codec.hpp"

namespace purser::sql {

Result<Thread> read_thread(const Row& row) {
  RowReader reader(row, "threads");
  Thread thread;
  thread.id = reader.id<ThreadId>();
  thread.tenant = reader.id<TenantId>();
  thread.user = reader.id<UserId>();
  thread.openid = reader.text();
  thread.locale = reader.text();
  thread.metadata_json = reader.text();
  thread.state = reader.parsed(&parse_thread_state, "state");
  thread.created_at = reader.time();
  thread.intents_made = reader.integer();
  thread.version = reader.integer();
  return reader.finish(std::move(thread));
}

Result<Turn> read_turn(const Row& row) {
  RowReader reader(row, "turns");
  Turn turn;
  turn.id = reader.id<TurnId>();
  turn.thread = reader.id<ThreadId>();
  turn.tenant = reader.id<TenantId>();
  turn.state = reader.parsed(&parse_turn_state, "state");
  turn.cause = reader.text();
  turn.result_json = reader.text();
  turn.started_at = reader.time();
  turn.ended_at = reader.time();
  return reader.finish(std::move(turn));
}

Result<Message> read_message(const Row& row) {
  RowReader reader(row, "messages");
  Message message;
  message.id = reader.id<MessageId>();
  message.thread = reader.id<ThreadId>();
  message.turn = reader.id<TurnId>();
  message.seq = reader.integer();
  message.role = reader.parsed(&parse_role, "role");
  message.text = reader.text();
  message.calls = reader.parsed(&row::calls_from_json, "calls");
  message.call_id = reader.text();
  message.cards_json = reader.text();
  message.at = reader.time();
  return reader.finish(std::move(message));
}

Result<StreamEvent> read_event(const Row& row) {
  RowReader reader(row, "events");
  StreamEvent event;
  event.seq = reader.integer();
  event.thread = reader.id<ThreadId>();
  event.type = reader.text();
  event.data_json = reader.text();
  event.at = reader.time();
  return reader.finish(std::move(event));
}

Result<PaymentIntent> read_intent(const Row& row) {
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

Result<Refund> read_refund(const Row& row) {
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

Result<WorkItem> read_work(const Row& row) {
  RowReader reader(row, "work");
  WorkItem item;
  item.kind = reader.parsed(&parse_work_kind, "kind");
  item.subject = reader.text();
  item.thread = reader.id<ThreadId>();
  item.payload_json = reader.text();
  item.due_at = reader.time();
  item.attempts = reader.integer();
  return reader.finish(std::move(item));
}

Result<NotificationRow> read_notification(const Row& row) {
  RowReader reader(row, "notifications");
  NotificationRow notification;
  notification.channel = reader.text();
  notification.id = reader.text();
  notification.event_type = reader.text();
  notification.plain = reader.text();
  notification.received_at = reader.time();
  notification.applied = reader.flag();
  return reader.finish(std::move(notification));
}

Result<IdempotencyRow> read_idempotency(const Row& row) {
  RowReader reader(row, "idempotency");
  IdempotencyRow record;
  record.scope = reader.text();
  record.key = reader.text();
  record.fingerprint = reader.text();
  record.state = reader.parsed(&parse_idempotency_state, "state");
  record.turn = reader.id<TurnId>();
  record.status = static_cast<int>(reader.integer());
  record.body = reader.text();
  record.created_at = reader.time();
  record.owner = reader.text();
  return reader.finish(std::move(record));
}

Result<LedgerEntry> read_entry(const Row& row) {
  RowReader reader(row, "ledger");
  LedgerEntry entry;
  entry.seq = reader.integer();
  entry.tenant = reader.id<TenantId>();
  entry.intent = reader.id<IntentId>();
  entry.kind = reader.text();
  entry.reference = reader.text();
  entry.debit_account = reader.text();
  entry.credit_account = reader.text();
  const Currency currency = reader.parsed(&Currency::parse, "currency");
  entry.amount = Money(reader.integer(), currency);
  entry.at = reader.time();
  entry.hash = reader.text();
  return reader.finish(std::move(entry));
}

Result<Approval> read_approval(const Row& row) {
  RowReader reader(row, "approvals");
  Approval approval;
  approval.id = reader.id<ApprovalId>();
  approval.tenant = reader.id<TenantId>();
  approval.thread = reader.id<ThreadId>();
  approval.user = reader.id<UserId>();
  approval.origin = reader.text();
  approval.terms_json = reader.text();
  approval.terms_hash = reader.text();
  approval.seal = reader.text();
  const Currency currency = reader.parsed(&Currency::parse, "currency");
  approval.amount = Money(reader.integer(), currency);
  approval.state = reader.parsed(&parse_approval_state, "state");
  approval.decided_by = reader.text();
  approval.note = reader.text();
  approval.created_at = reader.time();
  approval.expires_at = reader.time();
  approval.decided_at = reader.time();
  approval.version = reader.integer();
  return reader.finish(std::move(approval));
}

Result<AuditRow> read_audit(const Row& row) {
  RowReader reader(row, "audit");
  AuditRow link;
  link.thread = reader.id<ThreadId>();
  link.seq = reader.integer();
  link.kind = reader.text();
  link.subject = reader.text();
  link.detail_json = reader.text();
  link.at = reader.time();
  link.hash = reader.text();
  return reader.finish(std::move(link));
}

Result<void> check_currency(const PaymentIntent& intent) {
  for (const Money& part : {intent.captured, intent.refunded, intent.refund_reserved}) {
    if (part.zero() || part.currency() == intent.amount.currency()) continue;
    return Error(Errc::currency_mismatch, "an amount of " + intent.id.str() + " is not in the intent's currency");
  }
  return success();
}

}  // namespace purser::sql
