// Sessions that stand still with rows in their hands, and the store that wants these rows.
#include "gateway/store/postgres/postgres_store.hpp"
#include "gateway/store/postgres/schema.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/postgres_server.hpp"
#include "tests/support/store_rows.hpp"

#include <gtest/gtest.h>

#include <postgresql/libpq-fe.h>
#include <stdexcept>

namespace purser::test {
namespace {

// A session that has begun a transaction, said one statement in it, and says no more.
class StandingSession {
 public:
  enum class Where : std::uint8_t { in_a_pipeline, between_two };

  StandingSession(const std::string& url, const std::string& application, const std::string& statement, Where where)
      : connection_(PQconnectdb((url + "&application_name=" + application).c_str())) {
    EXPECT_EQ(PQenterPipelineMode(connection_), 1);
    for (const std::string& sql : {std::string("BEGIN"), statement}) {
      EXPECT_EQ(PQsendQueryParams(connection_, sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0), 1);
    }
    if (where == Where::between_two) {
      EXPECT_EQ(PQpipelineSync(connection_), 1);
    }
    // Asks for the answers, and ends no pipeline.
    EXPECT_EQ(PQsendFlushRequest(connection_), 1);
    EXPECT_EQ(PQflush(connection_), 0);
    for (int answers = 0; answers < 2;) {
      PGresult* result = PQgetResult(connection_);
      if (result == nullptr && PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error("no such session");
      if (result == nullptr) continue;
      EXPECT_EQ(PQresultErrorMessage(result), std::string());
      PQclear(result);
      ++answers;
    }
  }
  ~StandingSession() { PQfinish(connection_); }
  StandingSession(const StandingSession&) = delete;

  int pid() const { return PQbackendPID(connection_); }

 private:
  PGconn* connection_;
};

class PostgresStill : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL: its store is not tested here";
    url = shared_postgres().make_database();
    options.lock_time_max = Millis(200);
  }
  std::unique_ptr<PostgresStore> open() {
    auto store = open_postgres(url, options, loop.clock);
    if (!store.ok()) throw std::runtime_error(store.error().message);
    return *std::move(store);
  }
  template <class Operation>
  Result<Receipt> commit_of(Store& store, Operation operation) {
    Batch batch("test");
    batch.add(std::move(operation));
    return loop.run(store.commit(std::move(batch)));
  }
  // Whether the server has a session with this number in that state.
  bool is(const StandingSession& session, const std::string& state) {
    const std::string of = " FROM pg_stat_activity WHERE pid = " + std::to_string(session.pid());
    const std::string how = "SELECT count(*)" + of + " AND wait_event = 'ClientRead' AND state = '" + state + "'";
    return shared_postgres().ask(url, how) == "1";
  }

  std::string url;
  PostgresOptions options;
  Loop loop;
};

// The database's own limit of idle transactions does not run there.
TEST_F(PostgresStill, in_the_middle_of_a_pipeline_it_is_ended_by_who_needs_the_row) {
  auto store = open();
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  const StandingSession other(url, "purser", "UPDATE threads SET locale = 'x'", StandingSession::Where::in_a_pipeline);
  ASSERT_TRUE(loop.until([&] { return is(other, "active"); }));
  const auto receipt = commit_of(*store, op::UpdateThread{make_thread(1)});
  EXPECT_TRUE(receipt.ok()) << receipt.error().message;
  EXPECT_FALSE(is(other, "active"));
  EXPECT_EQ(loop.run(store->thread(make_thread(1).id)).value().version, 1);
}

// An engine may know no limit of idle transactions.
TEST_F(PostgresStill, between_two_statements_it_is_ended_too) {
  auto store = open();
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  const StandingSession other(url, "purser", "UPDATE threads SET locale = 'x'", StandingSession::Where::between_two);
  ASSERT_TRUE(loop.until([&] { return is(other, "idle in transaction"); }));
  EXPECT_TRUE(commit_of(*store, op::UpdateThread{make_thread(1)}).ok());
}

TEST_F(PostgresStill, a_session_that_is_not_a_daemons_is_left_alone) {
  auto store = open();
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  const StandingSession other(url, "psql", "UPDATE threads SET locale = 'x'", StandingSession::Where::in_a_pipeline);
  ASSERT_TRUE(loop.until([&] { return is(other, "active"); }));
  EXPECT_FALSE(commit_of(*store, op::UpdateThread{make_thread(1)}).ok());
  EXPECT_TRUE(is(other, "active"));
}

// A daemon that waits for the row itself is none that stands still.
TEST_F(PostgresStill, who_waits_for_a_row_is_not_ended) {
  auto store = open();
  ASSERT_TRUE(commit_of(*store, op::InsertThread{make_thread(1)}).ok());
  const StandingSession other(url, "psql", "UPDATE threads SET locale = 'x'", StandingSession::Where::in_a_pipeline);
  const std::string waits =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = "
      "current_database()";
  PGconn* waiting = PQconnectdb((url + "&application_name=purser").c_str());
  EXPECT_EQ(PQsendQuery(waiting, "UPDATE threads SET locale = 'y'"), 1);
  ASSERT_TRUE(loop.until([&] { return shared_postgres().ask(url, waits) == "1"; }));
  EXPECT_FALSE(commit_of(*store, op::UpdateThread{make_thread(1)}).ok());
  EXPECT_EQ(shared_postgres().ask(url, waits), "1");
  PQfinish(waiting);
}

TEST_F(PostgresStill, a_daemon_begins_while_another_stands_still_at_the_schema) {
  open();
  const std::string held = "SELECT version FROM purser_schema FOR UPDATE";
  {
    const StandingSession other(url, "psql", held, StandingSession::Where::between_two);
    EXPECT_NO_THROW(open()) << "there is nothing to do, so nothing to wait for";
  }
  ASSERT_TRUE(shared_postgres().run(url, "DROP TABLE schema_guards; UPDATE purser_schema SET version = 7"));
  const StandingSession other(url, "purser", held, StandingSession::Where::in_a_pipeline);
  ASSERT_TRUE(loop.until([&] { return is(other, "active"); }));
  EXPECT_NO_THROW(open());
  EXPECT_FALSE(is(other, "active"));
  EXPECT_EQ(shared_postgres().ask(url, "SELECT version FROM purser_schema"),
            std::to_string(postgres::migrations().size()));
}

}  // namespace
}  // namespace purser::test
