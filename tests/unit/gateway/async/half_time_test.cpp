#include "gateway/async/half_time.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using namespace std::chrono_literals;

TEST(HalfTime, RestsForAsLongAsTheWorkTook) {
  const Clock::time_point start(24h);
  HalfTime loop;
  EXPECT_TRUE(loop.rested(start));
  loop.worked(start, start + 3ms);
  EXPECT_FALSE(loop.rested(start + 3ms));
  EXPECT_FALSE(loop.rested(start + 6ms - 1ns));
  EXPECT_TRUE(loop.rested(start + 6ms));
}

}  // namespace
}  // namespace purser
