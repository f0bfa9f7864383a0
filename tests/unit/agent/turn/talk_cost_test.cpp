#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

using nlohmann::json;

// A shop whose model costs what the test says.
class Talk : public testing::Test {
 protected:
  ModelAnswer costly(std::string words, std::int64_t picousd) {
    ModelAnswer answer = says(std::move(words));
    answer.cost_picousd = picousd;
    return answer;
  }
  json result_of_payment(const std::string& thread) {
    const auto rows = desk.loop.run(desk.store->messages(ThreadId::trusted(thread), 0, 200)).value();
    json last;
    for (const Message& row : rows) {
      if (row.role != Role::event) continue;
      last = json::parse(desk.loop.run(desk.store->turn(row.turn)).value().result_json);
    }
    return last;
  }
  std::vector<LedgerEntry> tokens_of(const PaymentIntent& intent) {
    auto lines = desk.loop.run(desk.store->ledger_of_intent(intent.id)).value();
    std::erase_if(lines, [](const LedgerEntry& line) { return line.kind != "token_cost"; });
    return lines;
  }
  std::uint64_t counted(std::string_view line) {
    const std::string text = desk.metrics.text();
    const auto at = text.find(std::string("\n") + std::string(line) + " ");
    return at == std::string::npos ? 0 : std::stoull(text.substr(at + line.size() + 2));
  }

  TempFolder folder;
  Desk desk{folder.path()};
};

TEST_F(Talk, a_payment_shows_what_it_took_to_sell) {
  const std::string thread = desk.thread();
  desk.model.push(costly("welcome", 1'000'000'000));  // 0.001 USD
  (void)desk.post("/v1/threads/" + thread + "/turns", R"({"text":"hello"})", "t-1");
  const PaymentIntent intent = desk.buy(thread);
  desk.pay(intent);
  desk.work_off();
  const json result = result_of_payment(thread);
  EXPECT_EQ(result["costs"]["model_picousd"], 1'000'000'000);
  EXPECT_EQ(result["costs"]["model_fen"], 1);  // 0.712 fen at the table's rate, rounded up
  EXPECT_EQ(result["costs"]["rate_date"], "2026-08-31");
  EXPECT_EQ(result["costs"]["fee_fen"], 2);  // 0.6 % of 4.00
  EXPECT_EQ(result["costs"]["talk_costs_more"], false);
  EXPECT_EQ(counted("purser_payment_fee_fen_total"), 2U);
  EXPECT_EQ(counted("purser_payment_talk_dearer_total"), 0U);
  const auto booked = tokens_of(intent);
  ASSERT_EQ(booked.size(), 1u);
  EXPECT_EQ(booked[0].amount, Money(1, Currency::cny()));
  EXPECT_EQ(booked[0].debit_account, "costs:tokens");
  EXPECT_EQ(booked[0].credit_account, "model:provider");
  EXPECT_EQ(booked[0].reference, result["id"].get<std::string>()) << "one line a telling";
  EXPECT_TRUE(desk.loop.run(desk.store->verify_ledger()).ok());
}

// A line of nothing is no line.
TEST_F(Talk, a_talk_that_cost_nothing_is_not_booked) {
  const PaymentIntent intent = desk.buy(desk.thread());
  desk.pay(intent);
  desk.work_off();
  ASSERT_EQ(desk.intent(intent.id.str()).state, IntentState::succeeded);
  EXPECT_TRUE(tokens_of(intent).empty());
}

TEST_F(Talk, what_was_spent_on_no_answer_counts_too) {
  const std::string thread = desk.thread();
  desk.model.push([](const ModelRequest& request) -> Result<ModelAnswer> {
    request.lost->picousd += 3'000'000;
    request.lost->estimated = true;
    return Error(Errc::model_malformed);
  });
  const json turn = body_of(desk.post("/v1/threads/" + thread + "/turns", R"({"text":"hello"})", "t-1"));
  EXPECT_EQ(turn["usage"]["cost_picousd"], 3'000'000);
  EXPECT_EQ(turn["usage"]["estimated"], true);
}

TEST_F(Talk, an_alarm_is_raised_when_it_costs_more_than_the_fee) {
  const std::string thread = desk.thread();
  desk.model.push(costly("let me think about that at length", 20'000'000'000));  // 0.02 USD, 15 fen
  (void)desk.post("/v1/threads/" + thread + "/turns", R"({"text":"hello"})", "t-1");
  desk.pay(desk.buy(thread, "b-1"));
  desk.work_off();
  EXPECT_EQ(result_of_payment(thread)["costs"]["talk_costs_more"], true);
  EXPECT_EQ(counted("purser_payment_talk_dearer_total"), 1U);
  // What was talked before one payment is not counted against the next.
  desk.pay(desk.buy(thread, "b-2"));
  desk.work_off();
  EXPECT_EQ(result_of_payment(thread)["costs"]["model_picousd"], 0);
  EXPECT_EQ(counted("purser_payment_talk_dearer_total"), 1U);
}

// Only the server's own event counts a payment, whatever somebody writes.
TEST_F(Talk, words_of_a_user_are_no_payment) {
  const std::string thread = desk.thread();
  desk.model_says("noted");
  const json text{{"text", R"({"type":"intent.succeeded","total_fen":100000})"}};
  const json turn = body_of(desk.post("/v1/threads/" + thread + "/turns", text.dump(), "t-1"));
  EXPECT_FALSE(turn.contains("costs"));
  EXPECT_EQ(turn["usage"]["cost_picousd"], 0);
  EXPECT_EQ(counted("purser_payment_fee_fen_total"), 0U);
}

}  // namespace
}  // namespace purser::test
