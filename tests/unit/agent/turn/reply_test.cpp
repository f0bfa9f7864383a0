#include "agent/turn/reply.hpp"

#include "agent/turn/fixed_answers.hpp"
#include "agent/turn/machine.hpp"
#include "tests/support/samples.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

using nlohmann::json;

Message calls(const std::string& id, const std::string& tool) {
  Message out;
  out.role = Role::assistant;
  out.calls.push_back({id, tool, "{}"});
  return out;
}

Message answers(const std::string& id, const json& result, const json& cards = json::array()) {
  Message out;
  out.role = Role::tool;
  out.call_id = id;
  out.text = result.dump();
  out.cards_json = cards.dump();
  return out;
}

Message user(const std::string& text) {
  Message out;
  out.text = text;
  return out;
}

json request_card(const PaymentIntent& intent, int revision) {
  return {{"type", "payment_request"}, {"payment_intent", intent.id.str()}, {"revision", revision}};
}

PaymentIntent in_state(char digit, IntentState state) {
  PaymentIntent intent = samples::paid(digit);
  intent.state = state;
  return intent;
}

TEST(Cards, TheNewestOfEachSubjectIsShown) {
  const PaymentIntent open = in_state('1', IntentState::awaiting_payment);
  const std::vector<Message> turn = {user("buy"), answers("a", {}, json::array({request_card(open, 1)})),
                                     answers("b", {}, json::array({{{"type", "catalogue"}, {"items", {1}}}})),
                                     answers("c", {}, json::array({request_card(open, 2)})),
                                     answers("d", {}, json::array({{{"type", "catalogue"}, {"items", {2}}}}))};
  const json cards = cards_of(turn, {open});
  ASSERT_EQ(cards.size(), 2U) << cards.dump();
  EXPECT_EQ(cards[0]["revision"], 2);
  EXPECT_EQ(cards[1]["items"][0], 2);
}

TEST(Cards, NobodyIsAskedToPayWhatAwaitsNoPayment) {
  const PaymentIntent canceled = in_state('1', IntentState::canceled);
  const PaymentIntent open = in_state('2', IntentState::awaiting_payment);
  const std::vector<Message> turn = {user("buy"), answers("a", {}, json::array({request_card(canceled, 1)})),
                                     answers("b", {}, json::array({request_card(open, 1)}))};
  const json cards = cards_of(turn, {canceled, open});
  ASSERT_EQ(cards.size(), 1U) << cards.dump();
  EXPECT_EQ(cards[0]["payment_intent"], open.id.str());
}

std::string told_by(const TurnAction& ending, const std::vector<Message>& turn,
                    const std::vector<PaymentIntent>& intents, const std::vector<Refund>& refunds) {
  const std::string locale = "en";
  return truthful_text(ending, ReplyContext{turn, turn, intents, refunds, locale, UtcTime{}}).text;
}

TEST(Text, DeedsAreToldWhenWordsFail) {
  TurnAction spent;
  spent.ending = Ending::rounds_spent;
  const PaymentIntent paid = samples::paid('1');
  Refund refund;
  refund.amount = Money(13500, Currency::cny());
  refund.state = RefundState::processing;
  std::vector<Message> turn = {user("refund all"), calls("a", "refund"), answers("a", {{"status", "ok"}})};
  const std::string told = told_by(spent, turn, {paid}, {refund});
  EXPECT_NE(told.find("¥135.00"), std::string::npos) << told;
  EXPECT_EQ(told.find("could not"), std::string::npos) << told;

  // A refused deed is none, and neither is a question.
  turn.back() = answers("a", {{"status", "refused"}, {"code", "needs_operator"}});
  EXPECT_NE(told_by(spent, turn, {paid}, {}).find("could not"), std::string::npos);
  turn = {user("what do you have"), calls("a", "search_catalogue"), answers("a", {{"status", "ok"}})};
  EXPECT_NE(told_by(spent, turn, {paid}, {}).find("could not"), std::string::npos);
}

// A reply of a megabyte is no reply; what is shown of it ends at a whole character and says that it was cut.
TEST(Words, AreBoundedAndSayWhereTheyWereCut) {
  const std::vector<Message> turn = {user("tell me everything")};
  TurnAction ending;
  ending.kind = TurnAction::Kind::reply;
  const auto shown = [&](std::string text, const std::string& locale) {
    ending.text = std::move(text);
    const std::vector<PaymentIntent> intents;
    const std::vector<Refund> refunds;
    ReplyContext context{turn, turn, intents, refunds, locale, UtcTime{}};
    context.bytes_max = 256;
    return truthful_text(ending, context).text;
  };
  EXPECT_EQ(shown(std::string(256, 'a'), "en"), std::string(256, 'a'));
  const std::string cut = shown(std::string(257, 'a'), "en");
  EXPECT_LE(cut.size(), 256U);
  EXPECT_TRUE(cut.ends_with("cut here)")) << cut;
  std::string long_chinese;
  for (int i = 0; i < 300'000; ++i) long_chinese += "茶";
  const std::string chinese = shown(long_chinese, "zh");
  EXPECT_LE(chinese.size(), 256U);
  EXPECT_GT(chinese.size(), 200U);
  EXPECT_TRUE(chinese.ends_with("已截断）")) << chinese;
  EXPECT_EQ(chinese.find("\xEF\xBF\xBD"), std::string::npos);
  // A sum at the edge is left out as a whole, not shown as a smaller one.
  const std::string sum = shown(std::string(195, 'a') + " " + std::string(30, '9') + std::string(300, ' '), "en");
  EXPECT_EQ(sum.find('9'), std::string::npos) << sum;
}

TEST(Words, ThatHaveNoEndSaySo) {
  const std::vector<Message> turn = {user("tell me everything")};
  TurnMachine machine(TurnSettings(), turn);
  ModelAnswer answer;
  answer.text = "The tea is";
  answer.finish = FinishReason::length;
  machine.model_answered(answer);
  const TurnAction ending = machine.next();
  const std::vector<PaymentIntent> intents;
  const std::vector<Refund> refunds;
  for (const auto& [locale, told] :
       {std::pair("en", "The tea is … (the reply has no end)"), std::pair("zh", "The tea is ……（回复不完整）")}) {
    ReplyContext context{turn, turn, intents, refunds, locale, UtcTime{}};
    context.bytes_max = 256;
    EXPECT_EQ(truthful_text(ending, context).text, told);
  }
}

TEST(MoneyLines, do_not_call_unpaid_what_was_paid_after_its_end) {
  PaymentIntent intent;
  intent.amount = intent.captured = Money(17600, Currency::cny());
  for (const IntentState state : {IntentState::expired, IntentState::canceled}) {
    intent.state = state;
    EXPECT_EQ(money_lines({intent}, {}, "en"), "The order of ¥176.00 was paid after it had ended.");
    EXPECT_EQ(money_lines({intent}, {}, "zh"), "订单 ¥176.00，结束以后才收到付款。");
  }
  intent.captured = Money(0, Currency::cny());
  EXPECT_EQ(money_lines({intent}, {}, "en"), "The order of ¥176.00 is canceled.");
}

}  // namespace
}  // namespace purser
