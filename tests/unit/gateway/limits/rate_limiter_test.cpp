#include "gateway/limits/rate_limiter.hpp"

#include "tests/support/loop.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

class LocalRateLimiterTest : public ::testing::Test {
 protected:
  RateVerdict take(const std::string& key, Rate rate) { return loop.run(limiter.take(key, rate)); }
  test::Loop loop;
  LocalRateLimiter limiter{loop.clock, 100};
};

constexpr Rate kThree{3, Millis(60'000)};

TEST_F(LocalRateLimiterTest, AllowsTheCountAtOnceAndOneMoreWithEachShare) {
  EXPECT_EQ(take("a", kThree).remaining, 2);
  EXPECT_EQ(take("a", kThree).remaining, 1);
  const RateVerdict last = take("a", kThree);
  EXPECT_TRUE(last.allowed);
  EXPECT_EQ(last.remaining, 0);
  EXPECT_EQ(last.full_after, Millis(60'000));
  const RateVerdict none = take("a", kThree);
  EXPECT_FALSE(none.allowed);
  EXPECT_EQ(none.retry_after, Millis(20'000));
  loop.advance(Millis(19'999));
  EXPECT_FALSE(take("a", kThree).allowed);
  loop.advance(Millis(1));
  EXPECT_TRUE(take("a", kThree).allowed);
  EXPECT_FALSE(take("a", kThree).allowed);
}

TEST_F(LocalRateLimiterTest, ARefusalCostsNothing) {
  for (int i = 0; i < 3; ++i) take("a", kThree);
  for (int i = 0; i < 50; ++i) EXPECT_FALSE(take("a", kThree).allowed);
  loop.advance(Millis(20'000));
  EXPECT_TRUE(take("a", kThree).allowed);
}

TEST_F(LocalRateLimiterTest, CountsEachKeyByItself) {
  for (int i = 0; i < 3; ++i) take("a", kThree);
  EXPECT_FALSE(take("a", kThree).allowed);
  EXPECT_TRUE(take("b", kThree).allowed);
}

TEST_F(LocalRateLimiterTest, ACountOfZeroIsNoLimit) {
  for (int i = 0; i < 1'000; ++i) EXPECT_TRUE(take("a", Rate{0, Millis(60'000)}).allowed);
  EXPECT_EQ(limiter.keys(), 0u);
}

TEST_F(LocalRateLimiterTest, NeverMoreThanTheCountInAnyStretch) {
  // Asked every 7 ms for ten minutes: in no window of a minute are more than twice the count allowed (the burst that a
  // pause saved up, and the share of the minute), and over the whole no more than the count a minute and one burst.
  const Rate rate{50, Millis(60'000)};
  std::int64_t allowed = 0;
  for (int at = 0; at < 600'000; at += 7) {
    allowed += take("a", rate).allowed;
    loop.advance(Millis(7));
  }
  EXPECT_LE(allowed, 10 * 50 + 50);
  EXPECT_GE(allowed, 10 * 50);
}

TEST_F(LocalRateLimiterTest, RemembersABoundedNumberOfKeys) {
  for (int i = 0; i < 10'000; ++i) take("key " + std::to_string(i), kThree);
  EXPECT_LE(limiter.keys(), 100u);
  for (int i = 0; i < 10'000; ++i) {
    loop.advance(Millis(20'000));
    take("late " + std::to_string(i), kThree);
  }
  EXPECT_LE(limiter.keys(), 100u);
}

}  // namespace
}  // namespace purser
