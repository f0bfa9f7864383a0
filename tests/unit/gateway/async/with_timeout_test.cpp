#include "gateway/async/with_timeout.hpp"

#include "tests/support/loop.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace purser {
namespace {

using namespace std::chrono_literals;
using test::Loop;

Task<Result<int>> answer_after(Clock& clock, Clock::duration d, int value) {
  const auto at = clock.now() + d;
  auto slept = co_await clock.sleep_until(at);
  if (!slept) co_return slept.error();
  co_return value;
}

// Works on after it was told to stop, as a call does whose answer is already there.
Task<Result<int>> stubborn_after(Clock& clock, Clock::duration d, int value) {
  co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
  const auto at = clock.now() + d;
  (void)co_await clock.sleep_until(at);
  co_return value;
}

Task<Result<int>> fail_with(Errc code) {
  co_return Error(code);
}

Task<Result<int>> throw_bug() {
  throw std::logic_error("bug");
  co_return 1;
}

Task<Result<void>> nothing_after(Clock& clock, Clock::duration d) {
  const auto at = clock.now() + d;
  co_return co_await clock.sleep_until(at);
}

TEST(WithTimeout, AValueInTime) {
  Loop loop;
  auto r = loop.play(with_timeout(loop.clock, answer_after(loop.clock, 1s, 7), Deadline::after(loop.clock, 2s)));
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(*r, 7);
  EXPECT_EQ(loop.clock.sleepers(), 0U) << "the deadline's own sleeper is gone";
}

TEST(WithTimeout, TooLate) {
  Loop loop;
  auto r = loop.play(with_timeout(loop.clock, answer_after(loop.clock, 3s, 7), Deadline::after(loop.clock, 2s)));
  EXPECT_EQ(r.code(), Errc::timed_out);
  EXPECT_EQ(loop.clock.sleepers(), 0U) << "the operation was awaited, not abandoned";
}

TEST(WithTimeout, AValueIsKeptThoughTheDeadlineWasFirst) {
  Loop loop;
  auto r = loop.play(with_timeout(loop.clock, stubborn_after(loop.clock, 3s, 7), Deadline::after(loop.clock, 2s)));
  ASSERT_TRUE(r.ok());
  EXPECT_EQ(*r, 7);
}

TEST(WithTimeout, ADomainErrorIsKept) {
  Loop loop;
  auto r = loop.play(with_timeout(loop.clock, fail_with(Errc::rail_declined), Deadline::after(loop.clock, 2s)));
  EXPECT_EQ(r.code(), Errc::rail_declined);
}

TEST(WithTimeout, AnOperationThatStopsByItselfIsCanceledNotTimedOut) {
  Loop loop;
  auto r = loop.play(with_timeout(loop.clock, fail_with(Errc::canceled), Deadline::after(loop.clock, 2s)));
  EXPECT_EQ(r.code(), Errc::canceled);
}

Task<Result<int>> count_and_answer(int& runs) {
  ++runs;
  co_return 1;
}

TEST(WithTimeout, ADeadlineThatHasPassedStartsNothing) {
  Loop loop;
  int runs = 0;
  auto r = loop.play(with_timeout(loop.clock, count_and_answer(runs), Deadline::after(loop.clock, 0s)));
  EXPECT_EQ(r.code(), Errc::expired_before_start);
  EXPECT_EQ(runs, 0);
}

TEST(WithTimeout, ABugIsNotSwallowed) {
  Loop loop;
  EXPECT_THROW((void)loop.play(with_timeout(loop.clock, throw_bug(), Deadline::after(loop.clock, 2s))),
               std::logic_error);
}

TEST(WithTimeout, WithoutAValue) {
  Loop loop;
  auto in_time = loop.play(with_timeout(loop.clock, nothing_after(loop.clock, 1s), Deadline::after(loop.clock, 2s)));
  EXPECT_TRUE(in_time.ok());
  auto late = loop.play(with_timeout(loop.clock, nothing_after(loop.clock, 3s), Deadline::after(loop.clock, 2s)));
  EXPECT_EQ(late.code(), Errc::timed_out);
}

// At equal instants either may win; a value is never dropped and the error is never `canceled`.
TEST(WithTimeout, EqualDeadlinesEndInTheValueOrTimedOut) {
  Loop loop;
  auto r = loop.play(with_timeout(loop.clock, answer_after(loop.clock, 1s, 7), Deadline::after(loop.clock, 1s)));
  EXPECT_TRUE(r.ok() || r.code() == Errc::timed_out);
}

Task<void> keep_result(Clock& clock, Result<int>& out) {
  const auto limit = Deadline::after(clock, 10s);
  auto r = co_await with_timeout(clock, answer_after(clock, 5s, 7), limit);
  out = r;
}

TEST(WithTimeout, TheCallersCancellationReachesTheOperation) {
  Loop loop;
  Result<int> out;
  auto task = loop.start(keep_result(loop.clock, out));
  EXPECT_TRUE(loop.settle());
  task.cancel();
  EXPECT_TRUE(loop.settle());
  EXPECT_TRUE(task.done());
  EXPECT_EQ(out.code(), Errc::canceled);
  EXPECT_EQ(loop.clock.sleepers(), 0U);
}

Task<void> graceful(Clock& clock, bool heed, Result<int>& out) {
  if (heed) {
    co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  }
  co_await keep_result(clock, out);
}

TEST(WithTimeout, TotalCancellationPassesOnlyWhereTheCallerHeedsIt) {
  for (const bool heed : {false, true}) {
    Loop loop;
    Result<int> out;
    auto task = loop.start(graceful(loop.clock, heed, out));
    EXPECT_TRUE(loop.settle());
    task.cancel(asio::cancellation_type::total);
    EXPECT_TRUE(loop.settle());
    EXPECT_EQ(task.done(), heed);
    EXPECT_TRUE(loop.advance(5s));
    EXPECT_TRUE(task.done());
    if (heed) {
      EXPECT_EQ(out.code(), Errc::canceled);
    } else {
      EXPECT_TRUE(out.ok());
    }
  }
}

Task<void> await_again(Clock& clock, bool& reached) {
  const auto limit = Deadline::after(clock, 10s);
  (void)co_await with_timeout(clock, answer_after(clock, 5s, 7), limit);
  const auto at = clock.now() + 1s;
  (void)co_await clock.sleep_until(at);
  reached = true;
}

TEST(WithTimeout, AfterACancellationTheNextAwaitThrows) {
  Loop loop;
  bool reached = false;
  auto task = loop.start(await_again(loop.clock, reached));
  EXPECT_TRUE(loop.settle());
  task.cancel();
  EXPECT_TRUE(loop.settle());
  EXPECT_THROW(task.get(), boost::system::system_error);
  EXPECT_FALSE(reached);
}

TEST(WithTimeout, NestedTimeoutIsADomainErrorOfTheOuterOne) {
  Loop loop;
  auto inner = with_timeout(loop.clock, answer_after(loop.clock, 9s, 7), Deadline::after(loop.clock, 1s));
  auto r = loop.play(with_timeout(loop.clock, std::move(inner), Deadline::after(loop.clock, 5s)));
  EXPECT_EQ(r.code(), Errc::timed_out);
  EXPECT_EQ(loop.clock.now(), VirtualClock().now() + 1s);
}

}  // namespace
}  // namespace purser
