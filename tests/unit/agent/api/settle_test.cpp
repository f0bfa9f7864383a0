// A payment that was made otherwise than ordered, and the person who ends it.
#include "agent/retention/eraser.hpp"
#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

class ConflictTest : public testing::Test {
 protected:
  // Two cups, 4.00, of which the rail says that one fen was paid.
  void SetUp() override {
    bought = desk.buy(desk.thread());
    path = "/v1/intents/" + bought.id.str() + "/settle";
  }
  void pay_one_fen() {
    auto facts = FakeChannel::paid(bought);
    facts.total = Money(1, Currency::cny());
    EXPECT_FALSE(desk.loop.run(desk.cashier.take_order_facts(queried(facts))).ok());
    desk.work_off();
    ASSERT_EQ(desk.intent(bought.id.str()).state, IntentState::conflicted);
  }
  OrderFacts queried(OrderFacts facts) {
    desk.channel.queries.push_back(FakeChannel::query_reply(facts));
    return facts;
  }
  Eraser::Outcome erase() {
    Eraser eraser({*desk.store, desk.loop.clock, &desk.metrics});
    return desk.loop.run(eraser.erase_user(bought.tenant, bought.user)).value();
  }

  TempFolder folder;
  Desk desk{folder.path()};
  PaymentIntent bought;
  std::string path;
};

TEST_F(ConflictTest, is_ended_by_a_person_and_moves_nothing) {
  pay_one_fen();
  ASSERT_EQ(erase().left.size(), 1u) << "a person still has to look into it";
  const std::size_t rail_calls = desk.channel.calls.size();
  const auto settled = desk.post(path, "", "s1");
  ASSERT_EQ(settled.status, 200) << settled.body;
  EXPECT_EQ(body_of(settled)["state"], "failed");
  EXPECT_EQ(body_of(settled)["failure"], "conflict_settled");
  EXPECT_TRUE(desk.loop.run(desk.store->ledger_of_intent(bought.id)).value().empty());
  const std::int64_t version = desk.intent(bought.id.str()).version;
  EXPECT_EQ(desk.post(path, "", "s2").body, settled.body) << "whoever asks next finds it done";
  EXPECT_EQ(desk.intent(bought.id.str()).version, version);
  desk.work_off();
  EXPECT_EQ(desk.channel.calls.size(), rail_calls);
  EXPECT_TRUE(desk.loop.run(desk.store->verify_ledger()).ok());
  EXPECT_TRUE(erase().left.empty());
}

TEST_F(ConflictTest, the_same_facts_told_again_are_looked_into_again) {
  pay_one_fen();
  ASSERT_EQ(desk.post(path, "", "s1").status, 200);
  pay_one_fen();
  EXPECT_EQ(desk.post(path, "", "s2").status, 200);
}

TEST_F(ConflictTest, nothing_else_is_settled) {
  const auto open = desk.post(path, "", "s1");
  EXPECT_EQ(open.status, 409) << open.body;
  EXPECT_EQ(code_of(open), "illegal_transition");
  desk.pay(bought);
  desk.work_off();
  EXPECT_EQ(code_of(desk.post(path, "", "s2")), "illegal_transition");
  EXPECT_EQ(desk.intent(bought.id.str()).state, IntentState::succeeded);
}

}  // namespace
}  // namespace purser::test
