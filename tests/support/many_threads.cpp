#include "tests/support/many_threads.hpp"

#include "gateway/async/virtual_clock.hpp"
#include "gateway/store/sqlite/sqlite_store.hpp"
#include "tests/support/sqlite_file.hpp"

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <stdexcept>
#include <unistd.h>

namespace purser::test {
namespace {

// n times an odd number modulo 2^32: every n another one, and neighbours far apart.
constexpr std::int64_t kScatter = 2'654'435'761;
constexpr std::int64_t kScatterModulus = std::int64_t{1} << 32;

// What stands in "{...}" is replaced below. `k` holds the threads in the order of their ids, so that every index grows
// at its end: the number, what the ids are made of, whether it is paid, and when it expires.
constexpr std::string_view kRows = R"sql(
CREATE TEMP TABLE k (n INTEGER, x TEXT, paid INTEGER, expires INTEGER);
INSERT INTO k WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {all})
  SELECT n, printf('%08x', (n * {scatter}) % {modulus}) || 'kept0from0years0ago0', n <= {finished},
    iif(n <= {finished}, {ordered} + 300000, {expire} + (n - {finished}) * {within} / max({awaiting}, 1))
  FROM c ORDER BY 2;

INSERT INTO threads (id, tenant_id, user_id, openid, locale, metadata, state, created_at, intents_made, version)
  SELECT 'thr_' || x, 'shop', 'user-' || n, '', 'en', '{}', iif(paid, 'idle', 'awaiting_payment'), {ordered}, 1, 5 FROM k;

INSERT INTO turns (id, thread_id, tenant_id, state, cause, result, started_at, ended_at)
  SELECT 'turn_' || x || 'a', 'thr_' || x, 'shop', 'completed', 'user', '{"id":"turn_' || x || 'a","intents":[{"id":"pi_'
    || x || '","amount":{"currency":"CNY","value":17600},"state":"awaiting_payment"}],"object":"turn","refunds":[],'
    || '"reply":{"cards":[],"text":"All right: 2 x Longjing green tea, 100 g, 176.00 in total. Please pay with the card'
    || ' below before it expires."},"thread":{"id":"thr_' || x || '"}}', {ordered}, {ordered} FROM k;
INSERT INTO turns (id, thread_id, tenant_id, state, cause, result, started_at, ended_at)
  SELECT 'turn_' || x || 'b', 'thr_' || x, 'shop', 'completed', 'intent.succeeded:pi_' || x, '{"id":"turn_' || x
    || 'b","intents":[{"id":"pi_' || x || '","amount":{"currency":"CNY","value":17600},"state":"succeeded"}],'
    || '"object":"turn","refunds":[],"reply":{"cards":[],"text":"Your payment has arrived. Thank you!"},"thread":{"id":'
    || '"thr_' || x || '"}}', {ordered}, {ordered} FROM k WHERE paid;

INSERT INTO messages (thread_id, seq, id, turn_id, role, text, calls, call_id, cards, at)
  SELECT 'thr_' || x, 1, 'msg_' || x || 'a', 'turn_' || x || 'a', 'user', 'Two packs of Longjing tea, please.', '[]', '',
    '[]', {ordered} FROM k;
INSERT INTO messages (thread_id, seq, id, turn_id, role, text, calls, call_id, cards, at)
  SELECT 'thr_' || x, 2, 'msg_' || x || 'b', 'turn_' || x || 'a', 'assistant', 'All right: 2 x Longjing green tea, 100 g.'
    || ' Please pay with the card below before it expires.', '[]', '', '[]', {ordered} FROM k;
INSERT INTO messages (thread_id, seq, id, turn_id, role, text, calls, call_id, cards, at)
  SELECT 'thr_' || x, 3, 'msg_' || x || 'c', 'turn_' || x || 'b', 'event', '{"currency":"CNY","payment_intent":"pi_' || x
    || '","state":"succeeded","total_fen":17600,"type":"intent.succeeded"}', '[]', '', '[]', {ordered} FROM k WHERE paid;
INSERT INTO messages (thread_id, seq, id, turn_id, role, text, calls, call_id, cards, at)
  SELECT 'thr_' || x, 4, 'msg_' || x || 'd', 'turn_' || x || 'b', 'assistant', 'Your payment has arrived. Thank you!',
    '[]', '', '[]', {ordered} FROM k WHERE paid;

INSERT INTO events (thread_id, seq, type, data, at)
  SELECT 'thr_' || x, 1, 'intent.created', '{"amount":{"currency":"CNY","value":17600},"payment_intent":"pi_' || x
    || '","state":"created"}', {ordered} FROM k;
INSERT INTO events (thread_id, seq, type, data, at)
  SELECT 'thr_' || x, 2, 'message.completed', '{"message":"msg_' || x || 'b","text":"All right.","turn":"turn_' || x
    || 'a"}', {ordered} FROM k;
INSERT INTO events (thread_id, seq, type, data, at)
  SELECT 'thr_' || x, 3, 'intent.succeeded', '{"amount":{"currency":"CNY","value":17600},"payment_intent":"pi_' || x
    || '","state":"succeeded"}', {ordered} FROM k WHERE paid;

INSERT INTO intents (id, tenant_id, thread_id, user_id, state, currency, amount, captured, refunded, refund_reserved,
    lines, description, catalogue_version, channel, out_trade_no, rail_order, request_body, created_at, expires_at,
    settled_at, origin, failure, version)
  SELECT 'pi_' || x, 'shop', 'thr_' || x, 'user-' || n, iif(paid, 'succeeded', 'awaiting_payment'), 'CNY', 17600,
    iif(paid, 17600, 0), 0, 0, '[{"currency":"CNY","name":"Longjing green tea, 100 g","quantity":2,"sku":'
    || '"tea-longjing-100g","unit_price":8800}]', 'Longjing green tea, 100 g', 'sample-1', 'wechat', x,
    '{"code_url":"weixin://wxpay/bizpayurl?pr=' || substr(x, 1, 8) || '","kind":"qr","may_be_open":'
    || iif(paid, 'false', 'true') || ',"payer_openid":"","prepay_id":"","transaction_id":"'
    || iif(paid, printf('4200%024d', n), '') || '"}', '{"description":"Longjing green tea, 100 g","out_trade_no":"' || x
    || '","amount":{"total":17600,"currency":"CNY"}}', {ordered}, expires, iif(paid, {ordered}, 0),
    'turn_' || x || 'a:call_3_0', '', iif(paid, 2, 1) FROM k;
INSERT INTO ledger (tenant_id, intent_id, kind, reference, debit_account, credit_account, currency, amount, at, hash)
  SELECT 'shop', 'pi_' || x, 'capture', printf('4200%024d', n), 'rail:wechat', 'merchant:shop', 'CNY', 17600, {ordered},
    printf('%064d', n) FROM k WHERE paid;
INSERT INTO ledger_sums SELECT 'pi_' || x, 17600, 0 FROM k WHERE paid;
INSERT INTO intent_sums SELECT 'pi_' || x, 17600, 0 FROM k WHERE paid;

INSERT INTO notifications (channel, id, event_type, plain, received_at, applied, unapplied)
  SELECT 'wechat', x, 'TRANSACTION.SUCCESS', '{"amount":{"currency":"CNY","total":17600},"out_trade_no":"' || x
    || '","trade_state":"SUCCESS"}', {ordered}, 1, 0 FROM k WHERE paid;
INSERT INTO idempotency (scope, key, fingerprint, state, turn_id, status, body, created_at, owner)
  SELECT 'shop POST /v1/threads/thr_' || x || '/turns', 'turn-1', printf('%064d', n), 'finished', 'turn_' || x || 'a', 200,
    '{"id":"turn_' || x || 'a"}', {ordered}, 'turn_' || x || 'a' FROM k;
INSERT INTO audit (thread_id, seq, kind, subject, detail, at, hash)
  SELECT 'thr_' || x, seq, kind, 'turn_' || x || 'a', '{"model":"rules","turn":"turn_' || x || 'a"}', {ordered},
    printf('%064d', n) FROM k, (SELECT 1 AS seq, 'message' AS kind UNION ALL SELECT 2, 'model' UNION ALL SELECT 3, 'reply');
INSERT INTO audit_ends SELECT 'thr_' || x, 3, printf('%064d', n) FROM k;

INSERT INTO work (kind, subject, thread_id, payload, due_at, attempts)
  SELECT 'expire_intent', 'pi_' || x, 'thr_' || x, '{}', expires, 0 FROM k WHERE NOT paid;
DROP TABLE k;
)sql";

std::string filled_in(std::string_view text, const ManyThreads& wanted) {
  const std::array<std::pair<std::string_view, std::int64_t>, 8> values{{{"{all}", wanted.finished + wanted.awaiting},
                                                                         {"{finished}", wanted.finished},
                                                                         {"{awaiting}", wanted.awaiting},
                                                                         {"{ordered}", to_millis(wanted.ordered_at)},
                                                                         {"{expire}", to_millis(wanted.expire_from)},
                                                                         {"{within}", wanted.expire_within.count()},
                                                                         {"{scatter}", kScatter},
                                                                         {"{modulus}", kScatterModulus}}};
  std::string out(text);
  for (const auto& [name, value] : values) {
    const std::string number = std::to_string(value);
    for (auto at = out.find(name); at != std::string::npos; at = out.find(name, at + number.size()))
      out.replace(at, name.size(), number);
  }
  return out;
}

void must(RawSqlite& database, const std::string& sql) {
  if (!database.run(sql)) throw std::runtime_error("the database takes no rows: " + sql.substr(0, 80));
}

}  // namespace

void write_many_threads(const std::string& path, const ManyThreads& wanted) {
  {
    VirtualClock clock;
    auto made = open_sqlite(path, SqliteOptions(), clock);
    if (!made) throw std::runtime_error(made.error().message);
  }
  RawSqlite database(path);
  must(database,
       "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;"
       "PRAGMA cache_size = -300000");
  // They would do again, row by row, what is written here at once.
  const auto names = database.column("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
  const auto triggers = database.column("SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
  for (const std::string& name : names) must(database, "DROP TRIGGER " + name);
  must(database, "BEGIN;" + filled_in(kRows, wanted) + "COMMIT");
  for (const std::string& sql : triggers) must(database, sql);
  // On the disk before anybody measures: else the first to sync pays for all of it.
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool kept = file >= 0 && ::fsync(file) == 0;
  if (file >= 0) ::close(file);
  if (!kept) throw std::runtime_error("the database cannot be synced");
}

std::string thread_id_of(std::int64_t n) {
  std::array<char, 9> digits{};
  (void)std::snprintf(digits.data(), digits.size(), "%08x", static_cast<unsigned>((n * kScatter) % kScatterModulus));
  return "thr_" + std::string(digits.data()) + "kept0from0years0ago0";
}

std::string user_id_of(std::int64_t n) {
  return "user-" + std::to_string(n);
}

}  // namespace purser::test
