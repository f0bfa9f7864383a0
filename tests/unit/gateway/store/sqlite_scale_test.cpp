// What is asked at every turn, and at the start, must not grow with what is long over: no read of these walks a table.
#include "gateway/store/sqlite/queries.hpp"
#include "tests/support/many_threads.hpp"
#include "tests/support/sqlite_file.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>

namespace purser::test {
namespace {

using sqlite::Database;

constexpr std::int64_t kOver = 400;
constexpr std::int64_t kWaiting = 20;

class SqliteScale : public testing::Test {
 protected:
  void SetUp() override {
    ManyThreads wanted;
    wanted.finished = kOver;
    wanted.awaiting = kWaiting;
    wanted.ordered_at = from_millis(1'767'607'200'000);
    wanted.expire_from = from_millis(1'767'607'500'000);
    wanted.expire_within = Millis(1'000);
    write_many_threads(folder.file("purser.db"), wanted);
    database = Database::open(folder.file("purser.db"), "", Millis(1'000)).value();
  }
  // Rows that statements walked past because no index led to them, since the last asking.
  int walked() {
    int steps = 0;
    for (sqlite3_stmt* one = sqlite3_next_stmt(database->handle(), nullptr); one != nullptr;
         one = sqlite3_next_stmt(database->handle(), one))
      steps += sqlite3_stmt_status(one, SQLITE_STMTSTATUS_FULLSCAN_STEP, 1);
    return steps;
  }

  TempFolder folder;
  std::unique_ptr<Database> database;
};

TEST_F(SqliteScale, no_read_of_a_turn_or_of_the_start_walks_a_table) {
  Database& db = *database;
  const ThreadId thread = ThreadId::trusted(thread_id_of(kOver));
  const std::string rest = thread.str().substr(4);
  const IntentId intent = IntentId::trusted("pi_" + rest);
  const TenantId shop = TenantId::trusted("shop");
  const UtcTime late = from_millis(1'767'608'000'000);
  const std::vector<std::pair<std::string, std::function<bool()>>> reads = {
      {"thread", [&] { return sqlite::find_thread(db, thread).ok(); }},
      {"turn", [&] { return sqlite::find_turn(db, TurnId::trusted("turn_" + rest + "a")).ok(); }},
      {"running_turn", [&] { return sqlite::find_running_turn(db, thread).ok(); }},
      {"running_turns", [&] { return sqlite::list_running_turns(db, 10'000).ok(); }},
      {"messages", [&] { return sqlite::list_messages(db, thread, 0, 100).value().size() == 4; }},
      {"recent_messages", [&] { return sqlite::list_recent_messages(db, thread, 60).value().size() == 4; }},
      {"events", [&] { return sqlite::list_events(db, thread, 0, 100).value().size() == 3; }},
      {"intent", [&] { return sqlite::find_intent(db, intent).ok(); }},
      {"intent_by_number", [&] { return sqlite::find_intent_by_number(db, OutTradeNo::trusted(rest)).ok(); }},
      {"intent_by_origin",
       [&] { return sqlite::find_intent_by_origin(db, thread, "turn_" + rest + "a:call_3_0").value().has_value(); }},
      {"open_intent", [&] { return sqlite::find_open_intent(db, shop, UserId::trusted(user_id_of(kOver + 1))).ok(); }},
      {"intents_of_thread", [&] { return sqlite::list_intents_of_thread(db, thread, 50).value().size() == 1; }},
      {"refunds_of_thread", [&] { return sqlite::list_refunds_of_thread(db, thread, 50).ok(); }},
      {"refunds_of_intent", [&] { return sqlite::list_refunds_of_intent(db, intent).ok(); }},
      {"ledger_of_intent", [&] { return sqlite::list_ledger_of_intent(db, intent).value().size() == 1; }},
      {"approval_by_origin", [&] { return sqlite::find_approval_by_origin(db, thread, "x").ok(); }},
      {"budget_used", [&] { return sqlite::find_budget_used(db, "x", late).ok(); }},
      {"audit", [&] { return sqlite::list_audit(db, thread, 0, 100).value().size() == 3; }},
      {"due_work", [&] { return sqlite::list_due_work(db, late, 100).value().size() == kWaiting; }},
      {"claim_work",
       [&] { return sqlite::list_due_work_of(db, late, 100, WorkLane::inside).value().size() == kWaiting; }},
      {"claim_outbound", [&] { return sqlite::list_due_work_of(db, late, 100, WorkLane::outbound).value().empty(); }},
      {"next_due", [&] { return sqlite::find_next_due(db, UtcTime{}, WorkLane::inside).value().has_value(); }},
      {"next_outbound", [&] { return !sqlite::find_next_due(db, UtcTime{}, WorkLane::outbound).value().has_value(); }},
      {"parked", [&] { return sqlite::list_work_of_kind(db, WorkKind::parked, "", "", 100).value().empty(); }},
      {"notification", [&] { return sqlite::find_notification(db, "wechat", rest).ok(); }},
      {"idempotency",
       [&] {
         return sqlite::find_idempotency(db, "shop POST /v1/threads/" + thread.str() + "/turns", "turn-1")
             .value()
             .has_value();
       }},
      {"threads_of_user",
       [&] {
         return sqlite::list_threads_of_user(db, shop, UserId::trusted(user_id_of(kOver)), ThreadId(), 10)
                    .value()
                    .size() == 1;
       }},
      {"old_inboxes", [&] { return sqlite::has_old_inboxes(db, UtcTime{}).ok(); }},
  };
  (void)walked();
  for (const auto& [name, read] : reads) {
    EXPECT_TRUE(read()) << name;
    EXPECT_LT(walked(), kWaiting * 2) << name;
  }
}

// Ten thousand orders may run out in one second; a payment that arrives meanwhile is told before they are.
TEST_F(SqliteScale, what_somebody_waits_for_goes_before_what_ran_out) {
  RawSqlite raw(folder.file("purser.db"));
  for (const char* kind : {"take_notification", "resume_thread", "submit_refund", "deliver_webhook"})
    for (int n = 0; n < 10; ++n)
      ASSERT_TRUE(raw.run("INSERT INTO work (kind, subject, thread_id, payload, due_at, attempts) VALUES ('" +
                          std::string(kind) + "', 'n" + std::to_string(n) + "', '', '{}', 1767607900000, 0)"));
  const auto kinds = [&](UtcTime now, std::int64_t limit) {
    std::map<WorkKind, int> out;
    const auto rows = sqlite::list_due_work_of(*database, now, limit, WorkLane::inside).value();
    for (const WorkItem& row : rows) ++out[row.kind];
    return out;
  };
  const UtcTime late = from_millis(1'767'608'000'000);
  auto found = kinds(late, 16);
  EXPECT_EQ(found[WorkKind::expire_intent], 4) << "a quarter is theirs";
  found = kinds(late, 100);
  EXPECT_EQ(found[WorkKind::expire_intent], kWaiting);
  EXPECT_EQ(found[WorkKind::take_notification], 10);
  EXPECT_EQ(found[WorkKind::resume_thread], 10);
  EXPECT_EQ(found[WorkKind::submit_refund], 10);
  EXPECT_EQ(found[WorkKind::deliver_webhook], 0) << "another lane's";
  found = kinds(from_millis(1'767'607'899'999), 100);
  EXPECT_EQ(found[WorkKind::take_notification], 0) << "not due yet";
}

}  // namespace
}  // namespace purser::test
