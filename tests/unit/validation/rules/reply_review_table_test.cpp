// Every sentence of data/reply_review.tsv gets the verdict that stands beside it, in the state that stands before it.
#include "tests/unit/validation/rules/ledger_states.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace purser::rules {
namespace {

TEST(ReplyReviewTable, EverySentenceGetsItsVerdict) {
  std::ifstream file(std::string(PURSER_SOURCE_DIR) + "/tests/unit/validation/rules/data/reply_review.tsv");
  ASSERT_TRUE(file.good());
  std::map<std::string, int> asked;
  std::map<std::string, int> states;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    ASSERT_NE(second, std::string::npos) << line;
    const std::string state = line.substr(0, first);
    const std::string verdict = line.substr(first + 1, second - first - 1);
    const auto checked = reply_truth(line.substr(second + 1), state_of_ledger(state));
    EXPECT_EQ(checked.ok(), verdict == "true")
        << line << (checked ? "" : "\n  refused because " + checked.error().message);
    ++asked[verdict];
    ++states[state];
  }
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_EQ(states.size(), 5U);
  EXPECT_GE(asked["true"], 500);
  EXPECT_GE(asked["false"], 400);
}

}  // namespace
}  // namespace purser::rules
