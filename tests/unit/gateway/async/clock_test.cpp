#include "gateway/async/system_clock.hpp"
#include "gateway/async/virtual_clock.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>

#include <string>

namespace purser {
namespace {

using namespace std::chrono_literals;
using test::Loop;

Task<void> note_after(Clock& clock, Clock::duration d, std::string name, std::string& log) {
  const auto at = clock.now() + d;
  auto slept = co_await clock.sleep_until(at);
  log += name;
  if (!slept) log += "!";
}

Task<void> sleep_until(Clock& clock, Clock::time_point at) {
  (void)co_await clock.sleep_until(at);
}

TEST(VirtualClock, StartsAtTheAgreedInstant) {
  VirtualClock clock;
  EXPECT_EQ(to_seconds(clock.wall()), 1'767'607'200);
  EXPECT_EQ(to_seconds(clock.durable()), 1'767'607'200);
  EXPECT_GT(clock.now(), Clock::time_point{});
}

TEST(VirtualClock, WakesInTimeOrderAndTiesInOrderOfSleeping) {
  Loop loop;
  std::string log;
  auto c = loop.start(note_after(loop.clock, 3s, "c", log));
  auto a = loop.start(note_after(loop.clock, 1s, "a", log));
  auto b = loop.start(note_after(loop.clock, 1s, "b", log));
  EXPECT_TRUE(loop.advance(2s));
  EXPECT_EQ(log, "ab");
  EXPECT_TRUE(loop.advance(1s));
  EXPECT_EQ(log, "abc") << "reached at exactly the instant";
}

Task<void> tick(Clock& clock, int times, int& ticks) {
  for (int i = 0; i < times; ++i) {
    const auto at = clock.now() + 1s;
    (void)co_await clock.sleep_until(at);
    ++ticks;
  }
}

TEST(VirtualClock, ADayPassesStepByStep) {
  Loop loop;
  int ticks = 0;
  loop.play(tick(loop.clock, 86'400, ticks));
  EXPECT_EQ(ticks, 86'400);
  EXPECT_EQ(to_seconds(loop.clock.durable()), 1'767'607'200 + 86'400);
}

TEST(VirtualClock, AWallThatJumpsMovesNothingElse) {
  Loop loop;
  std::string log;
  auto task = loop.start(note_after(loop.clock, 10s, "x", log));
  loop.clock.jump_wall(1h);
  EXPECT_TRUE(loop.advance(9s));
  EXPECT_EQ(log, "");
  EXPECT_EQ(to_seconds(loop.clock.wall()), 1'767'607'200 + 3'609);
  EXPECT_EQ(to_seconds(loop.clock.durable()), 1'767'607'200 + 9);
}

TEST(VirtualClock, ACanceledSleeperSaysSoAndLeavesTheList) {
  Loop loop;
  std::string log;
  auto task = loop.start(note_after(loop.clock, 10s, "x", log));
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(loop.clock.sleepers(), 1U);
  task.cancel();
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(log, "x!");
  EXPECT_EQ(loop.clock.sleepers(), 0U);
}

TEST(VirtualClock, ASleeperMayBeDestroyedWhileItSleeps) {
  VirtualClock clock;
  {
    asio::io_context ioc{1};
    test::Started<void> task(ioc, sleep_until(clock, clock.now() + 1s));
    EXPECT_TRUE(clock.settle(ioc));
    EXPECT_EQ(clock.sleepers(), 1U);
  }
  EXPECT_EQ(clock.sleepers(), 0U);
}

TEST(VirtualClock, AdvanceFailsWhileRealWorkIsUnderWay) {
  Loop loop;
  loop.clock.real_work(+1);
  EXPECT_FALSE(loop.clock.settle(loop.ioc, 0, 20ms));
  loop.clock.real_work(-1);
  EXPECT_TRUE(loop.settle());
}

TEST(SystemClock, SkipMovesAllThreeReadingsAndWakesTheDueInTimeOrder) {
  SystemClock clock;
  asio::io_context ioc{1};
  std::string log;
  test::Started<void> late(ioc, note_after(clock, 2h, "late", log));
  test::Started<void> second(ioc, note_after(clock, 40min, "second ", log));
  test::Started<void> first(ioc, note_after(clock, 20min, "first ", log));
  ioc.poll();
  const auto now = clock.now();
  const auto wall = clock.wall();
  const auto durable = clock.durable();
  clock.skip(1h);
  EXPECT_GE(clock.now() - now, 1h);
  EXPECT_LT(clock.now() - now, 2h);
  EXPECT_GE(clock.wall() - wall, 1h);
  EXPECT_GE(clock.durable() - durable, 1h);
  ioc.restart();
  ioc.poll();
  EXPECT_EQ(log, "first second ");
  EXPECT_FALSE(late.done());
  clock.skip(-5h);
  EXPECT_GE(clock.now() - now, 1h) << "never back";
  clock.skip(1h);
  ioc.restart();
  ioc.poll();
  EXPECT_EQ(log, "first second late");
}

TEST(SystemClock, ACanceledSleeperSaysSo) {
  SystemClock clock;
  asio::io_context ioc{1};
  std::string log;
  test::Started<void> task(ioc, note_after(clock, 1h, "x", log));
  ioc.poll();
  task.cancel();
  ioc.restart();
  ioc.poll();
  EXPECT_EQ(log, "x!");
}

TEST(SystemClock, ShortSleepEndsNotBeforeItsInstant) {
  SystemClock clock;
  asio::io_context ioc{1};
  const auto at = clock.now() + 2ms;
  test::Started<void> task(ioc, sleep_until(clock, at));
  ioc.run();
  EXPECT_TRUE(task.done());
  EXPECT_GE(clock.now(), at);
}

}  // namespace
}  // namespace purser
