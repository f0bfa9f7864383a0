#include "gateway/async/backoff.hpp"
#include "gateway/async/mailbox.hpp"
#include "gateway/async/mutex.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/async/run_on.hpp"
#include "gateway/async/signal.hpp"
#include "gateway/async/with_timeout.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace purser {
namespace {

using namespace std::chrono_literals;
using test::Loop;

// --- run_on ---

template <class F>
Task<Result<int>> on_pool(Clock& clock, asio::thread_pool& pool, F job) {
  int value = co_await run_on(clock, pool, std::move(job));
  co_return value;
}

TEST(RunOn, BringsTheResultBack) {
  Loop loop;
  asio::thread_pool pool(1);
  auto r = loop.run(on_pool(loop.clock, pool, [] { return 42; }));
  EXPECT_EQ(*r, 42);
  pool.join();
}

TEST(RunOn, RethrowsWhatTheJobThrew) {
  Loop loop;
  asio::thread_pool pool(1);
  auto job = []() -> int { throw std::runtime_error("in the job"); };
  EXPECT_THROW((void)loop.run(on_pool(loop.clock, pool, job)), std::runtime_error);
  pool.join();
}

TEST(RunOn, TheJobEndsThoughItsCallerWasCanceled) {
  Loop loop;
  asio::thread_pool pool(1);
  std::atomic<bool> go{false};
  auto job = [&go] {
    while (!go) std::this_thread::yield();
    return 42;
  };
  auto task = loop.start(on_pool(loop.clock, pool, job));
  loop.ioc.poll();
  task.cancel();
  loop.ioc.poll();
  EXPECT_FALSE(task.done());
  go = true;
  EXPECT_TRUE(loop.until([&] { return task.done(); }));
  EXPECT_EQ(*task.get(), 42);
  pool.join();
}

TEST(RunOn, VirtualTimeWaitsForTheJob) {
  Loop loop;
  asio::thread_pool pool(1);
  auto job = [] {
    std::this_thread::yield();
    return 1;
  };
  auto r = loop.play(with_timeout(loop.clock, on_pool(loop.clock, pool, job), Deadline::after(loop.clock, 1ms)));
  EXPECT_TRUE(r.ok());
  pool.join();
}

// --- OneShot ---

TEST(OneShot, AllWaitersSeeTheFirstOutcome) {
  Loop loop;
  OneShot<int> slot(loop.executor());
  auto a = loop.start(slot.get());
  auto b = loop.start(slot.get());
  EXPECT_TRUE(loop.settle());
  EXPECT_FALSE(a.done());
  slot.set(5);
  slot.set(6);
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(*a.get(), 5);
  EXPECT_EQ(*b.get(), 5);
  EXPECT_EQ(*loop.run(slot.get()), 5) << "also for one who comes later";
}

TEST(OneShot, OneWaiterGivesUpTheOthersStay) {
  Loop loop;
  OneShot<int> slot(loop.executor());
  auto impatient = loop.start(with_timeout(loop.clock, slot.get(), Deadline::after(loop.clock, 1s)));
  auto patient = loop.start(slot.get());
  EXPECT_TRUE(loop.advance(2s));
  EXPECT_EQ(impatient.get().code(), Errc::timed_out);
  EXPECT_FALSE(patient.done());
  slot.set(Error(Errc::rail_unknown));
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(patient.get().code(), Errc::rail_unknown);
}

// --- Mailbox ---

TEST(Mailbox, KeepsOrderRefusesAboveItsCapacityAndDrainsAfterClose) {
  Loop loop;
  Mailbox<int> box(loop.executor(), 2);
  EXPECT_TRUE(box.try_push(1).ok());
  EXPECT_TRUE(box.try_push(2).ok());
  EXPECT_EQ(box.try_push(3).code(), Errc::overloaded);
  box.close();
  EXPECT_EQ(box.try_push(4).code(), Errc::shutting_down);
  EXPECT_EQ(**loop.run(box.pop()), 1);
  EXPECT_EQ(**loop.run(box.pop()), 2);
  EXPECT_FALSE(loop.run(box.pop())->has_value());
}

TEST(Mailbox, AWaiterGetsWhatComes) {
  Loop loop;
  Mailbox<std::unique_ptr<int>> box(loop.executor(), 2);
  auto waiter = loop.start(box.pop());
  EXPECT_TRUE(loop.settle());
  EXPECT_TRUE(box.try_push(std::make_unique<int>(9)).ok());
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(***waiter.get(), 9);
}

TEST(Mailbox, CloseEndsTheWaiters) {
  Loop loop;
  Mailbox<int> box(loop.executor(), 2);
  auto a = loop.start(box.pop());
  auto b = loop.start(box.pop());
  EXPECT_TRUE(loop.settle());
  box.close();
  EXPECT_TRUE(loop.settle());
  EXPECT_FALSE(a.get()->has_value());
  EXPECT_FALSE(b.get()->has_value());
}

TEST(Mailbox, AnItemMeantForACanceledWaiterGoesToTheNext) {
  Loop loop;
  Mailbox<int> box(loop.executor(), 2);
  auto first = loop.start(box.pop());
  auto second = loop.start(box.pop());
  EXPECT_TRUE(loop.settle());
  // On the loop's thread the cancellation takes effect at once, before the woken coroutine runs.
  asio::post(loop.ioc, [&] {
    EXPECT_TRUE(box.try_push(1).ok());
    first.cancel();
  });
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(first.get().code(), Errc::canceled);
  ASSERT_TRUE(second.done());
  EXPECT_EQ(**second.get(), 1);
}

// --- AsyncMutex ---

Task<void> hold_for(Clock& clock, AsyncMutex& mutex, Clock::duration d, std::string name, std::string& log) {
  auto guard = co_await mutex.lock();
  if (!guard) {
    log += name + "! ";
    co_return;
  }
  log += name + "( ";
  const auto at = clock.now() + d;
  (void)co_await clock.sleep_until(at);
  log += ")" + name + " ";
}

TEST(AsyncMutex, OneAtATimeInOrderOfArrival) {
  Loop loop;
  AsyncMutex mutex;
  std::string log;
  auto a = loop.start(hold_for(loop.clock, mutex, 3s, "a", log));
  auto b = loop.start(hold_for(loop.clock, mutex, 2s, "b", log));
  auto c = loop.start(hold_for(loop.clock, mutex, 1s, "c", log));
  EXPECT_TRUE(loop.advance(10s));
  EXPECT_EQ(log, "a( )a b( )b c( )c ");
  EXPECT_FALSE(mutex.locked());
}

TEST(AsyncMutex, NobodyBargesInBetweenReleaseAndTheNextInLine) {
  Loop loop;
  AsyncMutex mutex;
  std::string log;
  auto a = loop.start(hold_for(loop.clock, mutex, 1s, "a", log));
  auto b = loop.start(hold_for(loop.clock, mutex, 1s, "b", log));
  EXPECT_TRUE(loop.settle());
  a.cancel();  // a lets go as soon as it runs; b is next in line
  auto late = loop.start(hold_for(loop.clock, mutex, 1s, "late", log));
  EXPECT_TRUE(loop.advance(10s));
  EXPECT_EQ(log, "a( )a b( )b late( )late ");
}

TEST(AsyncMutex, ACanceledWaiterLeavesTheQueue) {
  Loop loop;
  AsyncMutex mutex;
  std::string log;
  auto a = loop.start(hold_for(loop.clock, mutex, 3s, "a", log));
  auto b = loop.start(hold_for(loop.clock, mutex, 1s, "b", log));
  auto c = loop.start(hold_for(loop.clock, mutex, 1s, "c", log));
  EXPECT_TRUE(loop.settle());
  b.cancel();
  EXPECT_TRUE(loop.advance(10s));
  EXPECT_EQ(log, "a( b! )a c( )c ");
  EXPECT_FALSE(mutex.locked());
}

TEST(AsyncMutex, AWaiterCanceledJustAfterItWasGivenTheLockPassesItOn) {
  Loop loop;
  AsyncMutex mutex;
  std::string log;
  auto held = loop.run(mutex.lock());
  auto b = loop.start(hold_for(loop.clock, mutex, 1s, "b", log));
  auto c = loop.start(hold_for(loop.clock, mutex, 1s, "c", log));
  EXPECT_TRUE(loop.settle());
  asio::post(loop.ioc, [&] {
    held->release();
    b.cancel();
  });
  EXPECT_TRUE(loop.advance(10s));
  EXPECT_TRUE(b.done());
  EXPECT_EQ(log.find(")b"), std::string::npos) << log << "canceled: it holds the lock but for a moment";
  EXPECT_NE(log.find("c( )c"), std::string::npos) << log;
  EXPECT_FALSE(mutex.locked());
}

TEST(AsyncMutex, AWaiterMayGiveUpAtADeadline) {
  Loop loop;
  AsyncMutex mutex;
  auto held = loop.run(mutex.lock());
  auto r = loop.play(with_timeout(loop.clock, mutex.lock(), Deadline::after(loop.clock, 1s)));
  EXPECT_EQ(r.code(), Errc::timed_out);
  held->release();
  EXPECT_TRUE(loop.run(mutex.lock()).ok());
}

TEST(AsyncMutex, ADestroyedWaiterGivesTheLockBack) {
  AsyncMutex mutex;
  AsyncMutex::Guard held;
  {
    asio::io_context ioc{1};
    test::Started<Result<AsyncMutex::Guard>> first(ioc, mutex.lock());
    ioc.poll();
    auto got = first.get();
    held = std::move(*got);
    test::Started<Result<AsyncMutex::Guard>> waiter(ioc, mutex.lock());
    ioc.restart();
    ioc.poll();
    held.release();  // given to the waiter, which never runs again
    EXPECT_TRUE(mutex.locked());
  }
  EXPECT_FALSE(mutex.locked());
}

TEST(Semaphore, LetsInAsManyAsItHasPlaces) {
  Loop loop;
  Semaphore places(2);
  auto a = loop.run(places.lock());
  auto b = loop.run(places.lock());
  EXPECT_TRUE(places.locked());
  auto c = loop.start(places.lock());
  EXPECT_TRUE(loop.settle());
  EXPECT_FALSE(c.done());
  b->release();
  EXPECT_TRUE(loop.settle());
  EXPECT_TRUE(c.done());
  EXPECT_TRUE(places.locked());
  a->release();
  EXPECT_FALSE(places.locked());
}

TEST(KeyedMutex, KeysAreIndependentAndVanishWhenUnused) {
  Loop loop;
  KeyedMutex mutex;
  auto a = loop.run(mutex.lock("a"));
  auto b = loop.run(mutex.lock("b"));
  EXPECT_TRUE(a->holds());
  EXPECT_TRUE(b->holds());
  EXPECT_EQ(mutex.size(), 2U);
  auto second = loop.start(mutex.lock("a"));
  auto impatient = loop.start(with_timeout(loop.clock, mutex.lock("a"), Deadline::after(loop.clock, 1s)));
  EXPECT_TRUE(loop.advance(2s));
  EXPECT_FALSE(second.done());
  EXPECT_EQ(impatient.get().code(), Errc::timed_out);
  b->release();
  EXPECT_EQ(mutex.size(), 1U);
  a->release();
  EXPECT_TRUE(loop.settle());
  ASSERT_TRUE(second.done());
  auto held = second.get();
  EXPECT_TRUE(held->holds());
  EXPECT_EQ(mutex.size(), 1U);
  KeyedMutex::Guard moved = std::move(*held);
  moved = KeyedMutex::Guard();
  EXPECT_EQ(mutex.size(), 0U);
}

// --- Notifier ---

TEST(Notifier, WakesAllAndLosesNoneBetweenLookingAndWaiting) {
  Loop loop;
  Notifier changes(loop.executor(), loop.clock);
  const auto limit = Deadline::after(loop.clock, 5s);
  auto a = loop.start(changes.wait(limit));
  auto b = loop.start(changes.wait(limit));
  EXPECT_TRUE(loop.settle());
  EXPECT_FALSE(a.done());
  const auto seen = changes.count();
  changes.notify();
  EXPECT_TRUE(loop.settle());
  EXPECT_TRUE(a.get().ok());
  EXPECT_TRUE(b.get().ok());
  EXPECT_TRUE(loop.run(changes.wait_since(seen, limit)).ok()) << "already notified";
  EXPECT_EQ(loop.play(changes.wait(limit)).code(), Errc::timed_out);
  EXPECT_EQ(loop.play(changes.wait(limit)).code(), Errc::timed_out) << "the deadline has passed";
}

TEST(Notifier, AWaitThatEndedSleepsNoLonger) {
  Loop loop;
  Notifier changes(loop.executor(), loop.clock);
  auto told = loop.start(changes.wait(Deadline::after(loop.clock, 5s)));
  auto left = loop.start(changes.wait(Deadline::after(loop.clock, 9s)));
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(loop.clock.sleepers(), 2U);
  left.cancel();
  EXPECT_TRUE(loop.settle());
  ASSERT_TRUE(left.done());
  EXPECT_EQ(left.get().code(), Errc::canceled);
  EXPECT_FALSE(told.done());
  EXPECT_EQ(loop.clock.sleepers(), 1U);
  changes.notify();
  EXPECT_TRUE(loop.settle());
  EXPECT_TRUE(told.get().ok());
  EXPECT_EQ(loop.clock.sleepers(), 0U);
  // What happens in the very moment of the deadline is heard.
  auto late = loop.start(changes.wait(Deadline::after(loop.clock, 1s)));
  auto rings = [&]() -> Task<void> {
    const auto at = loop.clock.now() + 1s;
    (void)co_await loop.clock.sleep_until(at);
    changes.notify();
  };
  auto ringing = loop.start(rings());
  EXPECT_TRUE(loop.advance(1s));
  ASSERT_TRUE(late.done() && ringing.done());
}

TEST(Notifier, CountsFromTheCallNotFromTheAwait) {
  Loop loop;
  Notifier changes(loop.executor(), loop.clock);
  auto waiting = changes.wait(Deadline::after(loop.clock, 5s));
  changes.notify();
  EXPECT_TRUE(loop.run(std::move(waiting)).ok());
}

// --- Backoff ---

TEST(Backoff, GrowsToTheCapWithHalfOfItJittered) {
  const Backoff backoff{100ms, 2, 1'000ms};
  EXPECT_EQ(backoff.delay(0, 0), 50ms);
  EXPECT_EQ(backoff.delay(0, 1023), 99ms);
  EXPECT_EQ(backoff.delay(1, 0), 100ms);
  EXPECT_EQ(backoff.delay(3, 512), 600ms);
  EXPECT_EQ(backoff.delay(4, 0), 500ms) << "the cap";
  EXPECT_EQ(backoff.delay(4'000'000'000U, 1023), 999ms);
}

TEST(Backoff, NeitherOverflowsNorSpins) {
  EXPECT_EQ((Backoff{Millis(1), INT64_MAX, Millis(INT64_MAX / 2)}.delay(70, 0)), Millis(INT64_MAX / 4));
  EXPECT_EQ((Backoff{10ms, 1, 100ms}.delay(4'000'000'000U, 0)), 5ms);
  EXPECT_EQ((Backoff{10ms, 2, 5ms}.delay(0, 0)), 2ms) << "a base above the cap";
}

}  // namespace
}  // namespace purser
