#include "gateway/store/failpoint_store.hpp"

#include "gateway/store/sqlite/sqlite_store.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace purser::test {
namespace {

using When = Failpoint::When;
using What = Failpoint::What;

Failpoint point(When when, std::string name, std::int64_t nth, What what) {
  Failpoint made;
  made.when = when;
  made.name = std::move(name);
  made.nth = nth;
  made.what = what;
  return made;
}

TEST(Failpoints, are_read) {
  EXPECT_EQ(parse_failpoints("after:turn.started:1:kill").value(),
            std::vector<Failpoint>{point(When::after, "turn.started", 1, What::kill)});
  EXPECT_EQ(parse_failpoints("before:*:7:fail,after:*:12:kill").value(),
            (std::vector<Failpoint>{point(When::before, "*", 7, What::fail), point(When::after, "*", 12, What::kill)}));
}

TEST(Failpoints, that_are_not_well_formed_are_refused) {
  for (const char* text :
       {"", "before", "before:*:1", "before:*:1:fail:", "during:*:1:fail", "before::1:fail", "before:*:0:fail",
        "before:*:-1:fail", "before:*::fail", "before:*:1x:fail", "before:*:1:explode", "before:*:1:fail,",
        "before:*:99999999999999999999:fail", " before:*:1:fail"}) {
    const auto parsed = parse_failpoints(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.code(), Errc::config_bad_value) << text;
    EXPECT_EQ(parsed.error().param, "PURSER_FAILPOINT");
  }
}

class FailpointStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> open(const std::string& text) {
    return std::make_unique<FailpointStore>(open_sqlite(folder.file("purser.db"), SqliteOptions(), loop.clock).value(),
                                            parse_failpoints(text).value());
  }
  Result<Receipt> insert(Store& store, int n, std::string name = "thread.made") {
    Batch batch(std::move(name));
    batch.add(op::InsertThread{make_thread(n)});
    return loop.run(store.commit(std::move(batch)));
  }
  bool has(Store& store, int n) { return loop.run(store.thread(make_thread(n).id)).ok(); }
  // In a process of its own, inserts threads 1 to 5 until it dies. The signal it died of.
  int insert_in_child(const std::string& text) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto store = open(text);
      for (int n = 1; n <= 5; ++n) (void)insert(*store, n, "thread." + std::to_string(n));
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  TempFolder folder;
  Loop loop;
};

TEST_F(FailpointStoreTest, a_commit_fails_before_anything_is_written) {
  auto store = open("before:*:2:fail");
  EXPECT_TRUE(insert(*store, 1).ok());
  EXPECT_EQ(insert(*store, 2).code(), Errc::store_unavailable);
  EXPECT_FALSE(has(*store, 2));
  EXPECT_TRUE(insert(*store, 3).ok()) << "only the second";
}

TEST_F(FailpointStoreTest, a_commit_is_durable_and_its_answer_lost) {
  auto store = open("after:*:2:fail");
  EXPECT_TRUE(insert(*store, 1).ok());
  EXPECT_EQ(insert(*store, 2).code(), Errc::store_unavailable);
  EXPECT_TRUE(has(*store, 2));
  EXPECT_TRUE(insert(*store, 3).ok());
}

TEST_F(FailpointStoreTest, only_batches_of_the_name_count) {
  auto store = open("before:turn.started:2:fail");
  EXPECT_TRUE(insert(*store, 1, "turn.started").ok());
  EXPECT_TRUE(insert(*store, 2, "turn.ended").ok());
  EXPECT_EQ(insert(*store, 3, "turn.started").code(), Errc::store_unavailable);
}

TEST_F(FailpointStoreTest, after_counts_commits_that_succeeded) {
  auto store = open("after:*:2:fail");
  EXPECT_TRUE(insert(*store, 1).ok());
  EXPECT_EQ(insert(*store, 1).code(), Errc::store_duplicate);
  EXPECT_EQ(insert(*store, 2).code(), Errc::store_unavailable);
}

TEST_F(FailpointStoreTest, several_points_count_each_for_itself) {
  auto store = open("before:*:1:fail,before:*:3:fail,after:*:1:fail");
  EXPECT_EQ(insert(*store, 1).code(), Errc::store_unavailable);
  EXPECT_FALSE(has(*store, 1));
  EXPECT_EQ(insert(*store, 2).code(), Errc::store_unavailable);
  EXPECT_TRUE(has(*store, 2));
  EXPECT_EQ(insert(*store, 3).code(), Errc::store_unavailable);
  EXPECT_FALSE(has(*store, 3));
  EXPECT_TRUE(insert(*store, 4).ok());
}

TEST_F(FailpointStoreTest, the_process_dies_before_a_commit) {
  EXPECT_EQ(insert_in_child("before:thread.3:1:kill"), SIGKILL);
  auto store = open("before:never:1:fail");
  EXPECT_TRUE(has(*store, 2));
  EXPECT_FALSE(has(*store, 3));
}

TEST_F(FailpointStoreTest, the_process_dies_after_a_commit) {
  EXPECT_EQ(insert_in_child("after:*:3:kill"), SIGKILL);
  auto store = open("before:never:1:fail");
  EXPECT_TRUE(has(*store, 3));
  EXPECT_FALSE(has(*store, 4));
}

TEST_F(FailpointStoreTest, a_point_that_is_not_met_changes_nothing) {
  EXPECT_EQ(insert_in_child("before:*:6:kill"), 0);
  auto store = open("before:never:1:fail");
  EXPECT_TRUE(has(*store, 5));
  EXPECT_TRUE(store->healthy());
}

}  // namespace
}  // namespace purser::test
