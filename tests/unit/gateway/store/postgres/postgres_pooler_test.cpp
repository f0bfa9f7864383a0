// The PostgreSQL store through PgBouncer in transaction mode: the suite of all stores, and what is different there.
#include "gateway/store/postgres/listener.hpp"
#include "tests/support/pg_bouncer.hpp"
#include "tests/unit/gateway/store/postgres/postgres_home.hpp"

namespace purser::test {
namespace {

PgBouncer& shared_pooler() {
  static PgBouncer pooler(shared_postgres().url("postgres"));
  return pooler;
}

class PooledHome final : public PostgresHome {
 protected:
  std::string store_url() override { return shared_pooler().through(url_); }
};

std::unique_ptr<StoreHome> make_pooled_home() {
  return std::make_unique<PooledHome>();
}

bool pooler_installed() {
  return PostgresServer::installed() && PgBouncer::installed();
}

std::vector<MakeStoreHome> pooled_homes() {
  if (!pooler_installed()) return {};
  return {&make_pooled_home};
}

INSTANTIATE_TEST_SUITE_P(PgBouncer, StoreConformance, testing::ValuesIn(pooled_homes()));

class Pooler : public testing::Test {
 protected:
  void SetUp() override {
    if (!pooler_installed()) GTEST_SKIP() << "no PgBouncer: the store behind one is not tested here";
    url = shared_postgres().make_database();
  }
  std::unique_ptr<PostgresStore> open() {
    auto store = open_postgres(shared_pooler().through(url), PostgresOptions(), loop.clock);
    if (!store.ok()) throw std::runtime_error(store.error().message);
    return *std::move(store);
  }

  std::string url;
  Loop loop;
};

// What LISTEN has registered is a session that is lent to somebody else by then.
TEST_F(Pooler, what_others_commit_is_found_a_little_later) {
  auto one = open();
  auto two = open();
  int missed = 0;
  two->watch([&](const Change& change) { missed += change.missed ? 1 : 0; });
  auto following = loop.start(two->follow());
  ASSERT_TRUE(loop.until([&] { return missed == 1; }));
  for (int n = 1; n <= 20; ++n) {
    Batch batch("test");
    batch.add(op::InsertThread{make_thread(n)}).add(op::AppendEvent{make_event(n, make_thread(n))});
    ASSERT_TRUE(loop.run(one->commit(std::move(batch))).ok());
  }
  ASSERT_TRUE(loop.advance(postgres::Listener::kLookAnyway, 3));
  EXPECT_EQ(missed, 2);
  following.cancel();
  ASSERT_TRUE(loop.until([&] { return following.done(); }));
}

// More daemons, each with its connections, than the pooler has sessions.
TEST_F(Pooler, many_daemons_share_a_few_sessions) {
  std::vector<std::unique_ptr<PostgresStore>> daemons;
  for (int n = 0; n < 4; ++n) daemons.push_back(open());
  std::vector<Started<Result<Receipt>>> started;
  for (int n = 1; n <= 40; ++n) {
    Thread thread = make_thread(n);
    PaymentIntent intent = make_intent(n, thread);
    intent.state = IntentState::succeeded;
    intent.captured = intent.amount;
    Batch batch("paid");
    batch.add(op::InsertThread{thread}).add(op::InsertIntent{intent}).add(op::PostLedger{make_capture(intent)});
    started.push_back(loop.start(daemons[static_cast<std::size_t>(n) % 4]->commit(std::move(batch))));
  }
  for (auto& commit : started) {
    ASSERT_TRUE(loop.until([&] { return commit.done(); }));
    EXPECT_TRUE(good(commit.get()));
  }
  EXPECT_TRUE(good(loop.run(daemons[0]->verify_ledger())));
  EXPECT_EQ(loop.run(daemons[1]->ledger_totals(make_thread(1).tenant)).value().entries, 40);
  // What was said for one transaction is gone with it: the sessions are nobody's.
  EXPECT_EQ(shared_postgres().ask(shared_pooler().through(url), "SHOW lock_timeout"), "0");
}

}  // namespace
}  // namespace purser::test
