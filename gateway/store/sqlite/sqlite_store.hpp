// The store in one SQLite file: write-ahead log, fsync at every commit, one writing thread with group commit, reads on
// threads of their own. Several processes may share the file; the lock is waited for at most busy_time_max.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/store/store.hpp"

#include <memory>
#include <string>

namespace purser {

namespace sqlite {
class Database;
class Writer;
struct Readers;
}  // namespace sqlite

struct SqliteOptions {
  Millis busy_time_max{5'000};    // for a lock that another process holds; beyond: store_unavailable
  std::size_t readers = 2;        // threads; 0: reads go through the writer's connection, for a clock that works inline
  std::size_t queue_max = 4'096;  // commits waiting; beyond: store_unavailable at once
  std::size_t group_max = 256;    // commits in one transaction
  int log_pages_max = 1'000;      // 4 KiB each: the write-ahead log is copied into the file when it is this long
  std::string vfs;                // SQLite's layer below the file; empty: the system's. Tests put a bad disk here
};

class SqliteStore final : public Store {
 public:
  SqliteStore(std::unique_ptr<sqlite::Writer> writer, std::unique_ptr<sqlite::Readers> readers);
  // Finishes the reads and commits that were begun. Whoever waits for them must still be able to resume, so the
  // io_context goes after the store.
  ~SqliteStore() override;

  // Transactions made durable so far: fewer than commits when these came together.
  std::int64_t transactions() const;

  void watch(std::function<void(const Change&)> seen) override;
  bool healthy() const override;
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
  Task<Result<std::vector<WorkItem>>> claim_work(UtcTime now, std::int64_t limit, WorkLane lane) override;
  Task<Result<NotificationRow>> notification(std::string channel, std::string id) override;
  Task<Result<std::vector<LedgerEntry>>> ledger_of_intent(IntentId intent) override;
  Task<Result<LedgerTotals>> ledger_totals(TenantId tenant) override;
  Task<Result<void>> verify_ledger() override;
  Task<Result<std::optional<IdempotencyRow>>> idempotency(std::string scope, std::string key) override;
  Task<Result<TurnLease>> turn_lease(TurnId turn) override;
  Task<Result<Approval>> approval(ApprovalId id) override;
  Task<Result<std::optional<Approval>>> approval_by_origin(ThreadId thread, std::string origin) override;
  Task<Result<std::vector<Approval>>> approvals(TenantId tenant, std::optional<ApprovalState> state,
                                                std::int64_t limit) override;
  Task<Result<std::int64_t>> budget_used(std::string scope, UtcTime window) override;
  Task<Result<std::vector<AuditRow>>> audit(ThreadId thread, std::int64_t after, std::int64_t limit) override;
  Task<Result<std::vector<Turn>>> running_turns(std::int64_t limit) override;
  Task<Result<std::vector<Thread>>> threads_of_user(TenantId tenant, UserId user, ThreadId after,
                                                    std::int64_t limit) override;
  Task<Result<std::vector<Thread>>> silent_threads(UtcTime before, UtcTime from, ThreadId after,
                                                   std::int64_t limit) override;
  Task<Result<bool>> old_inboxes(UtcTime before) override;

 private:
  std::unique_ptr<sqlite::Writer> writer_;
  std::unique_ptr<sqlite::Readers> readers_;  // last: the writer's connection closes last and tidies the log
};

// Opens the database file at the absolute `path`, makes it when it is not there (mode 0600, also when it was more
// open), and brings its schema up to date. Blocks. Errors: store_unavailable (no such folder, not ours to read, a
// setting that durability needs does not hold), store_corrupt (not a purser database), store_from_future.
Result<std::unique_ptr<SqliteStore>> open_sqlite(const std::string& path, const SqliteOptions& options, Clock& clock);

// A database that serves one store after the other and is emptied between them, for a process that plays many short
// lives: to open a connection and to prepare its statements takes longer than most of them. One thread.
class ReusedSqlite {
 public:
  // `path` and `options` as of open_sqlite(); options.readers is taken as 0.
  ReusedSqlite(std::string path, SqliteOptions options);
  // A store that is still open keeps its connection.
  ~ReusedSqlite();
  ReusedSqlite(const ReusedSqlite&) = delete;
  ReusedSqlite& operator=(const ReusedSqlite&) = delete;

  const std::string& path() const { return path_; }
  // Whether it can be opened: no store has it, and none was lost with it.
  bool idle() const;
  // The first opens what lies at `path`; every further one is without a row. Blocks. Errors: those of open_sqlite();
  // internal, unless idle().
  Result<std::unique_ptr<SqliteStore>> open(Clock& clock);

 private:
  struct Shelf;
  Result<void> empty();

  const std::string path_;
  const SqliteOptions options_;
  bool opened_ = false;
  std::shared_ptr<Shelf> shelf_;
  std::unique_ptr<sqlite::Database> broom_;  // last: the connection that has written closes last and tidies the log
};

}  // namespace purser
