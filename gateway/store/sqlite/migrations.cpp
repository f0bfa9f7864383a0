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

// More kinds of lines, each between its own accounts. The sums of an intent's lines and its own figures stand side by
// side, each a key of the other, so that neither changes alone: SQLite has no triggers that wait for the end of a
// transaction, but keys that do. Intents whose books differ already are left out and take no more money.
constexpr std::string_view kBalances = R"sql(
CREATE TABLE ledger_next (
  seq INTEGER PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  intent_id TEXT NOT NULL REFERENCES intents (id),
  kind TEXT NOT NULL CONSTRAINT ledger_kind CHECK (kind IN ('capture', 'late_capture', 'duplicate_capture', 'refund', 'fee',
    'fee_return', 'token_cost')),
  reference TEXT NOT NULL CONSTRAINT ledger_reference CHECK (reference <> ''),
  debit_account TEXT NOT NULL,
  credit_account TEXT NOT NULL,
  currency TEXT NOT NULL CONSTRAINT ledger_currency CHECK (length(currency) = 3),
  amount INTEGER NOT NULL CONSTRAINT ledger_amount CHECK (amount > 0),
  at INTEGER NOT NULL,
  hash TEXT NOT NULL CONSTRAINT ledger_hash CHECK (length(hash) = 64),
  CONSTRAINT ledger_accounts CHECK (debit_account <> credit_account),
  CONSTRAINT ledger_sides CHECK (CASE
    WHEN kind IN ('capture', 'late_capture', 'duplicate_capture')
      THEN substr(debit_account, 1, 5) = 'rail:' AND substr(credit_account, 1, 9) = 'merchant:'
    WHEN kind = 'refund' THEN substr(debit_account, 1, 9) = 'merchant:' AND substr(credit_account, 1, 5) = 'rail:'
    WHEN kind = 'fee' THEN substr(debit_account, 1, 5) = 'fees:' AND substr(credit_account, 1, 5) = 'rail:'
    WHEN kind = 'fee_return' THEN substr(debit_account, 1, 5) = 'rail:' AND substr(credit_account, 1, 5) = 'fees:'
    ELSE debit_account = 'costs:tokens' AND substr(credit_account, 1, 6) = 'model:' END),
  UNIQUE (kind, reference)
) STRICT;
INSERT INTO ledger_next SELECT seq, tenant_id, intent_id, kind, reference, debit_account, credit_account, currency,
  amount, at, hash FROM ledger;
DROP TABLE ledger;
ALTER TABLE ledger_next RENAME TO ledger;
CREATE INDEX ledger_intent ON ledger (intent_id);
CREATE INDEX ledger_tenant ON ledger (tenant_id);
CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'ledger_append_only'); END;

CREATE TABLE ledger_sums (
  intent_id TEXT NOT NULL,
  captured INTEGER NOT NULL,
  refunded INTEGER NOT NULL,
  PRIMARY KEY (intent_id, captured, refunded),
  FOREIGN KEY (intent_id, captured, refunded) REFERENCES intent_sums (intent_id, captured, refunded)
    DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
CREATE TABLE intent_sums (
  intent_id TEXT NOT NULL,
  captured INTEGER NOT NULL,
  refunded INTEGER NOT NULL,
  PRIMARY KEY (intent_id, captured, refunded),
  FOREIGN KEY (intent_id, captured, refunded) REFERENCES ledger_sums (intent_id, captured, refunded)
    DEFERRABLE INITIALLY DEFERRED
) STRICT, WITHOUT ROWID;
INSERT INTO ledger_sums SELECT i.id, i.captured, i.refunded FROM intents i JOIN (SELECT intent_id,
    sum(iif(kind = 'refund', 0, amount)) AS captured, sum(iif(kind = 'refund', amount, 0)) AS refunded
  FROM ledger GROUP BY intent_id) l ON l.intent_id = i.id AND l.captured = i.captured AND l.refunded = i.refunded;
INSERT INTO intent_sums SELECT * FROM ledger_sums;

CREATE TRIGGER ledger_sum AFTER INSERT ON ledger WHEN NEW.kind NOT IN ('fee', 'fee_return', 'token_cost')
BEGIN
  INSERT INTO ledger_sums SELECT NEW.intent_id, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM ledger_sums WHERE intent_id = NEW.intent_id);
  UPDATE ledger_sums SET captured = captured + iif(NEW.kind = 'refund', 0, NEW.amount),
    refunded = refunded + iif(NEW.kind = 'refund', NEW.amount, 0) WHERE intent_id = NEW.intent_id;
END;
CREATE TRIGGER intent_sum_begun AFTER INSERT ON intents WHEN NEW.captured <> 0 OR NEW.refunded <> 0
BEGIN INSERT INTO intent_sums VALUES (NEW.id, NEW.captured, NEW.refunded); END;
CREATE TRIGGER intent_sum AFTER UPDATE OF captured, refunded ON intents
WHEN NEW.captured <> OLD.captured OR NEW.refunded <> OLD.refunded
BEGIN
  INSERT INTO intent_sums SELECT NEW.id, 0, 0
    WHERE NOT EXISTS (SELECT 1 FROM intent_sums WHERE intent_id = NEW.id);
  UPDATE intent_sums SET captured = NEW.captured, refunded = NEW.refunded WHERE intent_id = NEW.id;
END;
)sql";

// What an erasure needs: which conversations still hold words, by user and by age, and what may lose its words. Links
// lose their detail alone and keep their hash, approvals lose their terms once they are decided.
constexpr std::string_view kErasure = R"sql(
ALTER TABLE threads ADD COLUMN erased_at INTEGER NOT NULL DEFAULT 0;
CREATE INDEX threads_user ON threads (tenant_id, user_id, id);
CREATE INDEX threads_words ON threads (created_at, id) WHERE erased_at = 0;
CREATE INDEX notifications_told ON notifications (received_at) WHERE applied = 1 AND plain <> '{}';
CREATE INDEX idempotency_said ON idempotency (created_at) WHERE state = 'finished' AND body <> '{}';

DROP TRIGGER audit_no_update;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
WHEN NEW.detail <> '' OR NEW.thread_id <> OLD.thread_id OR NEW.seq <> OLD.seq OR NEW.kind <> OLD.kind
  OR NEW.subject <> OLD.subject OR NEW.at <> OLD.at OR NEW.hash <> OLD.hash
BEGIN SELECT RAISE(ABORT, 'audit_append_only'); END;

DROP TRIGGER approval_identity;
CREATE TRIGGER approval_identity BEFORE UPDATE ON approvals
WHEN NEW.id <> OLD.id OR NEW.tenant_id <> OLD.tenant_id OR NEW.thread_id <> OLD.thread_id OR NEW.user_id <> OLD.user_id
  OR NEW.origin <> OLD.origin OR (NEW.terms <> OLD.terms AND (NEW.terms <> '{}' OR OLD.state = 'pending'))
  OR NEW.terms_hash <> OLD.terms_hash OR NEW.seal <> OLD.seal OR NEW.currency <> OLD.currency
  OR NEW.amount <> OLD.amount OR NEW.created_at <> OLD.created_at OR NEW.expires_at <> OLD.expires_at
BEGIN SELECT RAISE(ABORT, 'approval_identity'); END;
DROP TRIGGER approval_once;
CREATE TRIGGER approval_once BEFORE UPDATE ON approvals
WHEN OLD.state <> 'pending' AND (NEW.state <> OLD.state OR NEW.decided_by <> OLD.decided_by
  OR NEW.decided_at <> OLD.decided_at OR NEW.terms <> '{}' OR NEW.note <> '')
BEGIN SELECT RAISE(ABORT, 'approval_once'); END;
)sql";

constexpr std::array<Migration, 10> kMigrations{{{1, kConversations},
                                                 {2, kMoney},
                                                 {3, kInboxes},
                                                 {4, kTurnTokens},
                                                 {5, kGuards},
                                                 {6, kUnrecorded},
                                                 {7, kDigests},
                                                 {8, kKeyOwners},
                                                 {9, kBalances},
                                                 {10, kErasure}}};

}  // namespace

std::span<const Migration> migrations() {
  return kMigrations;
}

}  // namespace purser::sqlite
