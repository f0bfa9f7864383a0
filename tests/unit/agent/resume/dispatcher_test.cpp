// Due rows reach their handlers: in time, in their lane, no more than allowed at once, and again after a failure.
#include "agent/resume/dispatcher.hpp"

#include "gateway/store/forwarding_store.hpp"
#include "gateway/store/open/open.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

namespace purser {
namespace {

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    StoreSettings settings;
    settings.url = Secret("sqlite://" + folder.file("purser.db"));
    store = open_store(settings, loop.clock).value();
  }
  WorkItem row(int n, WorkKind kind, Millis from_now) {
    WorkItem item = test::make_work(n, kind, 0);
    item.due_at = loop.clock.durable() + from_now;
    return item;
  }
  void add(WorkItem item) {
    Batch batch("test");
    batch.add(op::AddWork{std::move(item)});
    ASSERT_TRUE(loop.run(store->commit(std::move(batch))).ok());
  }
  Task<Result<void>> take(WorkItem item) {
    Batch batch("test.take");
    batch.add(op::TakeWork{item.kind, item.subject});
    auto done = co_await store->commit(std::move(batch));
    if (!done) co_return done.error();
    taken.push_back(item.kind);
    co_return success();
  }
  // Under way until the test lets it go.
  Task<Result<void>> wait(WorkItem item) {
    begun += 1;
    auto slept = co_await loop.clock.sleep_until(loop.clock.now() + std::chrono::hours(1));
    if (!slept) co_return slept.error();
    co_return co_await take(std::move(item));
  }
  Dispatcher make(WorkLane lane, std::size_t at_once, bool alone = false) {
    return Dispatcher(*store, loop.clock, loop.executor(), lane, at_once, {tries_max, &metrics, alone});
  }
  void end(Dispatcher& dispatcher, test::Started<void>& running) {
    running.cancel();
    EXPECT_TRUE(loop.until([&] { return running.done(); }));
    loop.run(dispatcher.stop(std::chrono::seconds(0)));
  }

  test::Loop loop;
  test::TempFolder folder;
  std::unique_ptr<Store> store;
  std::vector<WorkKind> taken;
  int begun = 0;
  Metrics metrics;
  std::int64_t tries_max = 20;
};

TEST_F(DispatcherTest, ARowIsHandledWhenItFallsDue) {
  Dispatcher dispatcher = make(WorkLane::inside, 2);
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
  add(row(1, WorkKind::close_order, Millis(5'000)));
  auto running = loop.start(dispatcher.run());
  ASSERT_TRUE(loop.until([&] { return loop.clock.next_wake().has_value(); }));
  loop.advance(Millis(4'999));
  EXPECT_TRUE(taken.empty());
  loop.advance(Millis(1));
  EXPECT_TRUE(loop.until([&] { return taken.size() == 1; }));
  end(dispatcher, running);
}

TEST_F(DispatcherTest, NeverMoreThanAllowedAreUnderWay) {
  Dispatcher dispatcher = make(WorkLane::inside, 2);
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return wait(std::move(item)); });
  for (int n = 1; n <= 5; ++n) add(row(n, WorkKind::close_order, Millis(0)));
  auto running = loop.start(dispatcher.run());
  ASSERT_TRUE(loop.until([&] { return begun == 2; }));
  dispatcher.poke();
  loop.settle();
  EXPECT_EQ(dispatcher.under_way(), 2u);
  EXPECT_EQ(begun, 2);
  for (const int expected : {4, 5}) {
    loop.advance(std::chrono::hours(1));
    ASSERT_TRUE(loop.until([&] { return begun == expected; })) << begun;
    EXPECT_LE(dispatcher.under_way(), 2u);
  }
  end(dispatcher, running);
}

// A tenant's server that takes its time holds up no payment: the lanes share neither places nor the rows read.
TEST_F(DispatcherTest, SlowWorkOfOneLaneDoesNotHoldUpTheOther) {
  Dispatcher inside = make(WorkLane::inside, 1);
  Dispatcher outbound = make(WorkLane::outbound, 1);
  inside.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
  outbound.handle(WorkKind::deliver_webhook, [this](WorkItem item) { return wait(std::move(item)); });
  for (int n = 1; n <= 300; ++n) add(row(n, WorkKind::deliver_webhook, Millis(-1'000)));
  auto first = loop.start(inside.run());
  auto second = loop.start(outbound.run());
  ASSERT_TRUE(loop.until([&] { return begun == 1; }));
  add(row(301, WorkKind::close_order, Millis(0)));
  inside.poke();
  EXPECT_TRUE(loop.until([&] { return !taken.empty(); }));
  EXPECT_EQ(taken, std::vector<WorkKind>{WorkKind::close_order});
  end(inside, first);
  end(outbound, second);
}

// A due row that is under way is not what falls due next.
TEST_F(DispatcherTest, ALongHandlerDoesNotHideTheNextRow) {
  Dispatcher dispatcher = make(WorkLane::inside, 2);
  dispatcher.handle(WorkKind::resolve_order, [this](WorkItem item) { return wait(std::move(item)); });
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
  add(row(1, WorkKind::resolve_order, Millis(-1'000)));
  add(row(2, WorkKind::close_order, Millis(2'000)));
  auto running = loop.start(dispatcher.run());
  ASSERT_TRUE(loop.until([&] { return begun == 1; }));
  loop.settle();
  loop.advance(Millis(2'000));
  EXPECT_TRUE(loop.until([&] { return taken.size() == 1; }));
  end(dispatcher, running);
}

// Rows of another process poke nobody.
TEST_F(DispatcherTest, ARowNobodyPokedForIsFoundWithinHalfAMinute) {
  Dispatcher dispatcher = make(WorkLane::inside, 2);
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
  auto running = loop.start(dispatcher.run());
  loop.settle();
  add(row(1, WorkKind::close_order, Millis(0)));
  loop.advance(std::chrono::seconds(29));
  EXPECT_TRUE(taken.empty());
  loop.advance(std::chrono::seconds(1));
  EXPECT_TRUE(loop.until([&] { return taken.size() == 1; }));
  end(dispatcher, running);
}

TEST_F(DispatcherTest, WhoIsAloneWakesForWhatFallsDueAndForPokesOnly) {
  Dispatcher dispatcher = make(WorkLane::inside, 2, true);
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
  add(row(1, WorkKind::close_order, std::chrono::hours(2)));
  auto running = loop.start(dispatcher.run());
  loop.settle();
  add(row(2, WorkKind::close_order, Millis(0)));
  loop.advance(std::chrono::minutes(119));
  EXPECT_TRUE(taken.empty());
  loop.advance(std::chrono::minutes(1));
  EXPECT_TRUE(loop.until([&] { return taken.size() == 2; }));
  add(row(3, WorkKind::close_order, Millis(0)));
  dispatcher.poke();
  EXPECT_TRUE(loop.until([&] { return taken.size() == 3; }));
  end(dispatcher, running);
}

TEST_F(DispatcherTest, ARowThatFailedIsTriedAgainALittleLater) {
  Dispatcher dispatcher = make(WorkLane::inside, 2);
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) -> Task<Result<void>> {
    begun += 1;
    if (begun < 3) return []() -> Task<Result<void>> { co_return Error(Errc::timed_out); }();
    return take(std::move(item));
  });
  add(row(1, WorkKind::close_order, Millis(0)));
  auto running = loop.start(dispatcher.run());
  ASSERT_TRUE(loop.until([&] { return begun == 1; }));
  loop.settle();
  EXPECT_EQ(begun, 1);  // not at once
  loop.advance(Millis(250));
  ASSERT_TRUE(loop.until([&] { return begun == 2; }));
  loop.settle();
  loop.advance(Millis(250));
  EXPECT_EQ(begun, 2);  // the second pause is longer
  loop.advance(Millis(250));
  EXPECT_TRUE(loop.until([&] { return taken.size() == 1; }));
  end(dispatcher, running);
}

// Handlers that fail, and rows that stay behind.
class DispatcherPoison : public DispatcherTest {
 protected:
  Task<Result<void>> fail(Error why) { co_return why; }
  Task<Result<void>> burst() {
    co_await asio::post(loop.executor(), asio::use_awaitable);
    throw std::runtime_error("no such thing");
  }
  std::vector<WorkItem> parked() {
    return loop.run(store->work_of_kind(WorkKind::parked, std::string(), std::string(), 10)).value();
  }
  std::vector<WorkItem> rows(WorkKind kind) {
    return loop.run(store->work_of_kind(kind, std::string(), std::string(), 10)).value();
  }
  bool asked(int times, Millis step = std::chrono::seconds(30)) {
    for (int i = 0; i < 100 && begun < times; ++i) {
      loop.settle();
      if (begun < times) loop.advance(step);
    }
    loop.settle();
    return begun >= times;
  }
};

TEST_F(DispatcherPoison, ARowThatThrowsIsPutAsideWithItsReasonAndBlocksNobody) {
  tries_max = 5;
  Dispatcher dispatcher = make(WorkLane::inside, 1);  // one place alone
  dispatcher.handle(WorkKind::resolve_order, [this](WorkItem) {
    begun += 1;
    return burst();
  });
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
  const WorkItem bad = row(1, WorkKind::resolve_order, Millis(-5'000));
  add(bad);
  add(row(2, WorkKind::close_order, Millis(0)));
  auto running = loop.start(dispatcher.run());
  EXPECT_TRUE(loop.until([&] { return taken.size() == 1; })) << "the next row is done";
  ASSERT_TRUE(asked(5));
  ASSERT_TRUE(loop.until([&] { return dispatcher.under_way() == 0; }));
  ASSERT_EQ(parked().size(), 1u);
  const parking::Parked about = parking::about(parked()[0]);
  EXPECT_EQ(about.subject, bad.subject);
  EXPECT_EQ(about.tried.times, 5);
  EXPECT_EQ(about.tried.why, "internal: it threw: no such thing");
  EXPECT_TRUE(rows(WorkKind::resolve_order).empty());
  EXPECT_NE(metrics.text().find("purser_work_parked_total{kind=\"resolve_order\"} 1\n"), std::string::npos);
  loop.advance(std::chrono::hours(24));
  EXPECT_EQ(begun, 5) << "never again by itself";
  EXPECT_EQ(parking::unparked(parked()[0], bad.due_at), bad) << "whole";
  EXPECT_TRUE(loop.run(store->verify_ledger()).ok());
  end(dispatcher, running);
}

TEST_F(DispatcherPoison, TheCountOutlivesTheProcess) {
  tries_max = 6;
  add(row(1, WorkKind::close_order, Millis(0)));
  const auto fails = [this](WorkItem item) {
    begun += 1;
    EXPECT_EQ(item.payload_json, test::make_work(1, WorkKind::close_order, 0).payload_json);
    return fail(Error(Errc::store_corrupt, "cannot be"));
  };
  {
    Dispatcher first = make(WorkLane::inside, 2);
    first.handle(WorkKind::close_order, fails);
    auto running = loop.start(first.run());
    ASSERT_TRUE(asked(4, Millis(250)));
    ASSERT_TRUE(loop.until([&] { return first.under_way() == 0; }));
    end(first, running);
  }
  ASSERT_EQ(rows(WorkKind::close_order).size(), 1u);
  Dispatcher second = make(WorkLane::inside, 2);
  second.handle(WorkKind::close_order, fails);
  auto running = loop.start(second.run());
  ASSERT_TRUE(asked(6, Millis(250)));
  ASSERT_TRUE(loop.until([&] { return second.under_way() == 0; }));
  EXPECT_EQ(parked().size(), 1u);
  EXPECT_EQ(begun, 6);
  end(second, running);
}

TEST_F(DispatcherPoison, WhatTheStoreOrAPeerCannotDoForNowIsTriedForEver) {
  tries_max = 3;
  Dispatcher dispatcher = make(WorkLane::inside, 2);
  dispatcher.handle(WorkKind::close_order, [this](WorkItem) {
    begun += 1;
    return fail(begun % 2 == 0 ? Errc::store_unavailable : Errc::rail_unknown);
  });
  const WorkItem made = row(1, WorkKind::close_order, Millis(0));
  add(made);
  auto running = loop.start(dispatcher.run());
  EXPECT_TRUE(asked(30));
  EXPECT_TRUE(parked().empty());
  EXPECT_EQ(rows(WorkKind::close_order), std::vector<WorkItem>{made});
  end(dispatcher, running);
}

// 300 rows that end with `why`, all due before the one that is looked for; whether it is reached.
class DispatcherCrowd : public DispatcherPoison {
 protected:
  void expect_the_last_is_reached(Errc why) {
    Dispatcher dispatcher = make(WorkLane::inside, 4);
    dispatcher.handle(WorkKind::resolve_order, [this, why](WorkItem) {
      begun += 1;
      return fail(why);
    });
    dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
    for (int n = 1; n <= 300; ++n) add(row(n, WorkKind::resolve_order, Millis(-60'000)));
    add(row(301, WorkKind::close_order, Millis(0)));
    auto running = loop.start(dispatcher.run());
    for (int i = 0; i < 60 && taken.empty(); ++i) {
      loop.settle();
      loop.advance(std::chrono::seconds(1));
    }
    EXPECT_EQ(taken.size(), 1u) << begun;
    end(dispatcher, running);
  }
};

TEST_F(DispatcherCrowd, ManyThatFailLeaveRoomForOthers) {
  expect_the_last_is_reached(Errc::internal);
}

// What is not the row's own fault is never written into it: it stays due, before all others.
TEST_F(DispatcherCrowd, ManyThatCannotBeDoneForNowHideNobody) {
  expect_the_last_is_reached(Errc::store_unavailable);
}

// Counts how many rows it is asked for.
class CountingStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;
  Task<Result<std::vector<WorkItem>>> claim_work(UtcTime now, std::int64_t limit, WorkLane lane) override {
    most = std::max(most, limit);
    return ForwardingStore::claim_work(now, limit, lane);
  }
  std::int64_t most = 0;
};

TEST_F(DispatcherTest, OfManyThatFallDueTogetherNoMoreAreReadThanCanBegin) {
  for (int n = 1; n <= 100; ++n) add(row(n, WorkKind::close_order, Millis(0)));
  auto counting = std::make_unique<CountingStore>(std::move(store));
  const CountingStore& asked = *counting;
  store = std::move(counting);
  Dispatcher dispatcher = make(WorkLane::inside, 4);
  dispatcher.handle(WorkKind::close_order, [this](WorkItem item) { return take(std::move(item)); });
  auto running = loop.start(dispatcher.run());
  ASSERT_TRUE(loop.until([&] { return taken.size() == 100; }));
  EXPECT_EQ(asked.most, 4) << "nor is one begun again that ended while rows were read";
  end(dispatcher, running);
}

}  // namespace
}  // namespace purser
