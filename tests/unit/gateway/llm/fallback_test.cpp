#include "gateway/llm/fallback.hpp"

#include "tests/support/fake_model.hpp"
#include "tests/support/loop.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using namespace std::chrono_literals;

class Fallback : public testing::Test {
 protected:
  Result<ModelAnswer> ask(Clock::duration patience = 10s) {
    ModelRequest request;
    request.system = "the same question";
    return loop.play(model.ask(std::move(request), Deadline::after(loop.clock, patience)));
  }

  test::Loop loop;
  test::FakeModel first{&loop.clock, "first"};
  test::FakeModel second{&loop.clock, "second"};
  FallbackModel model{first, second, Millis(500)};
};

TEST_F(Fallback, leaves_an_answer_alone) {
  first.push(test::says("from the first"));
  EXPECT_EQ(ask()->text, "from the first");
  EXPECT_TRUE(second.requests().empty());
}

TEST_F(Fallback, asks_the_second_the_same_when_the_first_has_no_answer) {
  for (const Errc none : {Errc::model_unavailable, Errc::timed_out, Errc::model_malformed, Errc::model_truncated,
                          Errc::model_rate_limited}) {
    first.push(Error(none));
    second.push(test::says("from the second"));
    const auto answer = ask();
    ASSERT_TRUE(answer.ok()) << code_of(none);
    EXPECT_EQ(answer->text, "from the second");
    EXPECT_EQ(second.requests().back().system, "the same question");
  }
}

TEST_F(Fallback, does_not_shop_around_after_a_refusal) {
  first.push(Error(Errc::model_refused));
  EXPECT_EQ(ask().code(), Errc::model_refused);
  ModelAnswer refused = test::says("");
  refused.refusal = "no";
  first.push(refused);
  EXPECT_EQ(ask()->refusal, "no");
  EXPECT_TRUE(second.requests().empty());
}

// What is not the model's fault is not healed by another model.
TEST_F(Fallback, passes_every_other_error_on) {
  for (const Errc other : {Errc::canceled, Errc::internal, Errc::shutting_down}) {
    first.push(Error(other));
    EXPECT_EQ(ask().code(), other);
  }
  EXPECT_TRUE(second.requests().empty());
}

TEST_F(Fallback, keeps_time_for_the_second) {
  const auto start = loop.clock.now();
  first.push_silence();
  second.push(test::says("in time"));
  EXPECT_EQ(ask(10s)->text, "in time");
  EXPECT_EQ(first.deadlines()[0].at, start + 9500ms);
  EXPECT_EQ(second.deadlines()[0].at, start + 10s);
}

TEST_F(Fallback, reports_the_seconds_failure) {
  first.push(Error(Errc::model_unavailable));
  second.push(Error(Errc::model_malformed));
  EXPECT_EQ(ask().code(), Errc::model_malformed);
}

TEST_F(Fallback, has_the_name_of_the_first) {
  EXPECT_EQ(model.name(), "first");
}

TEST_F(Fallback, ends_when_the_waiter_leaves) {
  first.push_silence();
  auto running = loop.start(model.ask(ModelRequest(), Deadline::after(loop.clock, 10s)));
  ASSERT_TRUE(loop.settle());
  running.cancel();
  ASSERT_TRUE(loop.settle());
  ASSERT_TRUE(running.done());
  EXPECT_EQ(running.get().code(), Errc::canceled);
  EXPECT_TRUE(second.requests().empty());
}

}  // namespace
}  // namespace purser
