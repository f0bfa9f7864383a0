// The PostgreSQL store on an engine that speaks the protocol and has less: a real PostgreSQL in which triggers cannot
// be made, and in which the functions that the store goes without refuse with the engine's words.
#include "gateway/store/open/open.hpp"
#include "gateway/store/postgres/listener.hpp"
#include "gateway/store/postgres/schema.hpp"
#include "tests/support/cutting_proxy.hpp"
#include "tests/support/temp_folder.hpp"
#include "tests/unit/gateway/store/postgres/postgres_home.hpp"

namespace purser::test {
namespace {

std::string name_of(const std::string& url) {
  const auto begin = url.find("/purser_") + 1;
  return url.substr(begin, url.find('?') - begin);
}

const std::string kRefuses = " LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'unimplemented' USING ERRCODE = ";

void take_triggers(const std::string& url) {
  ASSERT_TRUE(shared_postgres().run(url, "CREATE FUNCTION no_trigger() RETURNS event_trigger" + kRefuses +
                                             "'0A000'; END $$;"
                                             "CREATE EVENT TRIGGER no_triggers ON ddl_command_start"
                                             " WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION no_trigger()"));
}

// Found before PostgreSQL's own from the next connection on.
void shadow(const std::string& url, const std::string& signature, const std::string& returns,
            const std::string& state) {
  ASSERT_TRUE(shared_postgres().run(url, "CREATE FUNCTION public." + signature + " RETURNS " + returns + kRefuses +
                                             "'" + state + "'; END $$; ALTER DATABASE " + name_of(url) +
                                             " SET search_path = public, pg_catalog"));
}

void take_all(const std::string& url) {
  take_triggers(url);
  shadow(url, "pg_notify(text, text)", "void", "0A000");
  shadow(url, "set_config(text, text, boolean)", "text", "42704");
  shadow(url, "pg_terminate_backend(integer)", "boolean", "42883");
}

class LesserHome final : public PostgresHome {
 public:
  LesserHome() { take_all(url_); }
  bool guards_ledger() const override { return false; }
};

std::unique_ptr<StoreHome> make_lesser_home() {
  return std::make_unique<LesserHome>();
}

std::vector<MakeStoreHome> lesser_homes() {
  if (!PostgresServer::installed()) return {};
  return {&make_lesser_home};
}

INSTANTIATE_TEST_SUITE_P(LesserEngine, StoreConformance, testing::ValuesIn(lesser_homes()));

class Engine : public testing::Test {
 protected:
  void SetUp() override {
    if (!PostgresServer::installed()) GTEST_SKIP() << "no PostgreSQL: its store is not tested here";
    url = shared_postgres().make_database();
  }
  std::unique_ptr<PostgresStore> open_at(const std::string& where) {
    auto store = open_postgres(where, PostgresOptions(), loop.clock);
    if (!store.ok()) throw std::runtime_error(store.error().message);
    return *std::move(store);
  }
  std::vector<std::string> missing() {
    StoreSettings settings;
    settings.url = Secret(url);
    auto said = missing_guards(settings);
    EXPECT_TRUE(good(said));
    return said.ok() ? *said : std::vector<std::string>();
  }
  Result<Receipt> commit_thread(Store& store, int n) {
    Batch batch("test");
    batch.add(op::InsertThread{make_thread(n)}).add(op::AppendEvent{make_event(n, make_thread(n))});
    return loop.run(store.commit(std::move(batch)));
  }

  std::string url;
  Loop loop;
};

const std::string kUnknown = " (PostgreSQL refused (0A000): unimplemented)";
const std::vector<std::string> kAllMissing{"ledger_append_only" + kUnknown, "ledger_balance" + kUnknown,
                                           "ledger_no_truncate" + kUnknown};

TEST_F(Engine, what_it_does_not_guard_is_on_record) {
  EXPECT_TRUE(missing().empty()) << "nothing has been opened";
  take_triggers(url);
  open_at(url);
  EXPECT_EQ(missing(), kAllMissing);
  EXPECT_TRUE(good(commit_thread(*open_at(url), 1)));
}

TEST_F(Engine, what_it_comes_to_know_is_made_up_for) {
  take_triggers(url);
  open_at(url);
  ASSERT_TRUE(shared_postgres().run(url, "DROP EVENT TRIGGER no_triggers"));
  EXPECT_EQ(missing(), kAllMissing);
  open_at(url);
  EXPECT_TRUE(missing().empty());
  EXPECT_EQ(shared_postgres().ask(url, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'ledger\\_%'"), "5");
}

// A database from before guards were on record has them, and is given them once more.
TEST_F(Engine, an_older_database_is_guarded_as_before) {
  open_at(url);
  ASSERT_TRUE(shared_postgres().run(url, "DROP TABLE schema_guards; UPDATE purser_schema SET version = 7"));
  open_at(url);
  EXPECT_TRUE(missing().empty());
  EXPECT_EQ(shared_postgres().ask(url, "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'ledger\\_%'"), "5");
}

// Only what an engine does not know is gone without. A role that may not is a mistake to be mended.
TEST_F(Engine, a_guard_that_is_forbidden_is_an_error) {
  ASSERT_TRUE(shared_postgres().run(url, "CREATE FUNCTION no_trigger() RETURNS event_trigger" + kRefuses +
                                             "'42501'; END $$;"
                                             "CREATE EVENT TRIGGER no_triggers ON ddl_command_start"
                                             " WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION no_trigger()"));
  EXPECT_FALSE(open_postgres(url, PostgresOptions(), loop.clock).ok());
}

// Each by itself: a limit that is known is kept where the other is not.
TEST_F(Engine, limits_are_given_as_far_as_they_are_known) {
  ASSERT_TRUE(shared_postgres().run(
      url,
      "CREATE FUNCTION public.set_config(n text, v text, l boolean) RETURNS text LANGUAGE plpgsql AS $$ BEGIN"
      " IF n <> 'lock_timeout' THEN RAISE EXCEPTION 'unknown' USING ERRCODE = '42704'; END IF;"
      " RETURN pg_catalog.set_config(n, v, l); END $$; ALTER DATABASE " +
          name_of(url) + " SET search_path = public, pg_catalog"));
  PostgresOptions options;
  options.lock_time_max = Millis(200);
  auto store = open_postgres(url, options, loop.clock);
  ASSERT_TRUE(good(store));
  ASSERT_TRUE(good(commit_thread(**store, 1)));
  PGconn* holder = PQconnectdb(url.c_str());
  PQclear(PQexec(holder, "BEGIN; UPDATE threads SET locale = 'x'"));
  Batch batch("test");
  batch.add(op::UpdateThread{make_thread(1)});
  EXPECT_FALSE(loop.run((*store)->commit(std::move(batch))).ok());
  PQfinish(holder);
}

// The role may be forbidden to notify while the daemon runs: the commit is done, and the next one does not ask.
TEST_F(Engine, a_commit_does_not_hang_on_its_notice) {
  auto store = open_at(url);
  ASSERT_TRUE(good(commit_thread(*store, 1)));
  shadow(url, "pg_notify(text, text)", "void", "42501");
  ASSERT_EQ(shared_postgres().ask(url,
                                  "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                                  "application_name = 'purser' AND datname = current_database()"),
            "1");
  EXPECT_TRUE(good(commit_thread(*store, 2)));
  EXPECT_TRUE(good(commit_thread(*store, 3)));
  EXPECT_TRUE(good(loop.run(store->thread(make_thread(3).id))));
}

TEST_F(Engine, who_cannot_listen_looks_now_and_then) {
  TempFolder folder;
  CuttingProxy proxy(folder.path(), url.substr(url.find("?host=") + 6));
  proxy.misspell("LISTEN purser", "LISTEM purser");
  auto store = open_at(url.substr(0, url.find("?host=")) + "?host=" + folder.path());
  int missed = 0;
  store->watch([&](const Change& change) { missed += change.missed ? 1 : 0; });
  auto following = loop.start(store->follow());
  ASSERT_TRUE(loop.until([&] { return missed == 1; }));
  ASSERT_TRUE(loop.advance(postgres::Listener::kLookAnyway, 3));
  ASSERT_TRUE(loop.until([&] { return missed == 2; }));
  // It is asked again each time, and heard once it answers.
  proxy.misspell("LISTEN purser", "LISTEN purser");
  ASSERT_TRUE(loop.advance(postgres::Listener::kLookAnyway, 3));
  ASSERT_TRUE(loop.until([&] { return missed == 3; }));
  std::vector<std::string> heard;
  store->watch([&](const Change& change) {
    for (const ThreadId& id : change.threads) heard.push_back(id.str());
  });
  ASSERT_TRUE(good(commit_thread(*open_at(url), 1)));
  ASSERT_TRUE(loop.until([&] { return !heard.empty(); }));
  following.cancel();
  ASSERT_TRUE(loop.until([&] { return following.done(); }));
}

}  // namespace
}  // namespace purser::test
