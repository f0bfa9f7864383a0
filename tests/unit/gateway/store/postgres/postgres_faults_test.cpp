// The PostgreSQL store when connections, servers and other daemons fail, and when there are several of it.
#include "gateway/store/postgres/postgres_store.hpp"
#include "gateway/store/postgres/schema.hpp"
#include "gateway/store/postgres/writer.hpp"
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <map>
#include <poll.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace purser::test {
namespace {

using Opened = std::unique_ptr<PostgresStore>;

class PostgresFaults : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL: its store is not tested here";
    url = shared_postgres().make_database();
  }

  PostgresServer& server() { return shared_postgres(); }
  Opened open(const PostgresOptions& options = PostgresOptions()) { return open_at(url, options); }
  Opened open_at(const std::string& where, const PostgresOptions& options = PostgresOptions()) {
    auto store = open_postgres(where, options, loop.clock);
    if (!store.ok()) throw std::runtime_error(store.error().message);
    return *std::move(store);
  }
  Result<Receipt> commit(Store& store, Batch batch) { return loop.run(store.commit(std::move(batch))); }
  template <class... Operations>
  Result<Receipt> commit_of(Store& store, Operations... operations) {
    Batch batch("test");
    (batch.add(std::move(operations)), ...);
    return commit(store, std::move(batch));
  }
  // One of `server`'s connections is in the way of the store.
  std::string end_backends() {
    return server().ask(url,
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = "
                        "'purser' AND datname = current_database()");
  }

  std::string url;
  Loop loop;
};

// The name of a store that a proxy stands before.
std::string proxied(const std::string& url, const std::string& folder) {
  return url.substr(0, url.find("?host=")) + "?host=" + folder;
}

TEST_F(PostgresFaults, a_commit_that_the_server_never_got_is_done_again) {
  TempFolder folder;
  CuttingProxy proxy(folder.path(), url.substr(url.find("?host=") + 6));
  auto store = open_at(proxied(url, folder.path()));
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  proxy.cut(CuttingProxy::Cut::before);
  const auto receipt =
      commit_of(*store, op::UpdateThread{make_thread(1)}, op::AppendEvent{make_event(1, make_thread(1))});
  EXPECT_TRUE(proxy.has_cut());
  ASSERT_TRUE(receipt.ok()) << receipt.error().message;
  EXPECT_EQ(receipt->events.at(0).seq, 1);
  EXPECT_EQ(loop.run(store->thread(make_thread(1).id)).value().version, 1);
  EXPECT_EQ(loop.run(store->events(make_thread(1).id, 0, 10)).value().size(), 1U);
}

TEST_F(PostgresFaults, a_commit_whose_answer_was_lost_is_found_out) {
  TempFolder folder;
  CuttingProxy proxy(folder.path(), url.substr(url.find("?host=") + 6));
  auto store = open_at(proxied(url, folder.path()));
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  for (int round = 1; round <= 5; ++round) {
    Thread thread = make_thread(1);
    thread.version = round - 1;
    proxy.cut(CuttingProxy::Cut::after);
    // Done again, it would be refused: the version is another one now.
    const auto receipt =
        commit_of(*store, op::UpdateThread{thread}, op::AppendEvent{make_event(round, make_thread(1))});
    EXPECT_TRUE(proxy.has_cut());
    ASSERT_TRUE(receipt.ok()) << receipt.error().message;
    EXPECT_EQ(receipt->events.at(0).seq, round);
  }
  EXPECT_EQ(loop.run(store->thread(make_thread(1).id)).value().version, 5);
  EXPECT_EQ(loop.run(store->events(make_thread(1).id, 0, 10)).value().size(), 5U);
}

// Finding out is a transaction as well: the row that it leaves, when its own answer is lost, is not the lost one's.
TEST_F(PostgresFaults, finding_out_may_be_cut_off_too) {
  TempFolder folder;
  CuttingProxy proxy(folder.path(), url.substr(url.find("?host=") + 6));
  auto store = open_at(proxied(url, folder.path()));
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  for (const auto first : {CuttingProxy::Cut::before, CuttingProxy::Cut::after}) {
    Thread thread = make_thread(1);
    thread.version = first == CuttingProxy::Cut::before ? 0 : 1;
    proxy.cut(first);
    proxy.cut(CuttingProxy::Cut::after, "INSERT INTO commits (id, at)");
    const auto receipt = commit_of(*store, op::UpdateThread{thread});
    EXPECT_TRUE(proxy.has_cut());
    ASSERT_TRUE(receipt.ok()) << receipt.error().message;
    EXPECT_EQ(loop.run(store->thread(thread.id)).value().version, thread.version + 1) << "acknowledged and not done";
  }
}

TEST_F(PostgresFaults, backends_that_are_ended_lose_and_double_nothing) {
  auto store = open();
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  const Turn turn = make_turn(1, make_thread(1));
  std::atomic<bool> stop{false};
  std::thread storm([&] {
    while (!stop) {
      end_backends();
      ::poll(nullptr, 0, 15);
    }
  });
  std::vector<int> acknowledged;
  for (int n = 1; n <= 150; ++n) {
    Message message = make_message(n, turn);
    message.text = std::to_string(n);
    if (commit_of(*store, op::AppendMessage{message}).ok()) acknowledged.push_back(n);
  }
  stop = true;
  storm.join();
  const auto stored = loop.run(store->messages(make_thread(1).id, 0, 1'000));
  ASSERT_TRUE(stored.ok());
  std::map<std::string, int> found;
  for (const Message& message : *stored) ++found[message.text];
  for (const auto& [text, count] : found) EXPECT_EQ(count, 1) << text;
  for (const int n : acknowledged)
    EXPECT_EQ(found.count(std::to_string(n)), 1U) << n << " was acknowledged and is lost";
  EXPECT_GT(acknowledged.size(), 75U) << "most get through";
}

TEST_F(PostgresFaults, a_server_that_restarts_is_found_again) {
  PostgresServer own;
  const std::string here = own.make_database();
  auto store = open_at(here);
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  own.stop(true);
  EXPECT_EQ(commit_of(*store, op::InsertThread{make_thread(2)}).code(), Errc::store_unavailable);
  EXPECT_EQ(loop.run(store->thread(make_thread(1).id)).code(), Errc::store_unavailable);
  EXPECT_TRUE(store->healthy()) << "it comes back";
  own.start();
  EXPECT_TRUE(loop.run(store->thread(make_thread(1).id)).ok()) << "what was acknowledged before the crash";
  EXPECT_TRUE(commit_of(*store, op::InsertThread{make_thread(2)}).ok());
}

TEST_F(PostgresFaults, a_row_that_is_held_too_long_is_not_waited_for) {
  PostgresOptions options;
  options.lock_time_max = Millis(200);
  auto store = open(options);
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  std::thread holder(
      [&] { EXPECT_TRUE(server().run(url, "BEGIN; UPDATE threads SET locale = 'x'; SELECT pg_sleep(2); ROLLBACK")); });
  const std::string held =
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(2)%' AND wait_event = "
      "'PgSleep' AND datname = current_database()";
  while (server().ask(url, held) != "1") ::poll(nullptr, 0, 5);
  EXPECT_EQ(commit_of(*store, op::UpdateThread{make_thread(1)}).code(), Errc::store_unavailable);
  EXPECT_TRUE(commit_of(*store, op::InsertThread{make_thread(2)}).ok()) << "others are not in its way";
  holder.join();
  EXPECT_TRUE(commit_of(*store, op::UpdateThread{make_thread(1)}).ok());
}

// Two stores, two threads' rows in opposite order: the database ends one transaction, which is done again.
TEST_F(PostgresFaults, a_deadlock_is_resolved_by_doing_it_again) {
  auto one = open();
  auto two = open();
  ASSERT_TRUE(commit_of(*one, op::InsertThread{make_thread(1)}, op::InsertThread{make_thread(2)}).ok());
  for (int round = 0; round < 40; ++round) {
    Batch forth("forth");
    Batch back("back");
    for (int n = 0; n < 10; ++n) forth.add(op::AppendEvent{make_event(n, make_thread(n % 2 + 1))});
    for (int n = 0; n < 10; ++n) back.add(op::AppendEvent{make_event(n, make_thread((n + 1) % 2 + 1))});
    auto first = loop.start(one->commit(std::move(forth)));
    auto second = loop.start(two->commit(std::move(back)));
    ASSERT_TRUE(loop.until([&] { return first.done() && second.done(); }));
    EXPECT_TRUE(first.get().ok());
    EXPECT_TRUE(second.get().ok());
  }
  for (int n = 1; n <= 2; ++n) {
    const auto events = loop.run(one->events(make_thread(n).id, 0, 10'000)).value();
    EXPECT_EQ(events.size(), 400U);
    EXPECT_EQ(events.back().seq, 400) << "numbers leave no gap";
  }
}

TEST_F(PostgresFaults, two_daemons_post_into_one_chain) {
  auto one = open();
  auto two = open();
  std::vector<Started<Result<Receipt>>> started;
  for (int n = 1; n <= 40; ++n) {
    Thread thread = make_thread(n);
    PaymentIntent intent = make_intent(n, thread);
    intent.state = IntentState::succeeded;
    intent.captured = intent.amount;
    Batch batch("paid");
    batch.add(op::InsertThread{thread}).add(op::InsertIntent{intent}).add(op::PostLedger{make_capture(intent)});
    started.push_back(loop.start((n % 2 == 0 ? one : two)->commit(std::move(batch))));
  }
  for (auto& commit : started) {
    ASSERT_TRUE(loop.until([&] { return commit.done(); }));
    EXPECT_TRUE(commit.get().ok());
  }
  EXPECT_TRUE(loop.run(one->verify_ledger()).ok());
  EXPECT_EQ(loop.run(two->ledger_totals(make_thread(1).tenant)).value().entries, 40);
}

TEST_F(PostgresFaults, work_that_one_daemon_claimed_another_leaves_alone_until_the_claim_runs_out) {
  PostgresOptions brief;
  brief.claim = Millis(150);
  auto one = open(brief);
  auto two = open();
  Batch batch("work");
  for (int n = 1; n <= 10; ++n) batch.add(op::AddWork{make_work(n, WorkKind::close_order, n)});
  ASSERT_TRUE(commit(*one, std::move(batch)).ok());
  EXPECT_EQ(loop.run(one->claim_work(from_millis(100), 4, WorkLane::inside)).value().size(), 4U);
  const auto others = loop.run(two->claim_work(from_millis(100), 100, WorkLane::inside)).value();
  ASSERT_EQ(others.size(), 6U);
  EXPECT_EQ(others.front().due_at, from_millis(5));
  // `one` is gone: two gets its rows when its claim has run out.
  ASSERT_TRUE(loop.until(
      [&] { return loop.run(two->claim_work(from_millis(100), 100, WorkLane::inside)).value().size() == 10U; }));
  EXPECT_TRUE(loop.run(one->claim_work(from_millis(100), 100, WorkLane::inside)).value().empty());
}

TEST_F(PostgresFaults, a_turn_is_held_for_its_lease_and_no_longer) {
  auto one = open();
  auto two = open();
  const Turn turn = make_turn(1, make_thread(1));
  ASSERT_TRUE(commit_of(*one, op::InsertThread{make_thread(1)}, op::InsertTurn{turn, Millis(60'000)}).ok());
  EXPECT_GT(loop.run(two->turn_lease(turn.id)).value().left, Millis(30'000));
  EXPECT_TRUE(loop.run(two->running_turns(10)).value().empty()) << "somebody drives it";
  EXPECT_EQ(commit_of(*two, op::TakeTurn{turn.id, 1, Millis(1'000)}).code(), Errc::store_conflict);
  ASSERT_TRUE(commit_of(*one, op::HoldTurn{turn.id, 1, Millis(50)}).ok());
  ASSERT_TRUE(loop.until([&] { return !loop.run(two->running_turns(10)).value().empty(); }));
  ASSERT_TRUE(commit_of(*two, op::TakeTurn{turn.id, 1, Millis(60'000)}).ok());
  EXPECT_EQ(commit_of(*one, op::HoldTurn{turn.id, 1, Millis(60'000)}).code(), Errc::store_conflict)
      << "it is fenced off";
}

TEST_F(PostgresFaults, an_idempotency_key_is_held_for_its_lease_and_no_longer) {
  auto one = open();
  auto two = open();
  const IdempotencyRow row = make_idempotency(1);
  ASSERT_TRUE(commit_of(*one, op::InsertIdempotency{row, Millis(60'000)}).ok());
  const op::TakeIdempotency take{row.scope, row.key, row.owner, "two", Millis(60'000)};
  EXPECT_EQ(commit_of(*two, take).code(), Errc::store_conflict) << "somebody works on it";
  ASSERT_TRUE(commit_of(*one, op::HoldIdempotency{row.scope, row.key, row.owner, Millis(50)}).ok());
  ASSERT_TRUE(loop.until([&] { return commit_of(*two, take).ok(); }));
  EXPECT_EQ(commit_of(*one, op::HoldIdempotency{row.scope, row.key, row.owner, Millis(60'000)}).code(),
            Errc::store_conflict);
  EXPECT_EQ(commit_of(*one, op::FinishIdempotency{row.scope, row.key, row.owner, 200, "late"}).code(),
            Errc::store_conflict)
      << "the answer is the other's";
}

TEST_F(PostgresFaults, what_one_daemon_commits_wakes_the_other) {
  auto one = open();
  auto two = open();
  const Thread thread = make_thread(1);
  ASSERT_TRUE(commit_of(*one, op::InsertThread{thread}).ok());
  int missed = 0;
  std::vector<std::string> heard;
  const auto hear = [&](const Change& change) {
    missed += change.missed ? 1 : 0;
    for (const ThreadId& id : change.threads) heard.push_back(id.str());
  };
  two->watch(hear);
  auto following = loop.start(two->follow());
  ASSERT_TRUE(loop.until([&] { return missed == 1; })) << "first, whatever it did not hear";
  ASSERT_TRUE(commit_of(*one, op::AppendEvent{make_event(1, thread)}).ok());
  ASSERT_TRUE(loop.until([&] { return !heard.empty(); }));
  EXPECT_EQ(heard, std::vector<std::string>{thread.id.str()});
  // Its own it hears once, from itself.
  heard.clear();
  ASSERT_TRUE(commit_of(*two, op::AppendEvent{make_event(2, thread)}).ok());
  ASSERT_TRUE(commit_of(*one, op::AppendEvent{make_event(3, thread)}).ok());
  ASSERT_TRUE(loop.until([&] { return heard.size() >= 2; }));
  EXPECT_EQ(heard.size(), 2U);
  following.cancel();
  ASSERT_TRUE(loop.until([&] { return following.done(); }));
}

// A session that a pooler lends may be one that listens: what it hears is not for who borrowed it, and not kept.
TEST_F(PostgresFaults, what_nobody_takes_is_not_kept) {
  postgres::Connection lent(postgres::Address{url});
  ASSERT_TRUE(lent.query("LISTEN purser").ok());
  for (int n = 0; n < 3; ++n) {
    ASSERT_TRUE(lent.query("SELECT pg_notify('purser', 'me thr_1')").ok());
    ASSERT_TRUE(lent.query("SELECT 1").ok());
  }
  EXPECT_EQ(lent.take_notices().value(), std::vector<std::string>());
}

TEST(PostgresNotice, says_who_and_which_threads) {
  const std::vector<ThreadId> two{ThreadId::trusted("thr_a"), ThreadId::trusted("thr_b")};
  EXPECT_EQ(postgres::notice_of("me", two), "me thr_a thr_b");
  EXPECT_FALSE(postgres::change_in("me thr_a", "me").has_value());
  EXPECT_EQ(postgres::change_in("you thr_a thr_b", "me")->threads, two);
  const std::vector<ThreadId> many(1'000, ThreadId::trusted("thr_0123456789012345678901"));
  EXPECT_EQ(postgres::notice_of("you", many), "you *");
  EXPECT_TRUE(postgres::change_in("you *", "me")->missed);
}

// A daemon that is stopped in the middle of a transaction keeps its locks no longer than they may be waited for.
TEST_F(PostgresFaults, a_daemon_that_stands_still_does_not_hold_up_the_others) {
  PostgresOptions options;
  options.lock_time_max = Millis(400);
  auto store = open(options);
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  for (int round = 0; round < 12; ++round) {
    store.reset();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      Loop its;
      auto stores = open_postgres(url, options, its.clock);
      if (!stores) ::_exit(2);
      for (int n = 0;; ++n) {
        Batch batch("child");
        for (int k = 0; k < 20; ++k) batch.add(op::AppendEvent{make_event(k, make_thread(1))});
        (void)its.run((*stores)->commit(std::move(batch)));
        if (n == 3 + round && ::write(ends[1], "x", 1) != 1) ::_exit(3);
      }
    }
    ::close(ends[1]);
    char told = 0;
    ASSERT_EQ(::read(ends[0], &told, 1), 1);
    ::close(ends[0]);
    ::kill(child, SIGSTOP);  // somewhere between two statements, or in the middle of none
    store = open(options);
    // Not always the first: what its backend was sent before it stopped may have to be done yet.
    EXPECT_TRUE(loop.until([&] { return commit_of(*store, op::AppendEvent{make_event(round, make_thread(1))}).ok(); }))
        << "round " << round << ": "
        << server().ask(url,
                        "SELECT string_agg(concat_ws(' ', pid, state, wait_event_type, wait_event, query), '; ')"
                        " FROM pg_stat_activity WHERE datname = current_database()");
    ::kill(child, SIGKILL);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  }
}

TEST_F(PostgresFaults, a_migration_that_fails_halfway_is_done_again_whole) {
  postgres::Address address;
  address.url = url;
  postgres::Connection connection(address);
  const std::vector<postgres::Migration> bad{
      {1, 1, {"CREATE TABLE one (x INTEGER)"}},
      {2, 1, {"CREATE TABLE two (x INTEGER)", "CREATE TABEL three (x INTEGER)"}}};
  EXPECT_FALSE(postgres::migrate(connection, bad).ok());
  EXPECT_EQ(server().ask(url, "SELECT version FROM purser_schema"), "1");
  EXPECT_FALSE(server().run(url, "SELECT * FROM two"));
  std::vector<postgres::Migration> good = bad;
  good[1].statements[1] = "CREATE TABLE three (x INTEGER)";
  EXPECT_TRUE(postgres::migrate(connection, good).ok());
  EXPECT_TRUE(server().run(url, "SELECT * FROM two, three"));
  EXPECT_TRUE(postgres::migrate(connection, good).ok()) << "there is nothing left to do";
}

TEST_F(PostgresFaults, several_daemons_may_bring_an_empty_database_up_at_once) {
  std::vector<pid_t> children;
  for (int n = 0; n < 4; ++n) {
    children.push_back(::fork());
    if (children.back() == 0) {
      Loop its;
      ::_exit(open_postgres(url, PostgresOptions(), its.clock).ok() ? 0 : 1);
    }
  }
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  EXPECT_EQ(server().ask(url, "SELECT version FROM purser_schema"), std::to_string(postgres::migrations().size()));
}

// While new daemons are rolled out, old ones go on as long as the new schema lets them.
TEST_F(PostgresFaults, an_older_program_works_on_a_newer_schema_that_allows_it) {
  open();
  const std::string known = std::to_string(postgres::migrations().size());
  ASSERT_TRUE(server().run(url, "UPDATE purser_schema SET version = version + 3"));
  EXPECT_TRUE(commit_of(*open(), op::InsertThread{make_thread(1)}).ok());
  ASSERT_TRUE(server().run(url, "UPDATE purser_schema SET oldest_program = " + known + " + 1"));
  EXPECT_EQ(open_postgres(url, PostgresOptions(), loop.clock).code(), Errc::store_from_future);
}

TEST_F(PostgresFaults, tables_of_another_program_are_left_alone) {
  ASSERT_TRUE(server().run(url, "CREATE TABLE threads (theirs INTEGER)"));
  EXPECT_EQ(open_postgres(url, PostgresOptions(), loop.clock).code(), Errc::store_corrupt);
  EXPECT_TRUE(server().run(url, "SELECT theirs FROM threads"));
}

TEST_F(PostgresFaults, a_database_that_may_lose_what_it_acknowledged_is_refused) {
  const std::string name = url.substr(url.find("/purser_") + 1, url.find('?') - url.find("/purser_") - 1);
  ASSERT_TRUE(server().run(url, "ALTER DATABASE " + name + " SET synchronous_commit = off"));
  const auto store = open_postgres(url, PostgresOptions(), loop.clock);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.code(), Errc::store_unavailable);
  EXPECT_NE(store.error().message.find("synchronous_commit"), std::string::npos);
}

}  // namespace
}  // namespace purser::test
