#include "gateway/store/sqlite/schema.hpp"

#include <array>

namespace purser::sqlite {
namespace {

// Times are milliseconds since 1970 in UTC, amounts are minor units, lists and details are JSON (row_codec.hpp).
// `row_no` keeps the order of insertion through a VACUUM.

constexpr std::string_view kConversations = R"sql(
CREATE TABLE threads (
  id TEXT NOT NULL PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  openid TEXT NOT NULL,
  locale TEXT NOT NULL,
  metadata TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT thread_state CHECK (state IN ('idle', 'running', 'awaiting_payment')),
  created_at INTEGER NOT NULL,
  intents_made INTEGER NOT NULL CONSTRAINT thread_intents_made CHECK (intents_made >= 0),
  version INTEGER NOT NULL CONSTRAINT thread_version CHECK (version >= 0)
) STRICT;

CREATE TRIGGER thread_identity BEFORE UPDATE ON threads
WHEN NEW.id <> OLD.id OR NEW.tenant_id <> OLD.tenant_id OR NEW.user_id <> OLD.user_id
  OR NEW.created_at <> OLD.created_at
BEGIN SELECT RAISE(ABORT, 'thread_identity'); END;

CREATE TABLE turns (
  row_no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  tenant_id TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT turn_state CHECK (state IN ('running', 'completed', 'failed')),
  cause TEXT NOT NULL,
  result TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX turns_running ON turns (thread_id) WHERE state = 'running';
CREATE INDEX turns_thread ON turns (thread_id);

CREATE TABLE messages (
  row_no INTEGER PRIMARY KEY,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  seq INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  turn_id TEXT NOT NULL,
  role TEXT NOT NULL CONSTRAINT message_role CHECK (role IN ('user', 'assistant', 'tool', 'event')),
  text TEXT NOT NULL,
  calls TEXT NOT NULL,
  call_id TEXT NOT NULL,
  cards TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (thread_id, seq)
) STRICT;

CREATE TABLE events (
  row_no INTEGER PRIMARY KEY,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  seq INTEGER NOT NULL,
  type TEXT NOT NULL,
  data TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (thread_id, seq)
) STRICT;
)sql";

constexpr std::string_view kMoney = R"sql(
CREATE TABLE intents (
  row_no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  user_id TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT intent_state CHECK (state IN ('created', 'awaiting_payment', 'succeeded', 'expired',
    'canceled', 'failed', 'unknown', 'conflicted')),
  currency TEXT NOT NULL CONSTRAINT intent_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT intent_amount CHECK (amount >= 0),
  captured INTEGER NOT NULL CONSTRAINT intent_captured CHECK (captured >= 0),
  refunded INTEGER NOT NULL CONSTRAINT intent_refunded CHECK (refunded >= 0),
  refund_reserved INTEGER NOT NULL CONSTRAINT intent_refund_reserved CHECK (refund_reserved >= 0),
  lines TEXT NOT NULL,
  description TEXT NOT NULL,
  catalogue_version TEXT NOT NULL,
  channel TEXT NOT NULL,
  out_trade_no TEXT NOT NULL UNIQUE CONSTRAINT intent_out_trade_no CHECK (out_trade_no <> ''),
  rail_order TEXT NOT NULL,
  request_body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  settled_at INTEGER NOT NULL,
  renewed_from TEXT REFERENCES intents (id),
  origin TEXT NOT NULL CONSTRAINT intent_origin CHECK (origin <> ''),
  failure TEXT NOT NULL,
  version INTEGER NOT NULL CONSTRAINT intent_version CHECK (version >= 0),
  CONSTRAINT refunds_within_capture CHECK (refunded + refund_reserved <= captured),
  UNIQUE (thread_id, origin)
) STRICT;
CREATE UNIQUE INDEX intents_active ON intents (tenant_id, user_id)
  WHERE state IN ('created', 'awaiting_payment', 'unknown');

CREATE TRIGGER intent_identity BEFORE UPDATE ON intents
WHEN NEW.id <> OLD.id OR NEW.tenant_id <> OLD.tenant_id OR NEW.thread_id <> OLD.thread_id
  OR NEW.user_id <> OLD.user_id OR NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency
  OR NEW.out_trade_no <> OLD.out_trade_no OR NEW.origin <> OLD.origin OR NEW.created_at <> OLD.created_at
BEGIN SELECT RAISE(ABORT, 'intent_identity'); END;

CREATE TABLE refunds (
  row_no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  intent_id TEXT NOT NULL REFERENCES intents (id),
  tenant_id TEXT NOT NULL,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  out_refund_no TEXT NOT NULL UNIQUE CONSTRAINT refund_out_refund_no CHECK (out_refund_no <> ''),
  state TEXT NOT NULL CONSTRAINT refund_state CHECK (state IN ('created', 'processing', 'succeeded', 'failed',
    'abnormal', 'unknown')),
  currency TEXT NOT NULL CONSTRAINT refund_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT refund_amount CHECK (amount >= 0),
  reason TEXT NOT NULL,
  rail_refund_id TEXT NOT NULL,
  origin TEXT NOT NULL CONSTRAINT refund_origin CHECK (origin <> ''),
  failure TEXT NOT NULL,
  request_body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  due_at INTEGER NOT NULL,
  settled_at INTEGER NOT NULL,
  version INTEGER NOT NULL CONSTRAINT refund_version CHECK (version >= 0),
  UNIQUE (thread_id, origin)
) STRICT;
CREATE INDEX refunds_intent ON refunds (intent_id);

CREATE TRIGGER refund_identity BEFORE UPDATE ON refunds
WHEN NEW.id <> OLD.id OR NEW.intent_id <> OLD.intent_id OR NEW.tenant_id <> OLD.tenant_id
  OR NEW.thread_id <> OLD.thread_id OR NEW.amount <> OLD.amount OR NEW.currency <> OLD.currency
  OR NEW.out_refund_no <> OLD.out_refund_no OR NEW.origin <> OLD.origin OR NEW.created_at <> OLD.created_at
BEGIN SELECT RAISE(ABORT, 'refund_identity'); END;

CREATE TABLE ledger (
  seq INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  intent_id TEXT NOT NULL REFERENCES intents (id),
  kind TEXT NOT NULL CONSTRAINT ledger_kind CHECK (kind IN ('capture', 'late_capture', 'refund')),
  reference TEXT NOT NULL CONSTRAINT ledger_reference CHECK (reference <> ''),
  debit_account TEXT NOT NULL,
  credit_account TEXT NOT NULL,
  currency TEXT NOT NULL CONSTRAINT ledger_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT ledger_amount CHECK (amount > 0),
  at INTEGER NOT NULL,
  hash TEXT NOT NULL CONSTRAINT ledger_hash CHECK (length(hash) = 64),
  CONSTRAINT ledger_accounts CHECK (debit_account <> credit_account),
  UNIQUE (kind, reference)
) STRICT;
CREATE INDEX ledger_intent ON ledger (intent_id);
CREATE INDEX ledger_tenant ON ledger (tenant_id);

CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;
)sql";

constexpr std::string_view kInboxes = R"sql(
CREATE TABLE work (
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  thread_id TEXT NOT NULL,
  payload TEXT NOT NULL,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL CONSTRAINT work_attempts CHECK (attempts >= 0),
  PRIMARY KEY (kind, subject)
) STRICT;
CREATE INDEX work_due ON work (due_at, kind, subject);

CREATE TABLE notifications (
  channel TEXT NOT NULL,
  id TEXT NOT NULL,
  event_type TEXT NOT NULL,
  plain TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  applied INTEGER NOT NULL CONSTRAINT notification_applied CHECK (applied IN (0, 1)),
  PRIMARY KEY (channel, id)
) STRICT;

CREATE TABLE idempotency (
  scope TEXT NOT NULL,
  key TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  state TEXT NOT NULL CONSTRAINT idempotency_state CHECK (state IN ('running', 'finished')),
  turn_id TEXT NOT NULL,
  status INTEGER NOT NULL,
  body TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (scope, key)
) STRICT;
)sql";

// Of the daemon that drives the turn; it rises when another goes on with it.
constexpr std::string_view kTurnTokens = "ALTER TABLE turns ADD COLUMN token INTEGER NOT NULL DEFAULT 1";

constexpr std::string_view kGuards = R"sql(
CREATE TABLE approvals (
  row_no INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  tenant_id TEXT NOT NULL,
  thread_id TEXT NOT NULL REFERENCES threads (id),
  user_id TEXT NOT NULL,
  origin TEXT NOT NULL CONSTRAINT approval_origin CHECK (origin <> ''),
  terms TEXT NOT NULL,
  terms_hash TEXT NOT NULL CONSTRAINT approval_terms_hash CHECK (length(terms_hash) = 64),
  seal TEXT NOT NULL CONSTRAINT approval_seal CHECK (length(seal) = 64),
  currency TEXT NOT NULL CONSTRAINT approval_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT approval_amount CHECK (amount > 0),
  state TEXT NOT NULL CONSTRAINT approval_state CHECK (state IN ('pending', 'approved', 'denied', 'expired', 'voided')),
  decided_by TEXT NOT NULL,
  note TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  decided_at INTEGER NOT NULL,
  version INTEGER NOT NULL CONSTRAINT approval_version CHECK (version >= 0),
  UNIQUE (thread_id, origin)
) STRICT;
CREATE INDEX approvals_tenant ON approvals (tenant_id, state);

CREATE TRIGGER approval_identity BEFORE UPDATE ON approvals
WHEN NEW.id <> OLD.id OR NEW.tenant_id <> OLD.tenant_id OR NEW.thread_id <> OLD.thread_id OR NEW.user_id <> OLD.user_id
  OR NEW.origin <> OLD.origin OR NEW.terms <> OLD.terms OR NEW.terms_hash <> OLD.terms_hash OR NEW.seal <> OLD.seal
  OR NEW.currency <> OLD.currency OR NEW.amount <> OLD.amount OR NEW.created_at <> OLD.created_at
  OR NEW.expires_at <> OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'approval_identity'); END;
CREATE TRIGGER approval_once BEFORE UPDATE ON approvals WHEN OLD.state <> 'pending'
BEGIN SELECT RAISE(ABORT, 'approval_once'); END;

CREATE TABLE budgets (
  scope TEXT NOT NULL,
  window_start INTEGER NOT NULL,
  used INTEGER NOT NULL CONSTRAINT budget_used CHECK (used >= 0),
  PRIMARY KEY (scope, window_start)
) STRICT;

CREATE TABLE audit (
  thread_id TEXT NOT NULL,
  seq INTEGER NOT NULL CONSTRAINT audit_seq CHECK (seq > 0),
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  detail TEXT NOT NULL,
  at INTEGER NOT NULL,
  hash TEXT NOT NULL CONSTRAINT audit_hash CHECK (length(hash) = 64),
  PRIMARY KEY (thread_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;
)sql";

// Rows that were there before anything was recorded; closed from the moment it is made.
constexpr std::string_view kUnrecorded = R"sql(
CREATE TABLE unrecorded (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
INSERT INTO unrecorded
  SELECT id FROM messages UNION SELECT id FROM intents UNION SELECT id FROM refunds
  UNION SELECT channel || ':' || id FROM notifications EXCEPT SELECT subject FROM audit;
CREATE TRIGGER unrecorded_closed BEFORE INSERT ON unrecorded BEGIN SELECT RAISE(ABORT, 'unrecorded_closed'); END;
)sql";

// Where each chain ends, digests of rows that no chain speaks of (empty: the row is older), and figures written a
// second time, each as its contrary (NULL: older).
constexpr std::string_view kDigests = R"sql(
CREATE TABLE audit_ends (
  thread_id TEXT NOT NULL PRIMARY KEY,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO audit_ends (thread_id, seq, hash) SELECT thread_id, max(seq), hash FROM audit GROUP BY thread_id;
ALTER TABLE threads ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE turns ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE events ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE work ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE idempotency ADD COLUMN digest TEXT NOT NULL DEFAULT '';
ALTER TABLE idempotency ADD COLUMN answer_digest TEXT NOT NULL DEFAULT '';
ALTER TABLE budgets ADD COLUMN mirror INTEGER;
ALTER TABLE notifications ADD COLUMN unapplied INTEGER;
)sql";

// Who works on an idempotency key, and alone ends it.
constexpr std::string_view kKeyOwners = "ALTER TABLE idempotency ADD COLUMN owner TEXT NOT NULL DEFAULT ''";

constexpr std::array<Migration, 8> kMigrations{{{1, kConversations},
                                                {2, kMoney},
                                                {3, kInboxes},
                                                {4, kTurnTokens},
                                                {5, kGuards},
                                                {6, kUnrecorded},
                                                {7, kDigests},
                                                {8, kKeyOwners}}};

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

}  // namespace purser::sqlite
