// Every sentence of data/reply_truth.tsv gets the verdict that stands beside it.
#include "tests/support/samples.hpp"
#include "validation/rules/reply_truth.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

namespace purser::rules {
namespace {

using samples::fen;

constexpr std::int64_t kTea = 1'295;
constexpr std::int64_t kOrder = 2'590;
constexpr std::int64_t kBack = 500;

LedgerFacts facts_of(const std::string& name) {
  LedgerFacts facts;
  facts.known = {fen(kTea), fen(200), fen(19'900), fen(kOrder), fen(3 * kTea), fen(4 * kTea), fen(0)};
  facts.minutes = {5};
  facts.order_made = name != "empty";
  facts.order_expired = name == "expired";
  facts.order_canceled = name == "canceled";
  facts.order_open = name == "open";
  facts.refunded_all = facts.refunding_all = false;
  if (name == "empty") return facts;
  facts.amounts = {fen(kTea), fen(kOrder)};
  facts.minutes_of_day = {14 * 60 + 1, 14 * 60 + 5};
  if (name == "open") {
    facts.minutes = {5, 4};
    facts.seconds = {300, 240};
    facts.order_totals = {fen(kOrder)};
    facts.to_pay = {fen(kOrder)};
  }
  if (name == "expired" || name == "canceled" || name == "open") return facts;
  facts.minutes_of_day.push_back(14 * 60 + 2);
  facts.payment_succeeded = true;
  facts.may_be_unpaid = false;
  facts.paid = {fen(kOrder)};
  facts.unit_prices = {fen(kTea)};
  facts.line_totals = {fen(kOrder)};
  if (name == "refunded") {
    facts.refund_succeeded = true;
    facts.refunded = {fen(kBack)};
  }
  if (name == "refunding") {
    facts.refund_pending = true;
    facts.refunding = {fen(kBack)};
  }
  if (name == "refunded" || name == "refunding") {
    facts.may_be_unrefunded = false;
    facts.known.insert(facts.known.end(), {fen(kBack), fen(kOrder - kBack)});
  }
  return facts;
}

TEST(ReplyTruthTable, EverySentenceGetsItsVerdict) {
  std::ifstream file(std::string(PURSER_SOURCE_DIR) + "/tests/unit/validation/rules/data/reply_truth.tsv");
  ASSERT_TRUE(file.good());
  std::map<std::string, int> asked;
  int chinese = 0;
  std::string line;
  while (std::getline(file, line)) {
    if (line.empty() || line.front() == '#') continue;
    const std::size_t first = line.find('\t');
    const std::size_t second = line.find('\t', first + 1);
    ASSERT_NE(second, std::string::npos) << line;
    const std::string facts = line.substr(0, first);
    const std::string verdict = line.substr(first + 1, second - first - 1);
    std::string sentence = line.substr(second + 1);
    for (std::size_t at = 0; (at = sentence.find("\\n", at)) != std::string::npos;) sentence.replace(at, 2, "\n");
    const auto checked = reply_truth(sentence, facts_of(facts));
    EXPECT_EQ(checked.ok(), verdict == "true")
        << line << (checked ? "" : "\n  refused because " + checked.error().message);
    ++asked[verdict];
    for (char c : sentence) {
      if (static_cast<unsigned char>(c) >= 0xE4 && static_cast<unsigned char>(c) <= 0xE9) {
        ++chinese;
        break;
      }
    }
  }
  EXPECT_GE(asked["true"], 140);
  EXPECT_GE(asked["false"], 160);
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_GE(chinese, 130) << "both languages";
}

}  // namespace
}  // namespace purser::rules
