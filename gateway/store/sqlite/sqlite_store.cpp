#include "gateway/store/sqlite/sqlite_store.hpp"

#include "gateway/store/reader_pool.hpp"
#include "gateway/store/sqlite/queries.hpp"
#include "gateway/store/sqlite/schema.hpp"
#include "gateway/store/sqlite/writer.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace purser {

struct sqlite::Readers : ReaderPool<sqlite::Database> {
  using ReaderPool::ReaderPool;
};

namespace {

using sqlite::Database;

Error cannot(const std::string& what, int system_errno) {
  return Error(Errc::store_unavailable, what + ": " + std::generic_category().message(system_errno));
}

// For its owner alone, when it is there.
Result<void> close_to_others(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return errno == ENOENT ? success() : cannot("the database " + path, errno);
  if (!S_ISREG(found.st_mode)) return Error(Errc::store_unavailable, "the database " + path + " is not a plain file");
  if ((found.st_mode & 0077) != 0 && ::chmod(path.c_str(), 0600) != 0) {
    return cannot("cannot close the database " + path + " to others", errno);
  }
  return success();
}

// The file exists afterwards; those that SQLite makes beside it get the same mode. An existing one is never opened
// here: closing any descriptor of it would drop the locks this process holds on it.
Result<void> prepare_file(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path();
  struct stat found {};
  if (::stat(folder.c_str(), &found) != 0) return cannot("the database's folder " + folder, errno);
  if (!S_ISDIR(found.st_mode)) return cannot("the database's folder " + folder, ENOTDIR);

  const int made = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (made >= 0) return ::close(made), success();
  if (errno != EEXIST) return cannot("cannot make the database " + path, errno);
  for (const char* suffix : {"", "-wal", "-shm"}) {
    if (auto closed = close_to_others(path + suffix); !closed) return closed;
  }
  return success();
}

Result<std::unique_ptr<Database>> open_writer(const std::string& path, const SqliteOptions& options) {
  auto database = Database::open(path, options.vfs, options.busy_time_max);
  if (!database) return database;
  const auto steps = sqlite::migrations();
  if (auto ours = sqlite::check_identity(**database, path, static_cast<int>(steps.size())); !ours) return ours.error();
  if (auto set = sqlite::configure(**database, options.busy_time_max); !set) return set.error();
  if (auto grown = sqlite::migrate(**database, steps); !grown) return grown.error();
  return database;
}

Result<std::unique_ptr<Database>> open_reader(const std::string& path, const SqliteOptions& options) {
  auto database = Database::open(path, options.vfs, options.busy_time_max);
  if (!database) return database;
  if (auto set = sqlite::configure(**database, options.busy_time_max); !set) return set.error();
  if (auto reader = (*database)->make_reader(); !reader) return reader.error();
  return database;
}

sqlite::WriterLimits limits_of(const SqliteOptions& options) {
  return {{options.queue_max, options.group_max}, options.log_pages_max};
}

// One connection for writing and reading.
Result<std::unique_ptr<SqliteStore>> store_on(std::unique_ptr<Database> connection, const std::string& path,
                                              const SqliteOptions& options, Clock& clock,
                                              sqlite::Writer::PutBack put_back) {
  if (!clock.works_inline()) return Error(Errc::internal, "a store with threads needs connections for reading");
  auto place = sqlite::FilePlace::of(path);
  if (!place) return place.error();
  auto readers = std::make_unique<sqlite::Readers>(*connection, clock);
  auto writer = std::make_unique<sqlite::Writer>(std::move(connection), *std::move(place), limits_of(options), clock,
                                                 std::move(put_back));
  return std::make_unique<SqliteStore>(std::move(writer), std::move(readers));
}

}  // namespace

Result<std::unique_ptr<SqliteStore>> open_sqlite(const std::string& path, const SqliteOptions& options, Clock& clock) {
  if (auto there = prepare_file(path); !there) return there.error();
  auto writing = open_writer(path, options);
  if (!writing) return writing.error();
  if (options.readers == 0) return store_on(*std::move(writing), path, options, clock, {});
  std::vector<std::unique_ptr<Database>> reading;
  while (reading.size() < options.readers) {
    auto connection = open_reader(path, options);
    if (!connection) return connection.error();
    reading.push_back(*std::move(connection));
  }
  auto place = sqlite::FilePlace::of(path);
  if (!place) return place.error();
  return std::make_unique<SqliteStore>(
      std::make_unique<sqlite::Writer>(*std::move(writing), *std::move(place), limits_of(options), clock),
      std::make_unique<sqlite::Readers>(std::move(reading), clock));
}

struct ReusedSqlite::Shelf {
  std::unique_ptr<Database> connection;  // while no store has it
};

ReusedSqlite::ReusedSqlite(std::string path, SqliteOptions options)
    : path_(std::move(path)), options_(std::move(options)), shelf_(std::make_shared<Shelf>()) {}

ReusedSqlite::~ReusedSqlite() = default;

bool ReusedSqlite::idle() const {
  return !opened_ || shelf_->connection != nullptr;
}

Result<std::unique_ptr<SqliteStore>> ReusedSqlite::open(Clock& clock) {
  if (!idle()) return Error(Errc::internal, "the last store on this database is still open, or failed");
  if (opened_) {
    if (auto emptied = empty(); !emptied) return emptied.error();
  } else {
    if (auto there = prepare_file(path_); !there) return there.error();
    auto writing = open_writer(path_, options_);
    if (!writing) return writing.error();
    shelf_->connection = *std::move(writing);
    opened_ = true;
  }
  auto put_back = [shelf = std::weak_ptr<Shelf>(shelf_)](std::unique_ptr<Database> connection) {
    if (const auto open = shelf.lock()) open->connection = std::move(connection);
  };
  return store_on(std::move(shelf_->connection), path_, options_, clock, std::move(put_back));
}

// By a connection of its own: what it is told about triggers and keys would make the other one prepare everything anew.
Result<void> ReusedSqlite::empty() {
  if (!broom_) {
    auto opened = Database::open(path_, options_.vfs, options_.busy_time_max);
    if (!opened) return opened.error();
    sqlite3_db_config((*opened)->handle(), SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
    // What is taken out here is nobody's secret: its pages need not be overwritten.
    auto set = (*opened)->execute("PRAGMA foreign_keys = OFF; PRAGMA secure_delete = OFF");
    if (!set) return set;
    broom_ = *std::move(opened);
  }
  return sqlite::delete_all_rows(*broom_);
}

SqliteStore::SqliteStore(std::unique_ptr<sqlite::Writer> writer, std::unique_ptr<sqlite::Readers> readers)
    : writer_(std::move(writer)), readers_(std::move(readers)) {}

SqliteStore::~SqliteStore() = default;

std::int64_t SqliteStore::transactions() const {
  return writer_->transactions();
}
void SqliteStore::watch(std::function<void(const Change&)> seen) {
  writer_->watch(std::move(seen));
}
bool SqliteStore::healthy() const {
  return writer_->healthy();
}
Task<Result<Receipt>> SqliteStore::commit(Batch batch) {
  return writer_->commit(std::move(batch));
}

Task<Result<Thread>> SqliteStore::thread(ThreadId id) {
  return readers_->ask([id = std::move(id)](Database& db) { return sqlite::find_thread(db, id); });
}

Task<Result<Turn>> SqliteStore::turn(TurnId id) {
  return readers_->ask([id = std::move(id)](Database& db) { return sqlite::find_turn(db, id); });
}

Task<Result<std::optional<Turn>>> SqliteStore::running_turn(ThreadId thread) {
  return readers_->ask([id = std::move(thread)](Database& db) { return sqlite::find_running_turn(db, id); });
}

Task<Result<std::vector<Message>>> SqliteStore::messages(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return readers_->ask(
      [id = std::move(thread), after, limit](Database& db) { return sqlite::list_messages(db, id, after, limit); });
}

Task<Result<std::vector<Message>>> SqliteStore::recent_messages(ThreadId thread, std::int64_t limit) {
  return readers_->ask(
      [id = std::move(thread), limit](Database& db) { return sqlite::list_recent_messages(db, id, limit); });
}

Task<Result<std::vector<StreamEvent>>> SqliteStore::events(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return readers_->ask(
      [id = std::move(thread), after, limit](Database& db) { return sqlite::list_events(db, id, after, limit); });
}

Task<Result<PaymentIntent>> SqliteStore::intent(IntentId id) {
  return readers_->ask([id = std::move(id)](Database& db) { return sqlite::find_intent(db, id); });
}

Task<Result<PaymentIntent>> SqliteStore::intent_by_number(OutTradeNo number) {
  return readers_->ask(
      [number = std::move(number)](Database& db) { return sqlite::find_intent_by_number(db, number); });
}

Task<Result<std::optional<PaymentIntent>>> SqliteStore::intent_by_origin(ThreadId thread, std::string origin) {
  return readers_->ask([id = std::move(thread), origin = std::move(origin)](Database& db) {
    return sqlite::find_intent_by_origin(db, id, origin);
  });
}

Task<Result<std::optional<PaymentIntent>>> SqliteStore::open_intent(TenantId tenant, UserId user) {
  return readers_->ask([tenant = std::move(tenant), user = std::move(user)](Database& db) {
    return sqlite::find_open_intent(db, tenant, user);
  });
}

Task<Result<std::vector<PaymentIntent>>> SqliteStore::intents_of_thread(ThreadId thread, std::int64_t limit) {
  return readers_->ask(
      [id = std::move(thread), limit](Database& db) { return sqlite::list_intents_of_thread(db, id, limit); });
}

Task<Result<Refund>> SqliteStore::refund(RefundId id) {
  return readers_->ask([id = std::move(id)](Database& db) { return sqlite::find_refund(db, id); });
}

Task<Result<Refund>> SqliteStore::refund_by_number(OutRefundNo number) {
  return readers_->ask(
      [number = std::move(number)](Database& db) { return sqlite::find_refund_by_number(db, number); });
}

Task<Result<std::vector<Refund>>> SqliteStore::refunds_of_intent(IntentId intent) {
  return readers_->ask([id = std::move(intent)](Database& db) { return sqlite::list_refunds_of_intent(db, id); });
}

Task<Result<std::vector<Refund>>> SqliteStore::refunds_of_thread(ThreadId thread, std::int64_t limit) {
  return readers_->ask(
      [id = std::move(thread), limit](Database& db) { return sqlite::list_refunds_of_thread(db, id, limit); });
}

Task<Result<std::vector<WorkItem>>> SqliteStore::due_work(UtcTime now, std::int64_t limit) {
  return readers_->ask([now, limit](Database& db) { return sqlite::list_due_work(db, now, limit); });
}

Task<Result<std::vector<WorkItem>>> SqliteStore::work_of_kind(WorkKind kind, std::string prefix, std::string after,
                                                              std::int64_t limit) {
  return readers_->ask([kind, prefix = std::move(prefix), after = std::move(after), limit](Database& db) {
    return sqlite::list_work_of_kind(db, kind, prefix, after, limit);
  });
}

Task<Result<std::optional<UtcTime>>> SqliteStore::next_due(UtcTime after, WorkLane lane) {
  return readers_->ask([after, lane](Database& db) { return sqlite::find_next_due(db, after, lane); });
}

Task<Result<std::vector<WorkItem>>> SqliteStore::claim_work(UtcTime now, std::int64_t limit, WorkLane lane) {
  return readers_->ask([now, limit, lane](Database& db) { return sqlite::list_due_work_of(db, now, limit, lane); });
}

Task<Result<NotificationRow>> SqliteStore::notification(std::string channel, std::string id) {
  return readers_->ask([channel = std::move(channel), id = std::move(id)](Database& db) {
    return sqlite::find_notification(db, channel, id);
  });
}

Task<Result<std::vector<LedgerEntry>>> SqliteStore::ledger_of_intent(IntentId intent) {
  return readers_->ask([id = std::move(intent)](Database& db) { return sqlite::list_ledger_of_intent(db, id); });
}

Task<Result<LedgerTotals>> SqliteStore::ledger_totals(TenantId tenant) {
  return readers_->ask([id = std::move(tenant)](Database& db) { return sqlite::total_ledger(db, id); });
}

Task<Result<void>> SqliteStore::verify_ledger() {
  return readers_->ask([](Database& db) { return sqlite::verify_ledger(db); });
}

Task<Result<std::optional<IdempotencyRow>>> SqliteStore::idempotency(std::string scope, std::string key) {
  return readers_->ask([scope = std::move(scope), key = std::move(key)](Database& db) {
    return sqlite::find_idempotency(db, scope, key);
  });
}

Task<Result<TurnLease>> SqliteStore::turn_lease(TurnId turn) {
  return readers_->ask([id = std::move(turn)](Database& db) { return sqlite::find_turn_lease(db, id); });
}

Task<Result<Approval>> SqliteStore::approval(ApprovalId id) {
  return readers_->ask([id = std::move(id)](Database& db) { return sqlite::find_approval(db, id); });
}

Task<Result<std::optional<Approval>>> SqliteStore::approval_by_origin(ThreadId thread, std::string origin) {
  return readers_->ask([id = std::move(thread), origin = std::move(origin)](Database& db) {
    return sqlite::find_approval_by_origin(db, id, origin);
  });
}

Task<Result<std::vector<Approval>>> SqliteStore::approvals(TenantId tenant, std::optional<ApprovalState> state,
                                                           std::int64_t limit) {
  return readers_->ask([tenant = std::move(tenant), state, limit](Database& db) {
    return sqlite::list_approvals(db, tenant, state, limit);
  });
}

Task<Result<std::int64_t>> SqliteStore::budget_used(std::string scope, UtcTime window) {
  return readers_->ask(
      [scope = std::move(scope), window](Database& db) { return sqlite::find_budget_used(db, scope, window); });
}

Task<Result<std::vector<AuditRow>>> SqliteStore::audit(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return readers_->ask(
      [id = std::move(thread), after, limit](Database& db) { return sqlite::list_audit(db, id, after, limit); });
}

Task<Result<std::vector<Turn>>> SqliteStore::running_turns(std::int64_t limit) {
  return readers_->ask([limit](Database& db) { return sqlite::list_running_turns(db, limit); });
}

Task<Result<std::vector<Thread>>> SqliteStore::threads_of_user(TenantId tenant, UserId user, ThreadId after,
                                                               std::int64_t limit) {
  return readers_->ask([tenant = std::move(tenant), user = std::move(user), after = std::move(after),
                        limit](Database& db) { return sqlite::list_threads_of_user(db, tenant, user, after, limit); });
}

Task<Result<std::vector<Thread>>> SqliteStore::silent_threads(UtcTime before, UtcTime from, ThreadId after,
                                                              std::int64_t limit) {
  return readers_->ask([before, from, after = std::move(after), limit](Database& db) {
    return sqlite::list_silent_threads(db, before, from, after, limit);
  });
}

Task<Result<bool>> SqliteStore::old_inboxes(UtcTime before) {
  return readers_->ask([before](Database& db) { return sqlite::has_old_inboxes(db, before); });
}

}  // namespace purser
