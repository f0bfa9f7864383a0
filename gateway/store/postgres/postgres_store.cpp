#include "gateway/store/postgres/postgres_store.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/store/postgres/listener.hpp"
#include "gateway/store/postgres/queries.hpp"
#include "gateway/store/postgres/schema.hpp"
#include "gateway/store/postgres/writer.hpp"
#include "gateway/store/reader_pool.hpp"

#include <algorithm>

namespace purser {

using postgres::Connection;

struct postgres::Readers : ReaderPool<Connection> {
  using ReaderPool::ReaderPool;
  // Repeats a question whose connection turned out to be lost.
  template <class Query>
  auto read(Query query) {
    return ask([query = std::move(query)](Connection& db) { return ask_again_when_lost(db, query); });
  }
};

namespace {

constexpr Millis kMigrationSilence{120'000};

// What was acknowledged must be on the disk. An engine that does not know a setting has no such switch.
Result<void> check_durable(Connection& connection) {
  for (const char* setting : {"synchronous_commit", "fsync"}) {
    auto held = connection.query("SELECT current_setting($1, true)", postgres::Values::of(setting));
    if (!held) return held.error();
    if (held->size() == 1 && held->row(0).text(0) == "off") {
      return Error(Errc::store_unavailable,
                   std::string("the database has ") + setting + " = off: what it acknowledges may be lost", setting);
    }
  }
  return success();
}

// Whether the database holds the books together by itself.
Result<bool> raise_guards(Connection& connection, Millis lock_time_max) {
  auto missing = postgres::make_guards(connection, postgres::guards(), lock_time_max);
  if (!missing) return missing.error();
  bool balance_guarded = true;
  for (const postgres::MissingGuard& guard : *missing) {
    log::warn("store.without_guard", {{"guard", guard.name}, {"message", guard.why}});
    if (guard.name == postgres::kBalanceGuard) balance_guarded = false;
  }
  return balance_guarded;
}

}  // namespace

Result<std::vector<std::string>> missing_postgres_guards(const std::string& url) {
  if (auto readable = postgres::check_url(url); !readable) return readable.error();
  postgres::Address address;
  address.url = url;
  Connection connection(std::move(address));
  auto missing = postgres::missing_guards(connection);
  if (!missing) return missing.error();
  std::vector<std::string> out;
  for (const postgres::MissingGuard& guard : *missing) out.push_back(guard.name + " (" + guard.why + ")");
  return out;
}

Result<std::unique_ptr<PostgresStore>> open_postgres(const std::string& url, const PostgresOptions& options,
                                                     Clock& clock) {
  if (auto readable = postgres::check_url(url); !readable) return readable.error();
  postgres::Address address;
  address.url = url;
  address.connect_time_max = options.connect_time_max;
  address.silence_max = options.silence_max;
  // Bringing a schema up to date may keep a busy server silent for long.
  postgres::Address patient = address;
  patient.silence_max = std::max(options.silence_max, kMigrationSilence);
  Connection first(std::move(patient));
  if (auto durable = check_durable(first); !durable) return durable.error();
  if (auto grown = postgres::migrate(first, postgres::migrations(), options.lock_time_max); !grown)
    return grown.error();
  auto balance_guarded = raise_guards(first, options.lock_time_max);
  if (!balance_guarded) return balance_guarded.error();

  std::vector<std::unique_ptr<Connection>> reading;
  while (reading.size() < std::max<std::size_t>(options.readers, 1)) {
    reading.push_back(std::make_unique<Connection>(address));
  }
  const std::string self = crypto::hex_lower(crypto::random_bytes(8));
  postgres::WriterLimits limits{{options.queue_max, options.group_max}, options.lock_time_max};
  limits.balance_guarded = *balance_guarded;
  return std::make_unique<PostgresStore>(std::make_unique<postgres::Writer>(address, limits, self, clock),
                                         std::make_unique<postgres::Readers>(std::move(reading), clock),
                                         std::make_unique<postgres::Listener>(address, self, clock), self,
                                         options.claim);
}

PostgresStore::PostgresStore(std::unique_ptr<postgres::Writer> writer, std::unique_ptr<postgres::Readers> readers,
                             std::unique_ptr<postgres::Listener> listener, std::string self, Millis claim)
    : writer_(std::move(writer)),
      readers_(std::move(readers)),
      listener_(std::move(listener)),
      self_(std::move(self)),
      claim_(claim) {}

PostgresStore::~PostgresStore() = default;

std::int64_t PostgresStore::transactions() const {
  return writer_->transactions();
}
void PostgresStore::watch(std::function<void(const Change&)> seen) {
  writer_->watch(std::move(seen));
}
Task<void> PostgresStore::follow() {
  return listener_->run([this](const Change& change) { writer_->tell(change); });
}
Task<Result<Receipt>> PostgresStore::commit(Batch batch) {
  return writer_->commit(std::move(batch));
}

Task<Result<Thread>> PostgresStore::thread(ThreadId id) {
  return readers_->read([id = std::move(id)](Connection& db) { return postgres::find_thread(db, id); });
}

Task<Result<Turn>> PostgresStore::turn(TurnId id) {
  return readers_->read([id = std::move(id)](Connection& db) { return postgres::find_turn(db, id); });
}

Task<Result<std::optional<Turn>>> PostgresStore::running_turn(ThreadId thread) {
  return readers_->read([id = std::move(thread)](Connection& db) { return postgres::find_running_turn(db, id); });
}

Task<Result<std::vector<Message>>> PostgresStore::messages(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return readers_->read(
      [id = std::move(thread), after, limit](Connection& db) { return postgres::list_messages(db, id, after, limit); });
}

Task<Result<std::vector<Message>>> PostgresStore::recent_messages(ThreadId thread, std::int64_t limit) {
  return readers_->read(
      [id = std::move(thread), limit](Connection& db) { return postgres::list_recent_messages(db, id, limit); });
}

Task<Result<std::vector<StreamEvent>>> PostgresStore::events(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return readers_->read(
      [id = std::move(thread), after, limit](Connection& db) { return postgres::list_events(db, id, after, limit); });
}

Task<Result<PaymentIntent>> PostgresStore::intent(IntentId id) {
  return readers_->read([id = std::move(id)](Connection& db) { return postgres::find_intent(db, id); });
}

Task<Result<PaymentIntent>> PostgresStore::intent_by_number(OutTradeNo number) {
  return readers_->read(
      [number = std::move(number)](Connection& db) { return postgres::find_intent_by_number(db, number); });
}

Task<Result<std::optional<PaymentIntent>>> PostgresStore::intent_by_origin(ThreadId thread, std::string origin) {
  return readers_->read([id = std::move(thread), origin = std::move(origin)](Connection& db) {
    return postgres::find_intent_by_origin(db, id, origin);
  });
}

Task<Result<std::optional<PaymentIntent>>> PostgresStore::open_intent(TenantId tenant, UserId user) {
  return readers_->read([tenant = std::move(tenant), user = std::move(user)](Connection& db) {
    return postgres::find_open_intent(db, tenant, user);
  });
}

Task<Result<std::vector<PaymentIntent>>> PostgresStore::intents_of_thread(ThreadId thread, std::int64_t limit) {
  return readers_->read(
      [id = std::move(thread), limit](Connection& db) { return postgres::list_intents_of_thread(db, id, limit); });
}

Task<Result<Refund>> PostgresStore::refund(RefundId id) {
  return readers_->read([id = std::move(id)](Connection& db) { return postgres::find_refund(db, id); });
}

Task<Result<Refund>> PostgresStore::refund_by_number(OutRefundNo number) {
  return readers_->read(
      [number = std::move(number)](Connection& db) { return postgres::find_refund_by_number(db, number); });
}

Task<Result<std::vector<Refund>>> PostgresStore::refunds_of_intent(IntentId intent) {
  return readers_->read([id = std::move(intent)](Connection& db) { return postgres::list_refunds_of_intent(db, id); });
}

Task<Result<std::vector<Refund>>> PostgresStore::refunds_of_thread(ThreadId thread, std::int64_t limit) {
  return readers_->read(
      [id = std::move(thread), limit](Connection& db) { return postgres::list_refunds_of_thread(db, id, limit); });
}

Task<Result<std::vector<WorkItem>>> PostgresStore::due_work(UtcTime now, std::int64_t limit) {
  return readers_->read([now, limit](Connection& db) { return postgres::list_due_work(db, now, limit); });
}

Task<Result<std::vector<WorkItem>>> PostgresStore::work_of_kind(WorkKind kind, std::string prefix, std::string after,
                                                                std::int64_t limit) {
  return readers_->read([kind, prefix = std::move(prefix), after = std::move(after), limit](Connection& db) {
    return postgres::list_work_of_kind(db, kind, prefix, after, limit);
  });
}

Task<Result<std::optional<UtcTime>>> PostgresStore::next_due(UtcTime after, WorkLane lane) {
  return readers_->read([after, lane](Connection& db) { return postgres::find_next_due(db, after, lane); });
}

Task<Result<NotificationRow>> PostgresStore::notification(std::string channel, std::string id) {
  return readers_->read([channel = std::move(channel), id = std::move(id)](Connection& db) {
    return postgres::find_notification(db, channel, id);
  });
}

Task<Result<std::vector<LedgerEntry>>> PostgresStore::ledger_of_intent(IntentId intent) {
  return readers_->read([id = std::move(intent)](Connection& db) { return postgres::list_ledger_of_intent(db, id); });
}

Task<Result<LedgerTotals>> PostgresStore::ledger_totals(TenantId tenant) {
  return readers_->read([id = std::move(tenant)](Connection& db) { return postgres::total_ledger(db, id); });
}

Task<Result<void>> PostgresStore::verify_ledger() {
  return readers_->read([](Connection& db) { return postgres::verify_ledger(db); });
}

Task<Result<std::optional<IdempotencyRow>>> PostgresStore::idempotency(std::string scope, std::string key) {
  return readers_->read([scope = std::move(scope), key = std::move(key)](Connection& db) {
    return postgres::find_idempotency(db, scope, key);
  });
}

Task<Result<Approval>> PostgresStore::approval(ApprovalId id) {
  return readers_->read([id = std::move(id)](Connection& db) { return postgres::find_approval(db, id); });
}

Task<Result<std::optional<Approval>>> PostgresStore::approval_by_origin(ThreadId thread, std::string origin) {
  return readers_->read([id = std::move(thread), origin = std::move(origin)](Connection& db) {
    return postgres::find_approval_by_origin(db, id, origin);
  });
}

Task<Result<std::vector<Approval>>> PostgresStore::approvals(TenantId tenant, std::optional<ApprovalState> state,
                                                             std::int64_t limit) {
  return readers_->read([tenant = std::move(tenant), state, limit](Connection& db) {
    return postgres::list_approvals(db, tenant, state, limit);
  });
}

Task<Result<std::int64_t>> PostgresStore::budget_used(std::string scope, UtcTime window) {
  return readers_->read(
      [scope = std::move(scope), window](Connection& db) { return postgres::find_budget_used(db, scope, window); });
}

Task<Result<std::vector<AuditRow>>> PostgresStore::audit(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return readers_->read(
      [id = std::move(thread), after, limit](Connection& db) { return postgres::list_audit(db, id, after, limit); });
}

Task<Result<TurnLease>> PostgresStore::turn_lease(TurnId turn) {
  return readers_->read([id = std::move(turn)](Connection& db) { return postgres::find_turn_lease(db, id); });
}

Task<Result<std::vector<WorkItem>>> PostgresStore::claim_work(UtcTime now, std::int64_t limit, WorkLane lane) {
  return readers_->read([now, limit, lane, self = self_, claim = claim_](Connection& db) {
    return postgres::claim_due_work(db, now, limit, lane, self, claim);
  });
}

Task<Result<std::vector<Turn>>> PostgresStore::running_turns(std::int64_t limit) {
  return readers_->read([limit](Connection& db) { return postgres::list_running_turns(db, limit); });
}

Task<Result<std::vector<Thread>>> PostgresStore::threads_of_user(TenantId tenant, UserId user, ThreadId after,
                                                                 std::int64_t limit) {
  return readers_->read([tenant = std::move(tenant), user = std::move(user), after = std::move(after), limit](
                            Connection& db) { return postgres::list_threads_of_user(db, tenant, user, after, limit); });
}

Task<Result<std::vector<Thread>>> PostgresStore::silent_threads(UtcTime before, UtcTime from, ThreadId after,
                                                                std::int64_t limit) {
  return readers_->read([before, from, after = std::move(after), limit](Connection& db) {
    return postgres::list_silent_threads(db, before, from, after, limit);
  });
}

Task<Result<bool>> PostgresStore::old_inboxes(UtcTime before) {
  return readers_->read([before](Connection& db) { return postgres::has_old_inboxes(db, before); });
}

}  // namespace purser
