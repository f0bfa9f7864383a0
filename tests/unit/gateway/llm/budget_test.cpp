#include "gateway/llm/budget.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <random>

namespace purser::llm {
namespace {

const UtcTime kNoon = *parse_time("2026-01-05T12:00:00Z");
const UtcTime kTomorrow = *parse_time("2026-01-06T00:00:00Z");

ModelScope scope(std::string tenant, std::string user, std::string thread) {
  ModelScope out;
  out.tenant = std::move(tenant);
  out.user = std::move(user);
  out.thread = std::move(thread);
  return out;
}
const ModelScope kAnna = scope("shop", "anna", "t1");

TEST(Budget, holds_at_the_cap_and_not_one_beyond) {
  Budget budget({0, 0, 0, 100});
  ASSERT_TRUE(budget.reserve(kAnna, 60, kNoon).ok());
  ASSERT_TRUE(budget.reserve(kAnna, 40, kNoon).ok());
  const auto refused = budget.reserve(kAnna, 1, kNoon);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.code(), Errc::model_unavailable);
  EXPECT_EQ(refused.error().param, "budget");
}

TEST(Budget, gives_back_what_was_not_used) {
  Budget budget({0, 0, 0, 100});
  const auto ticket = budget.reserve(kAnna, 100, kNoon);
  ASSERT_TRUE(ticket.ok());
  budget.settle(*ticket, 30);
  EXPECT_EQ(budget.spent_total(kNoon), 30);
  EXPECT_TRUE(budget.reserve(kAnna, 70, kNoon).ok());
  EXPECT_FALSE(budget.reserve(kAnna, 1, kNoon).ok());
  budget.settle(*ticket, 0);  // twice is once
  EXPECT_FALSE(budget.reserve(kAnna, 1, kNoon).ok());
}

// What belongs to no thread, or to no user in particular, is not one thread's and one user's.
TEST(Budget, has_no_cap_for_nobody) {
  Budget budget({10, 20, 30, 1'000});
  EXPECT_TRUE(budget.reserve(scope("shop", "", ""), 15, kNoon).ok());
  EXPECT_TRUE(budget.reserve(scope("shop", "", ""), 10, kNoon).ok());
  EXPECT_FALSE(budget.reserve(scope("shop", "", ""), 6, kNoon).ok()) << "the tenant's holds";
}

// Whoever reaches a cap is refused; the others' caps are their own.
TEST(Budget, has_a_cap_for_each) {
  Budget budget({10, 20, 30, 1'000});
  EXPECT_TRUE(budget.reserve(scope("shop", "anna", "t1"), 10, kNoon).ok());
  EXPECT_FALSE(budget.reserve(scope("shop", "anna", "t1"), 1, kNoon).ok());
  EXPECT_TRUE(budget.reserve(scope("shop", "anna", "t2"), 10, kNoon).ok());
  EXPECT_FALSE(budget.reserve(scope("shop", "anna", "t3"), 1, kNoon).ok());
  EXPECT_TRUE(budget.reserve(scope("shop", "ben", "t4"), 10, kNoon).ok());
  EXPECT_FALSE(budget.reserve(scope("shop", "cleo", "t5"), 1, kNoon).ok());
  EXPECT_TRUE(budget.reserve(scope("other", "anna", "t1"), 10, kNoon).ok());
}

TEST(Budget, books_a_refused_wish_nowhere) {
  Budget budget({0, 5, 0, 100});
  EXPECT_FALSE(budget.reserve(kAnna, 6, kNoon).ok());
  EXPECT_EQ(budget.spent_total(kNoon), 0);
}

TEST(Budget, tells_apart_names_that_look_alike_together) {
  Budget budget({0, 10, 0, 0});
  EXPECT_TRUE(budget.reserve(scope("ab", "c", ""), 10, kNoon).ok());
  EXPECT_TRUE(budget.reserve(scope("a", "bc", ""), 10, kNoon).ok());
  EXPECT_TRUE(budget.reserve(scope("a", "1:b", ""), 10, kNoon).ok());
}

TEST(Budget, begins_anew_each_day_and_never_goes_back) {
  Budget budget({0, 0, 0, 100});
  const auto yesterday = budget.reserve(kAnna, 100, kNoon);
  ASSERT_TRUE(yesterday.ok());
  EXPECT_TRUE(budget.reserve(kAnna, 100, kTomorrow).ok());
  budget.settle(*yesterday, 1);  // of a day that is over
  EXPECT_EQ(budget.spent_total(kTomorrow), 100);
  EXPECT_FALSE(budget.reserve(kAnna, 1, kNoon).ok());  // a clock set back opens nothing
}

TEST(Budget, does_not_wrap_around) {
  Budget budget({0, 0, 0, std::numeric_limits<std::int64_t>::max()});
  EXPECT_TRUE(budget.reserve(kAnna, std::numeric_limits<std::int64_t>::max() - 1, kNoon).ok());
  EXPECT_TRUE(budget.reserve(kAnna, 1, kNoon).ok());
}

TEST(Budget, comes_back_from_its_lines) {
  Budget before({1'000, 0, 0, 100});
  const auto first = before.reserve(kAnna, 40, kNoon);
  const auto second = before.reserve(kAnna, 50, kNoon);
  const std::vector<std::string> journal = {before.reserve_line(*first), before.reserve_line(*second),
                                            Budget::settle_line(*first, 10)};
  Budget after({1'000, 0, 0, 100});
  for (const std::string& line : journal) ASSERT_TRUE(after.replay(line, kNoon).ok());
  EXPECT_EQ(after.spent_total(kNoon), 60);  // the second was never settled and stays spent
  EXPECT_EQ(after.spent_thread(kAnna, kNoon), 60);
  EXPECT_GT(*after.reserve(kAnna, 1, kNoon), *second);  // no ticket twice
  Budget compacted({1'000, 0, 0, 100});
  for (const std::string& line : after.lines(kNoon)) ASSERT_TRUE(compacted.replay(line, kNoon).ok());
  EXPECT_EQ(compacted.spent_total(kNoon), 61);
  EXPECT_EQ(compacted.spent_thread(kAnna, kNoon), 61);
  Budget next_day({0, 0, 0, 100});
  for (const std::string& line : journal) ASSERT_TRUE(next_day.replay(line, kTomorrow).ok());
  EXPECT_EQ(next_day.spent_total(kTomorrow), 0);
}

TEST(Budget, refuses_lines_it_did_not_write) {
  Budget budget({0, 0, 0, 100});
  for (const char* line : {"", "[]", "{}", R"({"reserve":1})", R"({"reserve":0,"picousd":1})",
                           R"({"reserve":1,"picousd":-1})", R"({"reserve":"1","picousd":1})"})
    EXPECT_EQ(budget.replay(line, kNoon).code(), Errc::store_corrupt) << line;
}

// What is settled takes one line, however many attempts it was.
TEST(Budget, comes_back_from_few_lines) {
  Budget budget({0, 0, 1'000, 2'000});
  for (int i = 0; i < 500; ++i)
    budget.settle(*budget.reserve(scope("shop", "u" + std::to_string(i), "t" + std::to_string(i)), 1, kNoon), 1);
  const auto open = budget.reserve(scope("shop", "anna", "t"), 7, kNoon);
  const auto lines = budget.lines(kNoon);
  EXPECT_EQ(lines.size(), 2U);
  Budget again({0, 0, 1'000, 2'000});
  for (const std::string& line : lines) ASSERT_TRUE(again.replay(line, kNoon).ok());
  ASSERT_TRUE(again.replay(Budget::settle_line(*open, 2), kNoon).ok());
  EXPECT_EQ(again.spent_total(kNoon), 502);
  EXPECT_TRUE(again.reserve(scope("shop", "", ""), 498, kNoon).ok());
  EXPECT_FALSE(again.reserve(scope("shop", "", ""), 1, kNoon).ok());
  EXPECT_TRUE(again.reserve(scope("other", "", ""), 1'000, kNoon).ok());
}

// Ten thousand days of turns that interleave as chance will, with stops between any two steps: what was really spent,
// by attempts that ended and by those a stop cut off, is never above the cap.
TEST(Budget, is_never_exceeded_in_any_interleaving_nor_over_restarts) {
  struct Flying {
    Budget::Ticket ticket;
    std::int64_t reserved;
  };
  for (std::uint64_t seed = 0; seed < 10'000; ++seed) {
    std::mt19937_64 chance(seed);
    const auto up_to = [&](std::int64_t most) {
      return static_cast<std::int64_t>(chance() % static_cast<std::uint64_t>(most + 1));
    };
    const std::int64_t cap = 50 + up_to(200);
    const BudgetCaps caps{0, seed % 3 == 0 ? cap / 2 : 0, 0, cap};
    Budget budget(caps);
    std::vector<std::string> durable;
    std::vector<std::string> noted;  // lost with a stop, written with the next reservation
    std::vector<Flying> flying;
    std::int64_t spent = 0;
    for (int step = 0; step < 60; ++step) {
      const auto what = up_to(9);
      if (what < 5) {
        const std::int64_t wish = up_to(40);
        const auto ticket = budget.reserve(scope("shop", up_to(1) != 0 ? "a" : "b", "t"), wish, kNoon);
        if (!ticket) continue;
        for (std::string& line : noted) durable.push_back(std::move(line));
        noted.clear();
        durable.push_back(budget.reserve_line(*ticket));
        flying.push_back({*ticket, wish});
      } else if (what < 9 && !flying.empty()) {
        const auto which = static_cast<std::size_t>(up_to(static_cast<std::int64_t>(flying.size()) - 1));
        const std::int64_t cost = up_to(flying[which].reserved);
        budget.settle(flying[which].ticket, cost);
        noted.push_back(Budget::settle_line(flying[which].ticket, cost));
        spent += cost;
        flying.erase(flying.begin() + static_cast<std::ptrdiff_t>(which));
      } else if (what == 9) {  // a stop: what was flying may have cost all of it
        for (const Flying& lost : flying) spent += lost.reserved;
        flying.clear();
        noted.clear();
        budget = Budget(caps);
        for (const std::string& line : durable) ASSERT_TRUE(budget.replay(line, kNoon).ok());
        if (up_to(1) != 0) durable = budget.lines(kNoon);
      }
      ASSERT_LE(spent, cap) << "seed " << seed << " step " << step;
      ASSERT_LE(budget.spent_total(kNoon), cap) << "seed " << seed;
      ASSERT_GE(budget.spent_total(kNoon), spent) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace purser::llm
