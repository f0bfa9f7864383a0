// The store in a PostgreSQL database that several daemons share: one writing connection with group commit, a few for
// reading, one that hears what the others commit. All of them go to the primary, for money is never decided on a
// replica that lags. Needs synchronous_commit = on (remote_apply where a replica may be promoted): checked when it is
// opened.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/store/store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace purser {

namespace postgres {
class Writer;
class Listener;
struct Readers;
}  // namespace postgres

struct PostgresOptions {
  Millis lock_time_max{5'000};     // for a row that another daemon holds; beyond: store_unavailable
  Millis connect_time_max{5'000};  // for one try to connect
  Millis silence_max{10'000};      // without a byte of an answer; then the connection is given up
  Millis claim{6'000};             // work belongs to a daemon for so long after it last asked for work
  std::size_t readers = 4;         // connections and threads
  std::size_t queue_max = 4'096;   // commits waiting; beyond: store_unavailable at once
  std::size_t group_max = 64;      // commits in one transaction
};

class PostgresStore final : public Store {
 public:
  PostgresStore(std::unique_ptr<postgres::Writer> writer, std::unique_ptr<postgres::Readers> readers,
                std::unique_ptr<postgres::Listener> listener, std::string self, Millis claim);
  // Finishes the reads and commits that were begun. Whoever waits for them must still be able to resume, so the
  // io_context goes after the store.
  ~PostgresStore() override;

  // Transactions made durable so far: fewer than commits when these came together.
  std::int64_t transactions() const;

  void watch(std::function<void(const Change&)> seen) override;
  // Always: a database that is away comes back, and nothing of it is in this process.
  bool healthy() const override { return true; }
  bool shared() const override { return true; }
  Task<void> follow() override;
  Task<Result<Receipt>> commit(Batch batch) override;
  Task<Result<Thread>> thread(ThreadId id) override;
  Task<Result<Turn>> turn(TurnId id) override;
  Task<Result<std::optional<Turn>>> running_turn(ThreadId thread) override;
  Task<Result<std::vector<Message>>> messages(ThreadId thread, std::int64_t after, std::int64_t limit) override;
  Task<Result<std::vector<Message>>> recent_messages(ThreadId thread, std::int64_t limit) override;
  Task<Result<std::vector<StreamEvent>>> events(ThreadId thread, std::int64_t after, std::int64_t limit) override;
  Task<Result<PaymentIntent>> intent(IntentId id) override;
  Task<Result<PaymentIntent>> intent_by_number(OutTradeNo number) override;
  Task<Result<std::optional<PaymentIntent>>> intent_by_origin(ThreadId thread, std::string origin) override;
  Task<Result<std::optional<PaymentIntent>>> open_intent(TenantId tenant, UserId user) override;
  Task<Result<std::vector<PaymentIntent>>> intents_of_thread(ThreadId thread, std::int64_t limit) override;
  Task<Result<Refund>> refund(RefundId id) override;
  Task<Result<Refund>> refund_by_number(OutRefundNo number) override;
  Task<Result<std::vector<Refund>>> refunds_of_intent(IntentId intent) override;
  Task<Result<std::vector<Refund>>> refunds_of_thread(ThreadId thread, std::int64_t limit) override;
  Task<Result<std::vector<WorkItem>>> due_work(UtcTime now, std::int64_t limit) override;
  Task<Result<std::vector<WorkItem>>> work_of_kind(WorkKind kind, std::string prefix, std::string after,
                                                   std::int64_t limit) override;
  Task<Result<std::optional<UtcTime>>> next_due(UtcTime after, WorkLane lane) override;
  Task<Result<NotificationRow>> notification(std::string channel, std::string id) override;
  Task<Result<std::vector<LedgerEntry>>> ledger_of_intent(IntentId intent) override;
  Task<Result<LedgerTotals>> ledger_totals(TenantId tenant) override;
  Task<Result<void>> verify_ledger() override;
  Task<Result<std::optional<IdempotencyRow>>> idempotency(std::string scope, std::string key) override;
  Task<Result<Approval>> approval(ApprovalId id) override;
  Task<Result<std::optional<Approval>>> approval_by_origin(ThreadId thread, std::string origin) override;
  Task<Result<std::vector<Approval>>> approvals(TenantId tenant, std::optional<ApprovalState> state,
                                                std::int64_t limit) override;
  Task<Result<std::int64_t>> budget_used(std::string scope, UtcTime window) override;
  Task<Result<std::vector<AuditRow>>> audit(ThreadId thread, std::int64_t after, std::int64_t limit) override;
  Task<Result<TurnLease>> turn_lease(TurnId turn) override;
  Task<Result<std::vector<WorkItem>>> claim_work(UtcTime now, std::int64_t limit, WorkLane lane) override;
  Task<Result<std::vector<Turn>>> running_turns(std::int64_t limit) override;
  Task<Result<std::vector<Thread>>> threads_of_user(TenantId tenant, UserId user, ThreadId after,
                                                    std::int64_t limit) override;
  Task<Result<std::vector<Thread>>> silent_threads(UtcTime before, UtcTime from, ThreadId after,
                                                   std::int64_t limit) override;
  Task<Result<bool>> old_inboxes(UtcTime before) override;

 private:
  std::unique_ptr<postgres::Writer> writer_;
  std::unique_ptr<postgres::Readers> readers_;
  std::unique_ptr<postgres::Listener> listener_;
  const std::string self_;  // this daemon, in what it claims and tells
  const Millis claim_;
};

// Connects to "postgresql://user@host:port/database" and brings the schema up to date. Blocks. Errors: config_bad_value
// (not such a URL), store_unavailable (cannot be reached, or a setting that durability needs does not hold),
// store_corrupt (the database holds tables of another program), store_from_future.
Result<std::unique_ptr<PostgresStore>> open_postgres(const std::string& url, const PostgresOptions& options,
                                                     Clock& clock);

// The guards of the schema that the engine of an opened store refused, each with what it said: "<name> (<words>)".
// Blocks.
Result<std::vector<std::string>> missing_postgres_guards(const std::string& url);

}  // namespace purser
