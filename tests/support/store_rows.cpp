#include "tests/support/store_rows.hpp"

namespace purser::test {
namespace {

// "thr_" and 22 characters
std::string id_text(const char* prefix, int n) {
  std::string digits = std::to_string(n);
  return prefix + std::string(22 - digits.size(), '0') + digits;
}

constexpr std::int64_t kStart = 1'767'607'200'000;

}  // namespace

Thread make_thread(int n) {
  Thread thread;
  thread.id = ThreadId::trusted(id_text("thr_", n));
  thread.tenant = TenantId::trusted("tenant-1");
  thread.user = UserId::trusted("user-" + std::to_string(n));
  thread.openid = "openid-" + std::to_string(n);
  thread.locale = "en";
  thread.metadata_json = R"({"seat":"12A"})";
  thread.state = ThreadState::idle;
  thread.created_at = from_millis(kStart + n);
  thread.intents_made = 3;
  return thread;
}

Turn make_turn(int n, const Thread& thread) {
  Turn turn;
  turn.id = TurnId::trusted(id_text("turn_", n));
  turn.thread = thread.id;
  turn.tenant = thread.tenant;
  turn.cause = "user";
  turn.result_json = "{}";
  turn.started_at = from_millis(kStart + 10 + n);
  return turn;
}

Message make_message(int n, const Turn& turn) {
  Message message;
  message.id = MessageId::trusted(id_text("msg_", n));
  message.thread = turn.thread;
  message.turn = turn.id;
  message.role = Role::assistant;
  message.text = "两杯拿铁 ☕ \"" + std::to_string(n) + "\"\n";
  ToolCall first;
  first.id = "call_1";
  first.name = "create_payment_intent";
  first.arguments = R"({"lines":[{"sku":"latte","quantity":2}]})";
  ToolCall second = first;
  second.id = "call_2";
  message.calls = {first, second};
  message.call_id = "call_0";
  message.cards_json = R"([{"type":"payment_request"}])";
  message.at = from_millis(kStart + 20 + n);
  return message;
}

StreamEvent make_event(int n, const Thread& thread) {
  StreamEvent event;
  event.thread = thread.id;
  event.type = "intent.created";
  event.data_json = "{\"n\":" + std::to_string(n) + "}";
  event.at = from_millis(kStart + 30 + n);
  return event;
}

PaymentIntent make_intent(int n, const Thread& thread) {
  PaymentIntent intent;
  intent.id = IntentId::trusted(id_text("pi_", n));
  intent.tenant = thread.tenant;
  intent.thread = thread.id;
  intent.user = thread.user;
  intent.amount = Money(1299, Currency::cny());
  intent.captured = intent.refunded = intent.refund_reserved = Money(0, Currency::cny());
  IntentLine line;
  line.sku = Sku::trusted("latte");
  line.name = "拿铁";
  line.quantity = 1;
  line.unit_price = intent.amount;
  intent.lines = {line};
  intent.description = "一杯拿铁";
  intent.catalogue_version = "2026-01";
  intent.channel = "wechat";
  intent.order.out_trade_no = OutTradeNo::trusted(id_text("trade", n));
  intent.order.kind = TradeKind::mini_program;
  intent.order.payer_openid = thread.openid;
  intent.order.request_body = "{\"amount\":{\"total\":1299}}";
  intent.order.prepay_id = "prepay";
  intent.order.code_url = "weixin://wxpay/bizpayurl?pr=1";
  intent.order.transaction_id = "";
  intent.order.may_be_open = true;
  intent.created_at = from_millis(kStart + 40 + n);
  intent.expires_at = from_millis(kStart + 300'000 + n);
  intent.origin = "turn:call_" + std::to_string(n);
  return intent;
}

Refund make_refund(int n, const PaymentIntent& intent) {
  Refund refund;
  refund.id = RefundId::trusted(id_text("re_", n));
  refund.intent = intent.id;
  refund.tenant = intent.tenant;
  refund.thread = intent.thread;
  refund.out_refund_no = OutRefundNo::trusted(id_text("refund", n));
  refund.amount = Money(100, intent.amount.currency());
  refund.reason = "太甜";
  refund.rail_refund_id = "rail-" + std::to_string(n);
  refund.origin = "turn:call_9:" + std::to_string(n);
  refund.failure = "none";
  refund.request_body = "{\"reason\":\"太甜\"}";
  refund.created_at = from_millis(kStart + 50 + n);
  refund.due_at = from_millis(kStart + 60 + n);
  refund.settled_at = from_millis(kStart + 70 + n);
  return refund;
}

LedgerEntry make_capture(const PaymentIntent& intent) {
  LedgerEntry entry;
  entry.tenant = intent.tenant;
  entry.intent = intent.id;
  entry.kind = "capture";
  entry.reference = "transaction-" + intent.id.str();
  entry.debit_account = "rail:wechat";
  entry.credit_account = "merchant:" + intent.tenant.str();
  entry.amount = intent.amount;
  entry.at = from_millis(kStart + 80);
  return entry;
}

LedgerEntry make_refund_line(const Refund& refund) {
  LedgerEntry entry;
  entry.tenant = refund.tenant;
  entry.intent = refund.intent;
  entry.kind = "refund";
  entry.reference = refund.out_refund_no.str();
  entry.debit_account = "merchant:" + refund.tenant.str();
  entry.credit_account = "rail:wechat";
  entry.amount = refund.amount;
  entry.at = from_millis(kStart + 90);
  return entry;
}

WorkItem make_work(int n, WorkKind kind, std::int64_t due_ms) {
  WorkItem item;
  item.kind = kind;
  item.subject = "subject-" + std::to_string(n);
  item.thread = make_thread(n).id;
  item.payload_json = R"({"round":1})";
  item.due_at = from_millis(due_ms);
  item.attempts = 2;
  return item;
}

NotificationRow make_notification(int n) {
  NotificationRow row;
  row.channel = "wechat";
  row.id = "notification-" + std::to_string(n);
  row.event_type = "TRANSACTION.SUCCESS";
  row.plain = R"({"out_trade_no":"x"})";
  row.received_at = from_millis(kStart + n);
  return row;
}

IdempotencyRow make_idempotency(int n) {
  IdempotencyRow row;
  row.scope = "tenant-1 POST /v1/threads";
  row.key = "key-" + std::to_string(n);
  row.fingerprint = "abc";
  row.turn = make_turn(n, make_thread(n)).id;
  row.owner = "owner-" + std::to_string(n);
  row.created_at = from_millis(kStart + n);
  return row;
}

Approval make_approval(int n, const Thread& thread) {
  Approval row;
  row.id = ApprovalId::trusted("apr_" + std::string(23, 'a') + std::to_string(n));
  row.tenant = thread.tenant;
  row.thread = thread.id;
  row.user = thread.user;
  row.origin = "turn:call" + std::to_string(n);
  row.terms_json = R"({"kind":"refund","note":"一"})";
  row.terms_hash = std::string(64, 'b');
  row.seal = std::string(64, 'c');
  row.amount = Money(200, Currency::cny());
  row.decided_by = "nobody yet";
  row.note = "备注";
  row.created_at = from_millis(1'000 + n);
  row.expires_at = from_millis(2'000 + n);
  row.decided_at = from_millis(3);
  return row;
}

}  // namespace purser::test
