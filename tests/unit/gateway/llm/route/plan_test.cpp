#include "gateway/llm/route/plan.hpp"

#include <gtest/gtest.h>

namespace purser::llm {
namespace {

constexpr Millis kNone{-1};

// The models a plan asks when every attempt ends the same way.
std::vector<std::size_t> asked_when(AttemptEnd end, std::size_t models, int attempts_max, Millis wished = kNone,
                                    bool give_up = false) {
  std::vector<Candidate> chain;
  for (std::size_t model = 0; model < models; ++model) chain.push_back({model, 0});
  AttemptPlan plan(chain, attempts_max);
  std::vector<std::size_t> out;
  for (PlanStep step = plan.next(0); !step.stop; step = plan.next(0)) {
    out.push_back(step.model);
    plan.ended(end, wished, give_up);
  }
  EXPECT_EQ(plan.attempts(), static_cast<int>(out.size()));
  return out;
}

using Asked = std::vector<std::size_t>;

TEST(AttemptPlan, stops_at_an_answer_and_at_a_refusal) {
  for (const AttemptEnd end : {AttemptEnd::answered, AttemptEnd::refused, AttemptEnd::user_error, AttemptEnd::left})
    EXPECT_EQ(asked_when(end, 3, 9), Asked({0})) << to_string(end);
}

TEST(AttemptPlan, counts_who_was_asked_beside_the_first) {
  const std::vector<Candidate> chain = {{0, 0}, {1, 0}, {2, 0}};
  AttemptPlan plan(chain, 3);
  ASSERT_EQ(plan.second(), std::optional<std::size_t>(1));
  plan.second_ended(AttemptEnd::transient);
  plan.ended(AttemptEnd::silent, kNone, false);
  EXPECT_EQ(plan.attempts(), 2);
  EXPECT_EQ(plan.next(0).model, 2U);
  EXPECT_FALSE(plan.second().has_value());
  for (const AttemptEnd end : {AttemptEnd::answered, AttemptEnd::refused, AttemptEnd::user_error}) {
    AttemptPlan over(chain, 9);
    over.second_ended(end);
    over.ended(AttemptEnd::left, kNone, false);
    EXPECT_TRUE(over.next(0).stop);
  }
  EXPECT_FALSE(AttemptPlan({{0, 0}}, 9).second().has_value());
  EXPECT_FALSE(AttemptPlan(chain, 1).second().has_value());
}

TEST(AttemptPlan, tries_twice_before_it_asks_another) {
  EXPECT_EQ(asked_when(AttemptEnd::transient, 2, 9), Asked({0, 0, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(asked_when(AttemptEnd::transient, 1, 3), Asked({0, 0, 0}));
  EXPECT_EQ(asked_when(AttemptEnd::transient, 2, 9, kNone, true), Asked({0, 1}));
}

TEST(AttemptPlan, gives_everybody_a_turn_before_anybody_has_a_second) {
  EXPECT_EQ(asked_when(AttemptEnd::transient, 3, 3), Asked({0, 1, 2}));
  EXPECT_EQ(asked_when(AttemptEnd::transient, 3, 4), Asked({0, 0, 1, 2}));
  EXPECT_EQ(asked_when(AttemptEnd::transient, 2, 3), Asked({0, 0, 1}));
}

TEST(AttemptPlan, asks_another_rather_than_wait) {
  EXPECT_EQ(asked_when(AttemptEnd::transient, 2, 9, Millis(60'000)), Asked({0, 1, 1, 1, 1, 1, 1, 1, 1}));
  AttemptPlan plan({{0, 0}, {1, 0}}, 3);
  EXPECT_TRUE(plan.leaves_rather_than_waits(Millis(201), Millis(400)));
  EXPECT_FALSE(plan.leaves_rather_than_waits(Millis(200), Millis(400)));
  plan.skip();
  EXPECT_FALSE(plan.leaves_rather_than_waits(Millis(201), Millis(400))) << "there is nobody else";
  EXPECT_EQ(asked_when(AttemptEnd::limited, 3, 3), Asked({0, 1, 2}));
  EXPECT_EQ(asked_when(AttemptEnd::limited, 1, 3), Asked({0, 0, 0}));
  EXPECT_EQ(asked_when(AttemptEnd::limited, 1, 3, Millis(120'000)), Asked({0, 0, 0}));
  EXPECT_EQ(asked_when(AttemptEnd::limited, 1, 3, Millis(120'001)), Asked({0}));
}

TEST(AttemptPlan, asks_nobody_twice_who_was_silent_or_cannot) {
  for (const AttemptEnd end : {AttemptEnd::silent, AttemptEnd::down, AttemptEnd::asked_wrongly})
    EXPECT_EQ(asked_when(end, 3, 9), Asked({0, 1, 2})) << to_string(end);
}

TEST(AttemptPlan, shares_one_number_of_attempts) {
  EXPECT_EQ(asked_when(AttemptEnd::silent, 5, 2), Asked({0, 1}));
  EXPECT_EQ(asked_when(AttemptEnd::transient, 5, 3), Asked({0, 1, 2}));
}

TEST(AttemptPlan, asks_only_larger_models_what_was_too_long) {
  AttemptPlan plan({{0, 8'000}, {1, 8'000}, {2, 0}, {3, 32'000}, {4, 4'000}}, 9);
  plan.ended(AttemptEnd::too_long, kNone, false);
  EXPECT_EQ(plan.next(0).model, 3U);
  plan.ended(AttemptEnd::too_long, kNone, false);
  EXPECT_TRUE(plan.next(0).stop);
}

TEST(AttemptPlan, waits_before_it_asks_the_same_again_alone) {
  AttemptPlan plan({{0, 0}, {1, 0}}, 9);
  EXPECT_EQ(plan.next(0).wait, Millis(0));
  plan.ended(AttemptEnd::transient, kNone, false);
  EXPECT_EQ(plan.next(0).wait, Millis(250));
  EXPECT_EQ(plan.next(1023).wait, Millis(499));
  plan.ended(AttemptEnd::transient, Millis(7'000), false);
  EXPECT_EQ(plan.next(0).model, 1U);
  EXPECT_EQ(plan.next(0).wait, Millis(0));
  plan.ended(AttemptEnd::limited, Millis(1'250), false);
  EXPECT_EQ(plan.next(0).wait, Millis(1'250));
  plan.ended(AttemptEnd::limited, Millis(0), false);  // a wish to come back at once is no licence for a storm
  EXPECT_EQ(plan.next(0).wait, Millis(500));
}

TEST(AttemptPlan, knows_whether_time_must_be_left_for_others) {
  AttemptPlan plan({{0, 0}, {1, 0}}, 3);
  EXPECT_TRUE(plan.has_others());
  plan.ended(AttemptEnd::silent, kNone, false);
  EXPECT_FALSE(plan.has_others());
  EXPECT_FALSE(AttemptPlan({{0, 0}, {1, 0}}, 1).has_others());
}

TEST(AttemptPlan, stops_when_there_is_nobody) {
  EXPECT_TRUE(AttemptPlan({}, 3).next(0).stop);
}

}  // namespace
}  // namespace purser::llm
