// Rows that are the store's own: work that is due, notifications, ledger lines, idempotency keys.
#pragma once

#include "validation/domain/approval.hpp"
#include "validation/money/ids.hpp"
#include "validation/money/money.hpp"
#include "validation/money/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace purser {

// Something to be done at or after a time. A row instead of a timer: it survives, and ten thousand cost nothing.
enum class WorkKind : std::uint8_t {
  expire_intent,      // subject: intent
  close_order,        // subject: intent; the rail's order must be closed, or found paid
  resolve_order,      // subject: intent; unknown or silent: ask the rail
  submit_refund,      // subject: refund; created, its minute may not have come
  resolve_refund,     // subject: refund; processing or unknown: ask the rail
  resume_thread,      // subject: event key; tell the thread what happened (exactly one reply each)
  take_notification,  // subject: channel + ':' + notification id; a stored webhook not yet applied
  expire_approval,    // subject: approval; nobody decided in time
  deliver_webhook,    // subject: endpoint + ':' + event id; payload: the message
  dead_webhook,       // the same, given up; never due: a person may send it again
  parked,  // subject: kind + ' ' + subject of work that failed too often; never due, a person may do it again
};
// Two queues over the same rows. What goes to servers that tenants choose waits in one of its own: such a server may
// take its time, and nothing that has to do with money waits behind it.
enum class WorkLane : std::uint8_t { inside, outbound };
constexpr WorkLane lane_of(WorkKind kind) {
  return kind == WorkKind::deliver_webhook ? WorkLane::outbound : WorkLane::inside;
}
// The due time of what waits for a person.
inline constexpr UtcTime kNeverDue{Millis(253'402'300'799'000)};  // the last second of the year 9999

std::string_view to_string(WorkKind k);
Result<WorkKind> parse_work_kind(std::string_view text);

struct WorkItem {
  WorkKind kind = WorkKind::expire_intent;
  std::string subject;  // (kind, subject) is unique
  ThreadId thread;      // may be empty
  std::string payload_json = "{}";
  UtcTime due_at{};
  std::int64_t attempts = 0;

  friend bool operator==(const WorkItem&, const WorkItem&) = default;
};

// Who drives a running turn: a token that rises when another daemon takes it, and how long it is still held.
struct TurnLease {
  std::int64_t token = 0;
  Millis left{0};  // 0 or less: nobody holds it

  friend bool operator==(const TurnLease&, const TurnLease&) = default;
};

struct NotificationRow {
  std::string channel;
  std::string id;  // (channel, id) is unique
  std::string event_type;
  std::string plain;  // verified and decrypted resource
  UtcTime received_at{};
  bool applied = false;

  friend bool operator==(const NotificationRow&, const NotificationRow&) = default;
};

// One double-entry line: `amount` moves from the credit account to the debit account, so a line is in balance by its
// form. The store holds the lines of an intent and the intent's own figures together: see op::PostLedger.
struct LedgerEntry {
  std::int64_t seq = 0;  // given by the store
  TenantId tenant;
  IntentId intent;
  std::string kind;  // "capture", "late_capture" (after the deadline), "duplicate_capture" (the same wish paid twice),
                     // "refund", "fee", "fee_return", "token_cost"
  std::string reference;  // rail's transaction_id, out_refund_no, or our turn: (kind, reference) is unique
  std::string debit_account;
  std::string credit_account;
  Money amount;
  UtcTime at{};
  std::string hash;  // given by the store: SHA-256 over the previous hash and this line, hex

  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

// Captures and refunds are the money of an intent; fees and costs are what it cost.
bool is_capture(std::string_view ledger_kind);

struct LedgerTotals {
  std::int64_t captured = 0;  // minor units, of captures of every kind
  std::int64_t refunded = 0;
  std::int64_t fees = 0;    // what the rail kept, less what it gave back
  std::int64_t tokens = 0;  // what the talk before payments cost
  std::int64_t entries = 0;

  friend bool operator==(const LedgerTotals&, const LedgerTotals&) = default;
};

// One link of the record that cannot be changed unseen. Each thread has a chain of its own (the empty thread holds what
// belongs to none), so a conversation can be handed out and proven by itself.
struct AuditRow {
  ThreadId thread;
  std::int64_t seq = 0;  // given by the store: rises by one within the thread, from 1
  std::string kind;      // "message", "intent", "refund", "posting", "notification", "approval", "model", "verdict"
  std::string subject;   // the id of the row it is about
  std::string detail_json = "{}";
  UtcTime at{};
  std::string hash;  // given by the store

  friend bool operator==(const AuditRow&, const AuditRow&) = default;
};

enum class IdempotencyState : std::uint8_t { running, finished };
std::string_view to_string(IdempotencyState s);
Result<IdempotencyState> parse_idempotency_state(std::string_view text);

struct IdempotencyRow {
  std::string scope;        // tenant + ' ' + method + ' ' + path
  std::string key;          // (scope, key) is unique
  std::string fingerprint;  // of the payload
  IdempotencyState state = IdempotencyState::running;
  TurnId turn;        // what it started, so that a retry continues it; may be empty
  std::string owner;  // who works on it, and alone ends it
  int status = 0;     // once finished
  std::string body;
  UtcTime created_at{};

  friend bool operator==(const IdempotencyRow&, const IdempotencyRow&) = default;
};

}  // namespace purser
