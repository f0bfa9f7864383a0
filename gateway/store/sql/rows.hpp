// The rows of the store as SQL gives them: what is selected, and what is made of it. A row that cannot be what it says
// is store_corrupt naming table, row and column. Times are milliseconds since 1970 in UTC, amounts minor units, lists
// and details JSON (row_codec.hpp).
#pragma once

#include "gateway/store/records.hpp"
#include "gateway/store/sql/row_reader.hpp"
#include "validation/domain/approval.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

namespace purser::sql {

inline constexpr char kThreads[] =
    "SELECT id, tenant_id, user_id, openid, locale, metadata, state, created_at, intents_made, version FROM threads ";
inline constexpr char kTurns[] =
    "SELECT id, thread_id, tenant_id, state, cause, result, started_at, ended_at FROM turns ";
inline constexpr char kMessages[] =
    "SELECT id, thread_id, turn_id, seq, role, text, calls, call_id, cards, at FROM messages ";
inline constexpr char kEvents[] = "SELECT seq, thread_id, type, data, at FROM events ";
inline constexpr char kIntents[] =
    "SELECT id, tenant_id, thread_id, user_id, state, currency, amount, captured, refunded, refund_reserved, lines, "
    "description, catalogue_version, channel, rail_order, out_trade_no, request_body, created_at, expires_at, "
    "settled_at, renewed_from, origin, failure, version FROM intents ";
inline constexpr char kRefunds[] =
    "SELECT id, intent_id, tenant_id, thread_id, out_refund_no, state, currency, amount, reason, rail_refund_id, "
    "origin, failure, request_body, created_at, due_at, settled_at, version FROM refunds ";
inline constexpr char kLedger[] =
    "SELECT seq, tenant_id, intent_id, kind, reference, debit_account, credit_account, currency, amount, at, hash "
    "FROM ledger ";
inline constexpr char kApprovals[] =
    "SELECT id, tenant_id, thread_id, user_id, origin, terms, terms_hash, seal, currency, amount, state, decided_by, "
    "note, created_at, expires_at, decided_at, version FROM approvals ";
inline constexpr char kAudit[] = "SELECT thread_id, seq, kind, subject, detail, at, hash FROM audit ";
inline constexpr char kWork[] = "SELECT kind, subject, thread_id, payload, due_at, attempts FROM work ";
inline constexpr char kNotifications[] =
    "SELECT channel, id, event_type, plain, received_at, applied FROM notifications ";
inline constexpr char kIdempotency[] =
    "SELECT scope, key, fingerprint, state, turn_id, status, body, created_at, owner FROM idempotency ";

Result<Thread> read_thread(const Row& row);
Result<Turn> read_turn(const Row& row);
Result<Message> read_message(const Row& row);
Result<StreamEvent> read_event(const Row& row);
Result<PaymentIntent> read_intent(const Row& row);
Result<Refund> read_refund(const Row& row);
Result<WorkItem> read_work(const Row& row);
Result<NotificationRow> read_notification(const Row& row);
Result<IdempotencyRow> read_idempotency(const Row& row);
Result<LedgerEntry> read_entry(const Row& row);
Result<Approval> read_approval(const Row& row);
Result<AuditRow> read_audit(const Row& row);

// One column of a row holds the currency of all amounts of an intent, so an amount in another one must not get past:
// currency_mismatch. Zero has no currency until there is something.
Result<void> check_currency(const PaymentIntent& intent);

}  // namespace purser::sql
