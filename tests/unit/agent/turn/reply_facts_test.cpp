// What a conversation's rows and its tools' answers make true, for the rules that judge a reply.
#include "agent/turn/reply.hpp"
#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using nlohmann::json;
using samples::fen;

rules::LedgerFacts facts(const std::vector<Message>& seen, const std::vector<PaymentIntent>& intents,
                         const std::vector<Refund>& refunds) {
  const std::string locale = "zh";
  return facts_of(ReplyContext{seen, seen, intents, refunds, locale, UtcTime{}});
}

std::vector<Message> told(const json& answer) {
  Message asked;
  asked.text = "有茶吗";
  Message tool;
  tool.role = Role::tool;
  tool.text = answer.dump();
  return {asked, tool};
}

TEST(ReplyFacts, the_catalogue_tells_prices_discounts_and_words) {
  const json item = {{"name", "龙井，包邮"},
                     {"unit_price_fen", 10'000},
                     {"quantity_prices", {{{"from", 3}, {"unit_price_fen", 9'000}}}}};
  const rules::LedgerFacts held = facts(told({{"items", {item}}}), {}, {});
  EXPECT_EQ(held.prices, (std::vector<Money>{fen(9'000), fen(10'000)}));
  EXPECT_EQ(held.percents_off, std::vector<std::int64_t>{10});
  EXPECT_EQ(held.told, std::vector<std::string>{"龙井，包邮"});
  EXPECT_TRUE(rules::reply_truth("三件起九折，包邮。", held).ok());
  EXPECT_FALSE(rules::reply_truth("三件起八折，包邮。", held).ok());
}

TEST(ReplyFacts, payments_and_refunds_are_counted) {
  PaymentIntent paid = samples::paid('1');
  const std::vector<Message> seen = told(json::object());
  rules::LedgerFacts held = facts(seen, {}, {});
  EXPECT_EQ(held.payments_made, 0);
  EXPECT_EQ(held.refunds_made, 0);
  EXPECT_TRUE(held.refundable.empty());
  held = facts(seen, {paid}, {});
  EXPECT_EQ(held.payments_made, 1);
  EXPECT_FALSE(held.order_changed);
  EXPECT_EQ(held.refundable.back(), refundable(paid));
  Refund refund;
  refund.amount = fen(100);
  refund.state = RefundState::processing;
  held = facts(seen, {paid, samples::paid('2')}, {refund});
  EXPECT_EQ(held.payments_made, 2);
  EXPECT_EQ(held.refunds_made, 1);
  EXPECT_TRUE(held.order_changed);
  EXPECT_EQ(held.refundable.size(), 3U) << "each, and both";
}

}  // namespace
}  // namespace purser
