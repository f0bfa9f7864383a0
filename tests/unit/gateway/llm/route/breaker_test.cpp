#include "gateway/llm/route/breaker.hpp"

#include <gtest/gtest.h>

namespace purser::llm {
namespace {

using State = Breaker::State;

class BreakerTest : public testing::Test {
 protected:
  void fail(int times = 1, Millis patience = Millis(0)) {
    for (int i = 0; i < times; ++i) {
      EXPECT_TRUE(breaker.admits(now));
      breaker.begun(now);
      breaker.ended(Health::bad, patience, now);
    }
  }
  State state() const { return breaker.state(now); }

  BreakerLimits limits{3, Millis(2'000), Millis(15'000), Millis(120'000), Millis(20'000)};
  Breaker breaker{limits};
  Millis now{1'000};
};

TEST_F(BreakerTest, opens_after_failures_in_a_row) {
  fail(2);
  breaker.ended(Health::good, Millis(0), now);
  fail(2);
  EXPECT_EQ(state(), State::closed);
  fail();
  EXPECT_EQ(state(), State::open);
  EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, lets_exactly_one_question_probe) {
  fail(3);
  now += Millis(1'999);
  EXPECT_FALSE(breaker.admits(now));
  now += Millis(1);
  EXPECT_EQ(state(), State::half_open);
  ASSERT_TRUE(breaker.admits(now));
  breaker.begun(now);
  for (int i = 0; i < 20; ++i) EXPECT_FALSE(breaker.admits(now));
}

TEST_F(BreakerTest, lets_no_second_question_probe_when_an_older_asker_leaves) {
  breaker.begun(now);  // asked before it opened
  fail(3);
  now += Millis(2'000);
  breaker.begun(now);
  breaker.ended(Health::neither, Millis(0), now);
  EXPECT_FALSE(breaker.admits(now));
  breaker.ended(Health::neither, Millis(0), now);
  EXPECT_TRUE(breaker.admits(now)) << "now the probe has left, too";
}

TEST_F(BreakerTest, closes_when_the_probe_succeeds) {
  fail(3);
  now += Millis(2'000);
  breaker.begun(now);
  breaker.ended(Health::good, Millis(0), now);
  EXPECT_EQ(state(), State::closed);
  fail(2);
  EXPECT_EQ(state(), State::closed);
}

TEST_F(BreakerTest, rests_twice_as_long_each_time_up_to_its_limit) {
  fail(3);
  for (const int rest : {2'000, 4'000, 8'000, 15'000, 15'000}) {
    EXPECT_FALSE(breaker.admits(now + Millis(rest - 1))) << rest;
    now += Millis(rest);
    fail();  // the probe
  }
}

// A probe whose asker vanished must not keep the breaker half open for ever.
TEST_F(BreakerTest, gives_a_lost_probe_up) {
  fail(3);
  now += Millis(2'000);
  breaker.begun(now);
  EXPECT_FALSE(breaker.admits(now + Millis(19'999)));
  EXPECT_TRUE(breaker.admits(now + Millis(20'000)));
}

TEST_F(BreakerTest, probes_again_when_the_probe_was_left) {
  fail(3);
  now += Millis(2'000);
  breaker.begun(now);
  breaker.ended(Health::neither, Millis(0), now);
  EXPECT_TRUE(breaker.admits(now));
}

TEST_F(BreakerTest, opens_at_once_when_it_is_asked_to_wait) {
  fail(1, Millis(5'000));
  EXPECT_EQ(state(), State::open);
  EXPECT_FALSE(breaker.admits(now + Millis(4'999)));
  EXPECT_TRUE(breaker.admits(now + Millis(5'000)));
}

TEST_F(BreakerTest, waits_no_longer_than_its_own_limit) {
  fail(1, Millis(3'600'000));
  EXPECT_FALSE(breaker.admits(now + Millis(119'999)));
  EXPECT_TRUE(breaker.admits(now + Millis(120'000)));
}

// Twenty questions were under way when it broke: their failures are one outage, not twenty.
TEST_F(BreakerTest, is_not_moved_by_what_was_asked_before) {
  for (int i = 0; i < 20; ++i) breaker.begun(now);
  for (int i = 0; i < 20; ++i) breaker.ended(Health::bad, Millis(0), now);
  EXPECT_TRUE(breaker.admits(now + Millis(2'000)));
}

}  // namespace
}  // namespace purser::llm
