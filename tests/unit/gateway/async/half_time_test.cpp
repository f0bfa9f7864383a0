#include "gateway/async/half_time.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using namespace std::chrono_literals;

constexpr Clock::time_point kStart(24h);

TEST(HalfTime, RestsForAsLongAsTheWorkTook) {
  HalfTime loop(0ms);
  EXPECT_TRUE(loop.rested(kStart));
  loop.worked(kStart, kStart + 3ms);
  EXPECT_FALSE(loop.rested(kStart + 3ms));
  EXPECT_FALSE(loop.rested(kStart + 6ms - 1ns));
  EXPECT_TRUE(loop.rested(kStart + 6ms));
}

TEST(HalfTime, ABurstStaysHereUntilTheAllowanceIsUsed) {
  HalfTime loop(10ms);
  auto now = kStart;
  int done = 0;
  while (loop.rested(now)) {
    loop.worked(now, now + 1ms);
    now += 1ms;
    ++done;
  }
  EXPECT_EQ(done, 11);  // the one that uses it up included
  // From then on half of the time, as without an allowance.
  EXPECT_TRUE(loop.rested(now + 1ms));
  loop.worked(now + 1ms, now + 2ms);
  EXPECT_FALSE(loop.rested(now + 2ms));
  EXPECT_TRUE(loop.rested(now + 3ms));
}

TEST(HalfTime, WhatIsNotUsedIsKeptUpToTheAllowanceAlone) {
  HalfTime loop(10ms);
  auto now = kStart + 1h;
  loop.worked(now, now + 11ms);
  EXPECT_FALSE(loop.rested(now + 11ms));
  now += 1h;
  loop.worked(now, now + 11ms);
  EXPECT_FALSE(loop.rested(now + 11ms));
}

}  // namespace
}  // namespace purser
