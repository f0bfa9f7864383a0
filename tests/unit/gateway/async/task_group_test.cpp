#include "gateway/async/task_group.hpp"

#include "gateway/async/completion.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace purser {
namespace {

using namespace std::chrono_literals;
using test::Loop;

struct Heard {
  std::string log;
  TaskGroup::OnError on_error() {
    return [this](std::string_view name, const std::exception_ptr& error) {
      log += name;
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& e) {
        log += std::string(": ") + e.what() + ";";
      }
    };
  }
};

Task<void> sleep_for(Clock& clock, Clock::duration d, std::string& log) {
  const auto at = clock.now() + d;
  auto slept = co_await clock.sleep_until(at);
  log += slept.ok() ? "done " : "cut ";
}

Task<void> graceful_sleep_for(Clock& clock, Clock::duration d, std::string& log) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  co_await sleep_for(clock, d, log);
}

Task<void> throw_after(Clock& clock, Clock::duration d) {
  const auto at = clock.now() + d;
  (void)co_await clock.sleep_until(at);
  throw std::runtime_error("boom");
}

TEST(TaskGroup, CountsItsChildrenAndReportsWhatTheyThrow) {
  Loop loop;
  Heard heard;
  std::string log;
  TaskGroup group(loop.executor(), loop.clock, heard.on_error());
  EXPECT_TRUE(group.spawn("good", sleep_for(loop.clock, 1s, log)).ok());
  EXPECT_TRUE(group.spawn("bad", throw_after(loop.clock, 2s)).ok());
  EXPECT_EQ(group.size(), 2U);
  EXPECT_TRUE(loop.advance(1s));
  EXPECT_EQ(group.size(), 1U);
  loop.play(group.join());
  EXPECT_EQ(group.size(), 0U);
  EXPECT_EQ(heard.log, "bad: boom;");
}

TEST(TaskGroup, StopAsksThenWaitsThenCuts) {
  Loop loop;
  Heard heard;
  std::string polite;
  std::string brief;
  std::string stuck;
  TaskGroup group(loop.executor(), loop.clock, heard.on_error());
  EXPECT_TRUE(group.spawn("polite", graceful_sleep_for(loop.clock, 1h, polite)).ok());
  EXPECT_TRUE(group.spawn("brief", sleep_for(loop.clock, 5s, brief)).ok());
  EXPECT_TRUE(group.spawn("stuck", sleep_for(loop.clock, 1h, stuck)).ok());
  EXPECT_TRUE(loop.settle());
  auto stop = loop.start(group.stop(10s));
  EXPECT_TRUE(loop.settle());
  EXPECT_EQ(polite, "cut ") << "at once, by total cancellation";
  EXPECT_TRUE(loop.advance(9s));
  EXPECT_EQ(brief, "done ") << "within the grace";
  EXPECT_FALSE(stop.done());
  EXPECT_TRUE(group.spawn("needed to finish", sleep_for(loop.clock, 0s, brief)).ok());
  EXPECT_TRUE(loop.advance(1s));
  EXPECT_EQ(stuck, "cut ") << "after the grace";
  EXPECT_TRUE(stop.done());
  EXPECT_EQ(group.size(), 0U);
  EXPECT_EQ(heard.log, "");
  EXPECT_EQ(group.spawn("late", sleep_for(loop.clock, 0s, brief)).code(), Errc::shutting_down);
}

Task<void> await_twice(Clock& clock) {
  const auto at = clock.now() + 1h;
  (void)co_await clock.sleep_until(at);
  (void)co_await clock.sleep_until(at);
}

TEST(TaskGroup, AChildThatStopEndsByExceptionIsNoError) {
  Loop loop;
  Heard heard;
  TaskGroup group(loop.executor(), loop.clock, heard.on_error());
  EXPECT_TRUE(group.spawn("child", await_twice(loop.clock)).ok());
  EXPECT_TRUE(loop.settle());
  loop.play(group.stop(1s));
  EXPECT_EQ(heard.log, "");
}

TEST(TaskGroup, StopOfAnEmptyGroupReturnsAtOnce) {
  Loop loop;
  TaskGroup group(loop.executor(), loop.clock, {});
  loop.run(group.stop(1h));
}

TEST(TaskGroup, MayDieBeforeItsChildren) {
  Loop loop;
  std::string log;
  {
    TaskGroup group(loop.executor(), loop.clock, {});
    EXPECT_TRUE(group.spawn("child", sleep_for(loop.clock, 1s, log)).ok());
    EXPECT_TRUE(loop.settle());
  }
  EXPECT_TRUE(loop.advance(1s));
  EXPECT_EQ(log, "done ");
}

}  // namespace
}  // namespace purser
