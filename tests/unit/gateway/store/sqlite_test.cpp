// The SQLite store: the suite of all stores, and what is its own.
#include "gateway/async/virtual_clock.hpp"
#include "gateway/store/sqlite/schema.hpp"
#include "gateway/store/sqlite/sqlite_store.hpp"
#include "tests/support/sqlite_file.hpp"
#include "tests/support/store_conformance.hpp"

#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>

namespace purser::test {
namespace {

class SqliteHome : public StoreHome {
 public:
  Result<std::unique_ptr<Store>> open(Clock& clock) override {
    auto store = open_sqlite(file(), SqliteOptions(), clock);
    if (!store) return store.error();
    return std::unique_ptr<Store>(*std::move(store));
  }
  void tamper_with_ledger(std::int64_t seq) override {
    past_triggers("UPDATE ledger SET reference = 'X' || substr(reference, 2) WHERE seq = " + std::to_string(seq));
  }
  std::vector<bool> ledger_lets_change(std::int64_t seq) override {
    RawSqlite raw(file());
    const std::string where = " WHERE seq = " + std::to_string(seq);
    return {raw.run("UPDATE ledger SET amount = amount + 1" + where), raw.run("DELETE FROM ledger" + where)};
  }

  void tamper(const std::string& table, const std::string& column, const std::string& key,
              const std::string& id) override {
    past_triggers("UPDATE " + table + " SET " + column + " = 'X' || substr(" + column + ", 2) WHERE " + key + " = '" +
                  id + "'");
  }
  void change(const std::string& sql) override { past_triggers(sql); }

 protected:
  std::string file() const { return folder_.file("purser.db"); }

 private:
  // As damage comes, which asks no trigger and leaves the schema as it is.
  void past_triggers(const std::string& sql) {
    RawSqlite raw(file());
    const auto names = raw.column("SELECT name FROM sqlite_schema WHERE type = 'trigger'");
    const auto made = raw.column("SELECT sql FROM sqlite_schema WHERE type = 'trigger'");
    for (const std::string& name : names) EXPECT_TRUE(raw.run("DROP TRIGGER " + name));
    EXPECT_TRUE(raw.run("PRAGMA foreign_keys = OFF"));
    EXPECT_TRUE(raw.run(sql)) << sql;
    for (const std::string& one : made) EXPECT_TRUE(raw.run(one)) << one;
  }

  TempFolder folder_;
};

std::unique_ptr<StoreHome> make_sqlite_home() {
  return std::make_unique<SqliteHome>();
}

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, testing::Values(&make_sqlite_home));

// Reading and writing by one connection, without threads.
class LoneSqliteHome final : public SqliteHome {
 public:
  Result<std::unique_ptr<Store>> open(Clock& clock) override {
    lone_.push_back(std::make_unique<VirtualClock>(clock.wall(), true));
    SqliteOptions options;
    options.readers = 0;
    auto store = open_sqlite(file(), options, *lone_.back());
    if (!store) return store.error();
    return std::unique_ptr<Store>(*std::move(store));
  }

 private:
  std::vector<std::unique_ptr<Clock>> lone_;  // outlive their stores
};

std::unique_ptr<StoreHome> make_lone_sqlite_home() {
  return std::make_unique<LoneSqliteHome>();
}

INSTANTIATE_TEST_SUITE_P(LoneSqlite, StoreConformance, testing::Values(&make_lone_sqlite_home));

class SqliteTest : public testing::Test {
 protected:
  std::string path() const { return folder.file("purser.db"); }
  Result<std::unique_ptr<SqliteStore>> open(const SqliteOptions& options = SqliteOptions()) {
    return open_sqlite(path(), options, loop.clock);
  }
  Result<Receipt> insert_thread(Store& store, int n) {
    Batch batch("thread");
    batch.add(op::InsertThread{make_thread(n)});
    return loop.run(store.commit(std::move(batch)));
  }
  std::vector<Started<Result<Receipt>>> start_inserting(Store& store, int count) {
    std::vector<Started<Result<Receipt>>> started;
    for (int n = 1; n <= count; ++n) {
      Batch batch("thread");
      batch.add(op::InsertThread{make_thread(n)});
      started.push_back(loop.start(store.commit(std::move(batch))));
    }
    loop.ioc.restart();
    loop.ioc.poll();  // all are queued now
    return started;
  }

  TempFolder folder;
  Loop loop;
};

TEST_F(SqliteTest, the_file_and_those_beside_it_are_for_the_owner_alone) {
  auto store = open();
  ASSERT_TRUE(good(store));
  ASSERT_TRUE(good(insert_thread(**store, 1)));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat found {};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &found), 0) << suffix;
    EXPECT_EQ(found.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteTest, files_that_were_open_to_others_are_closed_to_them) {
  auto first = open();  // keeps the files beside it there
  ASSERT_TRUE(good(first));
  for (const char* suffix : {"", "-wal", "-shm"}) ASSERT_EQ(::chmod((path() + suffix).c_str(), 0644), 0);
  ASSERT_TRUE(good(open()));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat found {};
    ASSERT_EQ(::stat((path() + suffix).c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600U) << suffix;
  }
}

TEST_F(SqliteTest, a_folder_that_is_missing_is_named) {
  auto store = open_sqlite(folder.file("no/such/purser.db"), SqliteOptions(), loop.clock);
  ASSERT_TRUE(refused(store, Errc::store_unavailable));
  EXPECT_NE(store.error().message.find(folder.file("no/such")), std::string::npos) << store.error().message;
  EXPECT_FALSE(std::filesystem::exists(folder.file("no")));

  std::ofstream(folder.file("plain")) << "x";
  EXPECT_TRUE(
      refused(open_sqlite(folder.file("plain/purser.db"), SqliteOptions(), loop.clock), Errc::store_unavailable));
  EXPECT_TRUE(refused(open_sqlite(folder.path(), SqliteOptions(), loop.clock), Errc::store_unavailable));
}

TEST_F(SqliteTest, a_file_of_another_sort_is_refused_and_left_alone) {
  const std::string text(5'000, 'x');
  std::ofstream(path()) << text;
  auto store = open();
  ASSERT_TRUE(refused(store, Errc::store_corrupt));
  EXPECT_NE(store.error().message.find("not a purser database"), std::string::npos) << store.error().message;
  std::ifstream file(path());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST_F(SqliteTest, a_database_of_another_program_is_refused_and_left_alone) {
  { ASSERT_TRUE(RawSqlite(path()).run("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")); }
  EXPECT_TRUE(refused(open(), Errc::store_corrupt));
  { ASSERT_TRUE(RawSqlite(path()).run("PRAGMA application_id = 77; PRAGMA user_version = 1")); }
  EXPECT_TRUE(refused(open(), Errc::store_corrupt));
  EXPECT_EQ(RawSqlite(path()).column("PRAGMA journal_mode"), std::vector<std::string>{"delete"});
  EXPECT_EQ(RawSqlite(path()).column("SELECT name FROM sqlite_schema"), std::vector<std::string>{"theirs"});
}

TEST_F(SqliteTest, a_database_from_the_future_is_refused_naming_both_versions) {
  ASSERT_TRUE(good(open()));
  const auto known = sqlite::migrations().size();
  { ASSERT_TRUE(RawSqlite(path()).run("PRAGMA user_version = " + std::to_string(known + 4))); }
  auto store = open();
  ASSERT_TRUE(refused(store, Errc::store_from_future));
  EXPECT_NE(store.error().message.find("version " + std::to_string(known + 4)), std::string::npos);
  EXPECT_NE(store.error().message.find("up to " + std::to_string(known)), std::string::npos);
  EXPECT_EQ(RawSqlite(path()).column("PRAGMA user_version"), std::vector<std::string>{std::to_string(known + 4)});
}

TEST_F(SqliteTest, a_database_names_its_program_and_version) {
  ASSERT_TRUE(good(open()));
  RawSqlite raw(path());
  EXPECT_EQ(raw.column("PRAGMA application_id"), std::vector<std::string>{std::to_string(sqlite::kApplicationId)});
  EXPECT_EQ(raw.column("PRAGMA user_version"), std::vector<std::string>{std::to_string(sqlite::migrations().size())});
  EXPECT_EQ(raw.column("PRAGMA journal_mode"), std::vector<std::string>{"wal"});
  EXPECT_EQ(raw.column("PRAGMA integrity_check"), std::vector<std::string>{"ok"});
}

TEST_F(SqliteTest, the_migrations_count_from_one) {
  int version = 0;
  for (const auto& step : sqlite::migrations()) EXPECT_EQ(step.version, ++version);
}

// What durability rests on is read back, not believed.
TEST_F(SqliteTest, a_setting_that_does_not_hold_is_refused) {
  std::ofstream(path()).flush();
  const Millis busy(250);
  auto database = sqlite::Database::open(path(), "", busy);
  ASSERT_TRUE(good(database));
  ASSERT_TRUE(good(sqlite::configure(**database, busy)));
  EXPECT_TRUE(good(sqlite::check_settings(**database, busy)));
  const std::pair<const char*, const char*> changes[] = {{"synchronous", "PRAGMA synchronous = NORMAL"},
                                                         {"foreign_keys", "PRAGMA foreign_keys = OFF"},
                                                         {"busy_timeout", "PRAGMA busy_timeout = 0"},
                                                         {"journal_mode", "PRAGMA journal_mode = DELETE"}};
  for (const auto& [setting, change] : changes) {
    sqlite3_busy_timeout((*database)->handle(), static_cast<int>(busy.count()));
    ASSERT_TRUE(good(sqlite::configure(**database, busy)));
    ASSERT_TRUE(good((*database)->execute(change)));
    EXPECT_TRUE(refused(sqlite::check_settings(**database, busy), Errc::store_unavailable, setting));
  }
}

TEST_F(SqliteTest, a_database_without_a_write_ahead_log_is_refused) {
  auto memory = sqlite::Database::open(":memory:", "", Millis(0));
  ASSERT_TRUE(good(memory));
  EXPECT_TRUE(refused(sqlite::configure(**memory, Millis(0)), Errc::store_unavailable, "journal_mode"));
}

TEST_F(SqliteTest, an_older_database_is_brought_up_to_date_with_what_it_holds) {
  const auto steps = sqlite::migrations();
  for (std::size_t version = 1; version < steps.size(); ++version) {
    std::filesystem::remove(path());
    std::ofstream(path()).flush();
    {
      auto old = sqlite::Database::open(path(), "", Millis(100));
      ASSERT_TRUE(good(old));
      ASSERT_TRUE(good(sqlite::configure(**old, Millis(100))));
      ASSERT_TRUE(good(sqlite::migrate(**old, steps.first(version))));
      ASSERT_TRUE(
          good((*old)->execute("INSERT INTO threads (id, tenant_id, user_id, openid, locale, metadata, state,"
                               " created_at, intents_made, version)"
                               " VALUES ('thr_old', 'tenant-1', 'user-1', '', 'zh', '{}', 'idle', 1, 0, 5)")));
    }
    auto store = open();
    ASSERT_TRUE(good(store));
    EXPECT_EQ(loop.run((*store)->thread(ThreadId::trusted("thr_old"))).value().version, 5);
    EXPECT_TRUE(good(loop.run((*store)->verify_ledger())));
    EXPECT_TRUE(good(insert_thread(**store, 1)));
    store->reset();
    EXPECT_EQ(RawSqlite(path()).column("PRAGMA user_version"), std::vector<std::string>{std::to_string(steps.size())});
  }
}

TEST_F(SqliteTest, a_schema_that_somebody_changed_is_named) {
  const auto verdict_after = [&](const char* change) {
    std::filesystem::remove(path());
    auto store = open();
    EXPECT_TRUE(good(insert_thread(**store, 1)));
    EXPECT_TRUE(RawSqlite(path()).run(change)) << change;
    auto verdict = loop.run((*store)->verify_ledger());
    store->reset();
    return verdict.ok() ? std::string() : verdict.error().param;
  };
  EXPECT_EQ(verdict_after("SELECT 1"), "");
  EXPECT_EQ(verdict_after("ANALYZE"), "") << "statistics are the database's own";
  EXPECT_EQ(verdict_after("DROP INDEX intents_active"), "index intents_active");
  EXPECT_EQ(verdict_after("CREATE TRIGGER mine AFTER INSERT ON threads BEGIN SELECT 1; END"), "trigger mine");
  EXPECT_EQ(verdict_after("DROP TRIGGER ledger_no_update;"
                          "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger BEGIN SELECT 1; END"),
            "trigger ledger_no_update");
}

void kill_self(sqlite3_context*, int, sqlite3_value**) {
  ::kill(::getpid(), SIGKILL);
}

TEST_F(SqliteTest, a_migration_that_is_killed_halfway_is_done_again_whole) {
  const sqlite::Migration steps[] = {
      {1, "CREATE TABLE one (x INTEGER); INSERT INTO one VALUES (1)"},
      {2, "CREATE TABLE two (x INTEGER); UPDATE one SET x = x + 1; SELECT kill_self(); INSERT INTO two VALUES (2)"}};
  std::ofstream(path()).flush();
  const auto migrate = [&](auto* function) {
    auto database = sqlite::Database::open(path(), "", Millis(100));
    sqlite3_create_function((*database)->handle(), "kill_self", 0, SQLITE_UTF8, nullptr, function, nullptr, nullptr);
    auto configured = sqlite::configure(**database, Millis(100));
    return configured.ok() ? sqlite::migrate(**database, steps) : configured;
  };
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    (void)migrate(&kill_self);
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  {
    RawSqlite raw(path());
    EXPECT_EQ(raw.column("PRAGMA user_version"), std::vector<std::string>{"1"});
    EXPECT_EQ(raw.column("SELECT name FROM sqlite_schema"), std::vector<std::string>{"one"});
    EXPECT_EQ(raw.column("SELECT x FROM one"), std::vector<std::string>{"1"});
  }
  ASSERT_TRUE(good(migrate(+[](sqlite3_context*, int, sqlite3_value**) {})));
  RawSqlite raw(path());
  EXPECT_EQ(raw.column("SELECT x FROM one"), std::vector<std::string>{"2"});
  EXPECT_EQ(raw.column("SELECT x FROM two"), std::vector<std::string>{"2"});
}

TEST_F(SqliteTest, commits_that_come_together_share_a_transaction) {
  SqliteOptions options;
  auto store = open(options);
  ASSERT_TRUE(good(store));
  ASSERT_EQ((*store)->transactions(), 0);
  RawSqlite other(path());
  ASSERT_TRUE(other.run("BEGIN IMMEDIATE"));  // holds the writer until all 64 wait
  auto started = start_inserting(**store, 64);
  ASSERT_TRUE(other.run("COMMIT"));
  ASSERT_TRUE(loop.until([&] { return std::ranges::all_of(started, [](auto& one) { return one.done(); }); }));
  for (auto& one : started) EXPECT_TRUE(good(one.get()));
  EXPECT_LE((*store)->transactions(), 2) << "one for those that came before the writer began, one for the rest";
}

TEST_F(SqliteTest, a_group_has_a_limit) {
  SqliteOptions options;
  options.group_max = 8;
  auto store = open(options);
  ASSERT_TRUE(good(store));
  RawSqlite other(path());
  ASSERT_TRUE(other.run("BEGIN IMMEDIATE"));
  auto started = start_inserting(**store, 64);
  ASSERT_TRUE(other.run("COMMIT"));
  ASSERT_TRUE(loop.until([&] { return std::ranges::all_of(started, [](auto& one) { return one.done(); }); }));
  for (auto& one : started) EXPECT_TRUE(good(one.get()));
  EXPECT_GE((*store)->transactions(), 64 / 8);
}

TEST_F(SqliteTest, a_commit_alone_is_a_transaction_alone) {
  auto store = open();
  ASSERT_TRUE(good(store));
  for (int n = 1; n <= 5; ++n) ASSERT_TRUE(good(insert_thread(**store, n)));
  EXPECT_EQ((*store)->transactions(), 5);
}

TEST_F(SqliteTest, a_full_queue_refuses_at_once) {
  SqliteOptions options;
  options.queue_max = 4;
  auto store = open(options);
  ASSERT_TRUE(good(store));
  RawSqlite other(path());
  ASSERT_TRUE(other.run("BEGIN IMMEDIATE"));
  auto started = start_inserting(**store, 20);
  loop.ioc.restart();
  loop.ioc.poll();
  const auto refused_now = std::ranges::count_if(started, [](auto& one) { return one.done(); });
  EXPECT_GE(refused_now, 20 - 4 - 4) << "4 wait, and at most 4 more were taken by the writer already";
  EXPECT_LE(refused_now, 20 - 4);
  ASSERT_TRUE(other.run("COMMIT"));
  ASSERT_TRUE(loop.until([&] { return std::ranges::all_of(started, [](auto& one) { return one.done(); }); }));
  std::ptrdiff_t refused_in_all = 0;
  for (auto& one : started) {
    const auto answer = one.get();
    if (answer.ok()) continue;
    EXPECT_TRUE(refused(answer, Errc::store_unavailable));
    ++refused_in_all;
  }
  EXPECT_EQ(refused_in_all, refused_now);
}

TEST_F(SqliteTest, a_lock_is_waited_for_and_then_refused_without_losing_anything) {
  SqliteOptions options;
  options.busy_time_max = Millis(30);
  auto store = open(options);
  ASSERT_TRUE(good(store));
  RawSqlite other(path());
  ASSERT_TRUE(other.run("BEGIN IMMEDIATE"));
  auto started = start_inserting(**store, 3);
  ASSERT_TRUE(loop.until([&] { return std::ranges::all_of(started, [](auto& one) { return one.done(); }); }));
  for (auto& one : started) EXPECT_TRUE(refused(one.get(), Errc::store_unavailable));
  EXPECT_TRUE(refused(loop.run((*store)->thread(make_thread(1).id)), Errc::not_found)) << "reads go on meanwhile";
  EXPECT_TRUE((*store)->healthy());
  ASSERT_TRUE(other.run("COMMIT"));
  EXPECT_TRUE(good(insert_thread(**store, 1)));
}

TEST_F(SqliteTest, two_stores_on_one_file_decide_as_one) {
  auto one = open();
  auto two = open();
  ASSERT_TRUE(good(one));
  ASSERT_TRUE(good(two));
  ASSERT_TRUE(good(insert_thread(**one, 1)));
  Thread thread = loop.run((*two)->thread(make_thread(1).id)).value();
  Batch first("update");
  first.add(op::UpdateThread{thread});
  Batch second("update");
  second.add(op::UpdateThread{thread});
  auto left = loop.start((*one)->commit(std::move(first)));
  auto right = loop.start((*two)->commit(std::move(second)));
  ASSERT_TRUE(loop.until([&] { return left.done() && right.done(); }));
  EXPECT_NE(left.get().ok(), right.get().ok());
}

TEST_F(SqliteTest, the_log_is_copied_into_the_file_as_it_grows) {
  SqliteOptions options;
  options.log_pages_max = 20;
  auto store = open(options);
  ASSERT_TRUE(good(store));
  for (int n = 1; n <= 200; ++n) ASSERT_TRUE(good(insert_thread(**store, n)));
  EXPECT_LT(std::filesystem::file_size(path() + "-wal"), 100U * 4'200U);
  store->reset();
  EXPECT_FALSE(std::filesystem::exists(path() + "-wal")) << "closing leaves one tidy file";
  EXPECT_EQ(RawSqlite(path()).column("SELECT count(*) FROM threads"), std::vector<std::string>{"200"});
}

TEST_F(SqliteTest, a_state_nobody_knows_is_named_when_read) {
  auto store = open();
  ASSERT_TRUE(good(store));
  ASSERT_TRUE(good(insert_thread(**store, 1)));
  { ASSERT_TRUE(RawSqlite(path()).run("PRAGMA ignore_check_constraints = ON; UPDATE threads SET state = 'asleep'")); }
  const auto read = loop.run((*store)->thread(make_thread(1).id));
  EXPECT_TRUE(refused(read, Errc::store_corrupt, "threads " + make_thread(1).id.str()));
}

TEST_F(SqliteTest, the_searches_of_every_turn_use_an_index) {
  ASSERT_TRUE(good(open()));
  RawSqlite raw(path());
  const std::pair<const char*, const char*> searches[] = {
      {"SELECT * FROM work WHERE due_at <= 1 ORDER BY due_at, kind, subject LIMIT 10", "work_due"},
      {"SELECT * FROM intents WHERE tenant_id = 'a' AND user_id = 'b'"
       " AND state IN ('created', 'awaiting_payment', 'unknown')",
       "intents_active"},
      {"SELECT * FROM turns WHERE thread_id = 'a' AND state = 'running'", "turns_running"}};
  for (const auto& [sql, index] : searches) {
    const std::string detail = raw.column(std::string("EXPLAIN QUERY PLAN ") + sql, 3).at(0);
    EXPECT_NE(detail.find(index), std::string::npos) << detail;
  }
}

TEST_F(SqliteTest, reads_through_the_writers_connection_only_where_nothing_is_written_meanwhile) {
  SqliteOptions options;
  options.readers = 0;
  EXPECT_TRUE(refused(open(options), Errc::internal));
}

class ReusedSqliteTest : public SqliteTest {
 protected:
  VirtualClock inlined{VirtualClock().wall(), true};
  ReusedSqlite reused{path(), SqliteOptions()};
};

TEST_F(ReusedSqliteTest, begins_each_time_without_a_row) {
  for (int life = 0; life < 3; ++life) {
    auto store = reused.open(inlined);
    ASSERT_TRUE(good(store));
    EXPECT_TRUE(refused(loop.run((*store)->thread(make_thread(1).id)), Errc::not_found)) << life;
    ASSERT_TRUE(good(insert_thread(**store, 1)));
    Batch batch("event");
    batch.add(op::AppendEvent{make_event(1, make_thread(1))});
    const auto done = loop.run((*store)->commit(std::move(batch)));
    ASSERT_TRUE(good(done));
    EXPECT_EQ(done->events.at(0).seq, 1) << "numbers begin anew";
    EXPECT_TRUE(good(loop.run((*store)->verify_ledger())));
  }
  RawSqlite raw(path());
  for (const std::string& table : raw.column("SELECT name FROM sqlite_schema WHERE type = 'table'")) {
    const std::string rows = raw.column("SELECT count(*) FROM " + table).at(0);
    EXPECT_EQ(rows == "0", table != "threads" && table != "events") << table << " " << rows;
  }
}

// Whatever a life left behind, in whichever table.
TEST_F(ReusedSqliteTest, leaves_no_row_in_any_table) {
  ASSERT_TRUE(good(reused.open(inlined)));
  RawSqlite raw(path());
  ASSERT_TRUE(raw.run("PRAGMA foreign_keys = OFF") && raw.run("PRAGMA ignore_check_constraints = ON"));
  for (const std::string& trigger : raw.column("SELECT name FROM sqlite_schema WHERE type = 'trigger'"))
    ASSERT_TRUE(raw.run("DROP TRIGGER " + trigger)) << trigger;
  const auto tables = raw.column("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'");
  ASSERT_GT(tables.size(), 10u);
  for (const std::string& table : tables) {
    std::string values;
    const auto columns = raw.column("SELECT name FROM pragma_table_info('" + table + "')");
    for (std::size_t i = 0; i < columns.size(); ++i) values += i == 0 ? "'1'" : ", '1'";
    ASSERT_TRUE(raw.run("INSERT OR REPLACE INTO " + table + " VALUES (" + values + ")")) << table;
  }
  ASSERT_TRUE(good(reused.open(inlined)));
  for (const std::string& table : tables) EXPECT_EQ(raw.column("SELECT count(*) FROM " + table).at(0), "0") << table;
}

TEST_F(ReusedSqliteTest, serves_one_store_at_a_time) {
  auto store = reused.open(inlined);
  ASSERT_TRUE(good(store));
  EXPECT_FALSE(reused.idle());
  EXPECT_TRUE(refused(reused.open(inlined), Errc::internal));
  store->reset();
  EXPECT_TRUE(reused.idle());
  EXPECT_TRUE(good(reused.open(inlined)));
}

// As a daemon that was killed and comes back while the connection of the one before it is kept.
TEST_F(ReusedSqliteTest, stands_beside_a_store_of_its_own_connection) {
  {
    auto killed = reused.open(inlined);
    ASSERT_TRUE(good(killed));
    ASSERT_TRUE(good(insert_thread(**killed, 1)));
  }
  {
    SqliteOptions options;
    options.readers = 0;
    auto back = open_sqlite(path(), options, inlined);
    ASSERT_TRUE(good(back));
    EXPECT_TRUE(good(loop.run((*back)->thread(make_thread(1).id))));
    ASSERT_TRUE(good(insert_thread(**back, 2)));
    EXPECT_TRUE(good(loop.run((*back)->verify_ledger())));
  }
  auto next = reused.open(inlined);
  ASSERT_TRUE(good(next));
  for (const int n : {1, 2}) EXPECT_TRUE(refused(loop.run((*next)->thread(make_thread(n).id)), Errc::not_found)) << n;
}

TEST_F(ReusedSqliteTest, does_not_take_back_a_connection_whose_file_is_gone) {
  auto store = reused.open(inlined);
  ASSERT_TRUE(good(store));
  std::filesystem::remove(path());
  store->reset();
  EXPECT_FALSE(reused.idle());
  EXPECT_TRUE(refused(reused.open(inlined), Errc::internal));
}

TEST_F(ReusedSqliteTest, may_go_before_its_store) {
  auto other = std::make_unique<ReusedSqlite>(folder.file("other.db"), SqliteOptions());
  auto store = other->open(inlined);
  ASSERT_TRUE(good(store));
  other.reset();
  EXPECT_TRUE(good(insert_thread(**store, 1)));
}

}  // namespace
}  // namespace purser::test
