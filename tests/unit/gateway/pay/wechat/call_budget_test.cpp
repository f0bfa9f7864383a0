#include "gateway/pay/wechat/call_budget.hpp"

#include <gtest/gtest.h>

namespace purser::wechat {
namespace {

using std::chrono::seconds;

const CallBudget::time_point kStart{seconds(1'000)};

// Calls that leave within `span`, each as soon as it may.
int calls_in(CallBudget& budget, Operation operation, Clock::duration span) {
  int count = 0;
  for (auto now = kStart; (now = budget.ready(operation, now)) < kStart + span; ++count) budget.spend(operation, now);
  return count;
}

TEST(CallBudget, ABurstOfASecondAndThenTheRate) {
  CallBudget budget;
  const int calls = calls_in(budget, Operation::create, seconds(1));
  EXPECT_NEAR(calls, 1'000, 1);                               // a second's worth held, and the second's own
  EXPECT_EQ(budget.ready(Operation::query, kStart), kStart);  // each kind has its own
}

TEST(CallBudget, TheRailsNoIsARest) {
  CallBudget budget;
  budget.rest(Operation::create, kStart, Millis(0));
  EXPECT_EQ(budget.ready(Operation::create, kStart), kStart + seconds(1));
  budget.rest(Operation::create, kStart, seconds(30));
  EXPECT_EQ(budget.ready(Operation::create, kStart), kStart + seconds(30));
  budget.rest(Operation::query_refund, kStart, Millis(0));
  EXPECT_EQ(budget.ready(Operation::query_refund, kStart), kStart + seconds(60));
  budget.rest(Operation::close, kStart, std::chrono::hours(9));
  EXPECT_EQ(budget.ready(Operation::close, kStart), kStart + seconds(60));
}

TEST(CallBudget, FailingRefundsSlowTheNextOnes) {
  CallBudget budget;
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(budget.ready(Operation::refund, kStart), kStart) << i;
    budget.spend(Operation::refund, kStart);
    budget.refund_failed(kStart);
  }
  EXPECT_GT(budget.ready(Operation::refund, kStart), kStart);
  EXPECT_LE(budget.ready(Operation::refund, kStart), kStart + seconds(1));
  EXPECT_EQ(budget.ready(Operation::query_refund, kStart), kStart);
}

}  // namespace
}  // namespace purser::wechat
