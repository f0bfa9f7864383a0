#include "gateway/store/metered_store.hpp"

#include "gateway/store/failpoint_store.hpp"
#include "gateway/store/sqlite/sqlite_store.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

class MeteredStoreTest : public testing::Test {
 protected:
  std::unique_ptr<Store> sqlite() { return open_sqlite(folder.file("purser.db"), SqliteOptions(), loop.clock).value(); }
  Result<Receipt> commit(Store& store, Batch batch) { return loop.run(store.commit(std::move(batch))); }

  TempFolder folder;
  Loop loop;
  Metrics metrics;
};

TEST_F(MeteredStoreTest, CountsWhatWasCommittedAndWhatCameOfIt) {
  MeteredStore store(sqlite(), metrics, loop.clock);
  const Thread thread = make_thread(1);
  Batch opened("test.open");
  opened.add(op::InsertThread{thread});
  ASSERT_TRUE(commit(store, std::move(opened)).ok());
  Batch told("test.told");
  for (const char* type : {"intent.created", "intent.created", "intent.succeeded"}) {
    StreamEvent event;
    event.thread = thread.id;
    event.type = type;
    event.data_json = "{}";
    told.add(op::AppendEvent{std::move(event)});
  }
  ASSERT_TRUE(commit(store, std::move(told)).ok());
  EXPECT_EQ(metrics.value(kCommits, {{"outcome", "committed"}}), 2u);
  EXPECT_EQ(metrics.value(kCommitTime, {}), 2u);
  EXPECT_EQ(metrics.value(kEvents, {{"type", "intent.created"}}), 2u);
  EXPECT_EQ(metrics.value(kEvents, {{"type", "intent.succeeded"}}), 1u);
}

TEST_F(MeteredStoreTest, AddsUpWhatIsWrittenIntoTheLedger) {
  MeteredStore store(sqlite(), metrics, loop.clock);
  const Thread thread = make_thread(1);
  PaymentIntent intent = make_intent(1, thread);
  intent.captured = intent.amount;
  Batch opened("test.open");
  opened.add(op::InsertThread{thread});
  ASSERT_TRUE(commit(store, std::move(opened)).ok());
  const LedgerEntry line = make_capture(intent);
  Batch paid("test.paid");
  paid.add(op::InsertIntent{intent}).add(op::PostLedger{line});
  ASSERT_TRUE(commit(store, std::move(paid)).ok());
  Batch twice("test.twice");
  twice.add(op::PostLedger{line});
  ASSERT_FALSE(commit(store, std::move(twice)).ok());
  EXPECT_EQ(metrics.value(kLedger, {{"kind", "capture"}, {"currency", "CNY"}}),
            static_cast<std::uint64_t>(line.amount.minor()));
}

TEST_F(MeteredStoreTest, WhatWasRefusedHasNoEvents) {
  MeteredStore store(sqlite(), metrics, loop.clock);
  const Thread thread = make_thread(1);
  Batch opened("test.open");
  opened.add(op::InsertThread{thread});
  ASSERT_TRUE(commit(store, std::move(opened)).ok());
  Batch again("test.again");
  StreamEvent event;
  event.thread = thread.id;
  event.type = "intent.created";
  event.data_json = "{}";
  again.add(op::AppendEvent{std::move(event)});
  again.add(op::InsertThread{thread});
  ASSERT_EQ(commit(store, std::move(again)).code(), Errc::store_duplicate);
  EXPECT_EQ(metrics.value(kCommits, {{"outcome", "store_duplicate"}}), 1u);
  EXPECT_EQ(metrics.value(kEvents, {{"type", "intent.created"}}), 0u);
}

TEST_F(MeteredStoreTest, KnowsWhetherTheLastCommitFoundTheStoreRefusing) {
  auto points = parse_failpoints("before:test.open:2:fail");
  MeteredStore store(std::make_unique<FailpointStore>(sqlite(), std::move(*points)), metrics, loop.clock);
  const auto open = [&](int n) {
    Batch batch("test.open");
    batch.add(op::InsertThread{make_thread(n)});
    return commit(store, std::move(batch));
  };
  EXPECT_FALSE(store.refuses());
  EXPECT_TRUE(open(1).ok());
  EXPECT_FALSE(store.refuses());
  EXPECT_EQ(open(2).code(), Errc::store_unavailable);
  EXPECT_TRUE(store.refuses());
  EXPECT_EQ(open(1).code(), Errc::store_duplicate) << "it looked, so it works";
  EXPECT_FALSE(store.refuses());
}

}  // namespace
}  // namespace purser::test
