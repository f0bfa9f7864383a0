// What a conversation does around the model: first words at once, and nothing twice.
#include "agent/turn/conversations.hpp"

#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace purser {
namespace {

const char* const kTwoCups = R"({"lines":[{"sku":"CUP","quantity":2}]})";

class Talking : public testing::Test {
 protected:
  Conversations with(std::vector<std::string> acknowledge) {
    Conversations::Prompts prompts;
    prompts.acknowledge = std::move(acknowledge);
    return Conversations({*desk.store, desk.model, desk.tools, desk.cashier, desk.mint, desk.loop.clock}, desk.turns,
                         std::move(prompts), true, desk.loop.executor());
  }
  // Says `text` and returns the types of the events that came of it, in order.
  std::vector<std::string> events_of(Conversations& talk, const std::string& text) {
    const ThreadId thread = ThreadId::trusted(desk.thread("user" + std::to_string(++users)));
    auto turn = desk.loop.run(talk.say(thread, text, std::nullopt));
    EXPECT_TRUE(turn.ok()) << turn.error().message;
    auto events = desk.loop.run(desk.store->events(thread, 0, 100));
    EXPECT_TRUE(events.ok());
    std::vector<std::string> types;
    for (const StreamEvent& event : *events) types.push_back(event.type);
    last = *events;
    return types;
  }

  test::TempFolder folder;
  test::Desk desk{folder.path()};
  std::vector<StreamEvent> last;
  int users = 0;
};

TEST_F(Talking, first_words_come_before_the_order_where_the_tenant_wants_them) {
  for (const std::string& name : {std::string("acme"), std::string("*")}) {
    auto talk = with({name});
    desk.model.push(test::asks("create_payment_intent", kTwoCups));
    desk.model.push(test::says("Please pay."));
    const auto types = events_of(talk, "two cups");
    ASSERT_FALSE(types.empty());
    EXPECT_EQ(types.front(), "message.delta");
    EXPECT_EQ(types.back(), "message.completed");
    EXPECT_EQ(std::count(types.begin(), types.end(), "message.delta"), 1);
    EXPECT_EQ(last.front().data_json.find("paid"), std::string::npos);
  }
}

// All answers of a turn together, not each.
TEST_F(Talking, at_a_till_providers_have_less_than_a_second) {
  NewThread wanted(TenantId::trusted("acme"), UserId::trusted("anna"));
  wanted.metadata_json = R"({"scene":"in_store"})";
  auto talk = with({});
  const auto thread = desk.loop.run(talk.create(std::move(wanted)));
  ASSERT_TRUE(thread.ok());
  desk.model.push(test::asks("create_payment_intent", kTwoCups));
  desk.model.push(test::says("Please pay."));
  const auto until = desk.loop.clock.now() + std::chrono::milliseconds(750);
  ASSERT_TRUE(desk.loop.run(talk.say(thread->id, "two cups", std::nullopt)).ok());
  ASSERT_EQ(desk.model.requests().size(), 2U);
  for (const ModelRequest& request : desk.model.requests()) EXPECT_EQ(request.providers_until, until);
  desk.model.push(test::says("hello"));
  (void)events_of(talk, "hello");
  EXPECT_FALSE(desk.model.requests().back().providers_until.has_value());
}

TEST_F(Talking, nobody_else_reads_first_words) {
  auto talk = with({"other"});
  desk.model.push(test::asks("create_payment_intent", kTwoCups));
  desk.model.push(test::says("Please pay."));
  const auto types = events_of(talk, "two cups");
  EXPECT_EQ(std::count(types.begin(), types.end(), "message.delta"), 0);
}

TEST_F(Talking, a_search_needs_no_first_words) {
  auto talk = with({"*"});
  desk.model.push(test::asks("search_catalogue", "{}"));
  desk.model.push(test::says("We have cups."));
  const auto types = events_of(talk, "what do you have?");
  EXPECT_EQ(std::count(types.begin(), types.end(), "message.delta"), 0);
}

// A model that was asked again after its order was made makes the same order: it is told what came of the first.
TEST_F(Talking, the_same_order_twice_in_a_turn_is_one_order) {
  auto talk = with({});
  std::string first;
  desk.model.push(test::asks("create_payment_intent", kTwoCups));
  desk.model.push([&](const ModelRequest& request) -> Result<ModelAnswer> {
    first = request.messages.back().text;
    return test::asks("create_payment_intent", R"({ "lines": [{"quantity":2,"sku":"CUP"}] })");
  });
  desk.model.push([&](const ModelRequest& request) -> Result<ModelAnswer> {
    EXPECT_EQ(request.messages.back().text, first);
    return test::says("Please pay.");
  });
  (void)events_of(talk, "two cups");
  EXPECT_NE(first.find("\"ok\""), std::string::npos) << first;
}

TEST_F(Talking, another_order_in_the_same_turn_is_refused) {
  auto talk = with({});
  desk.model.push(test::asks("create_payment_intent", kTwoCups));
  desk.model.push(test::asks("create_payment_intent", R"({"lines":[{"sku":"CUP","quantity":3}]})"));
  desk.model.push([&](const ModelRequest& request) -> Result<ModelAnswer> {
    EXPECT_NE(request.messages.back().text.find("already_done_in_turn"), std::string::npos);
    return test::says("Please pay.");
  });
  (void)events_of(talk, "two cups");
}

class Refunding : public Talking {
 protected:
  void SetUp() override {
    const PaymentIntent bought = desk.buy(thread.str());
    paid = bought.id;
    desk.pay(bought);
    desk.work_off();
    told_before = replies();
    desk.model.push(
        test::asks("refund", R"({"refunds":[{"payment_intent":")" + paid.str() + R"(","all":true,"reason":"cold"}]})"));
    desk.model.push([this](const ModelRequest& request) {
      heard = request.messages.back().text;
      return test::says("Done.");
    });
  }
  Result<Turn> ask() { return desk.loop.run(desk.conversations.say(thread, "I want my money back", std::nullopt)); }
  std::size_t replies() {
    const auto all = desk.loop.run(desk.store->messages(thread, 0, 1'000)).value();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [](const Message& one) { return one.role == Role::assistant && one.calls.empty(); }));
  }
  // The rail says at once how it ended; `meanwhile` happens before.
  void ends_at_once(RefundEvent how, std::function<void()> meanwhile) {
    desk.channel.before = [this, how, meanwhile = std::move(meanwhile)](const test::RailCall& call) {
      if (call.method != "refund") return;
      RefundReply at_once;
      at_once.outcome = Outcome::succeeded;
      at_once.facts.emplace();
      at_once.facts->event = how;
      desk.channel.refunds.push_back(std::move(at_once));
      meanwhile();
    };
  }
  Turn running() { return desk.loop.run(desk.store->running_turn(thread)).value().value(); }
  void another_daemon_takes(const TurnId& turn) {
    Batch batch("by another daemon");
    batch.add(op::TakeTurn{turn, 1});
    ASSERT_TRUE(desk.loop.run(desk.store->commit(std::move(batch))).ok());
  }

  ThreadId thread = ThreadId::trusted(desk.thread());
  IntentId paid;
  std::size_t told_before = 0;
  std::string heard;
};

TEST_F(Refunding, the_turn_that_hears_the_end_at_once_is_the_one_that_tells_it) {
  ends_at_once(RefundEvent::rail_succeeded, [] {});
  ASSERT_TRUE(ask().ok());
  EXPECT_NE(heard.find("succeeded"), std::string::npos) << heard;
  desk.pass(std::chrono::seconds(120));
  EXPECT_EQ(replies() - told_before, 1U);
}

TEST_F(Refunding, an_end_that_came_once_the_turn_was_lost_is_told_by_an_event) {
  ends_at_once(RefundEvent::rail_succeeded, [this] { another_daemon_takes(running().id); });
  EXPECT_EQ(ask().code(), Errc::store_conflict);
  EXPECT_EQ(heard, "") << "it writes nothing any more";
  const auto told = desk.loop.run(desk.store->work_of_kind(WorkKind::resume_thread, "", "", 10)).value();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_TRUE(told[0].subject.starts_with("refund.succeeded:")) << told[0].subject;
  EXPECT_EQ(desk.loop.run(desk.store->refunds_of_intent(paid)).value().at(0).state, RefundState::succeeded);
}

TEST_F(Refunding, a_daemon_that_has_lost_the_turn_reserves_nothing) {
  std::vector<CheckedRefund> list{{paid, Money(100, Currency::cny()), "cold"}};
  Thread row = desk.loop.run(desk.store->thread(thread)).value();
  op::HoldTurn lost;
  lost.turn = TurnId::trusted("turn_lost");
  lost.token = 1;
  const auto refused = desk.loop.run(desk.cashier.refund(row, list, "turn_lost:call", lost));
  EXPECT_EQ(refused.code(), Errc::store_conflict);
  EXPECT_TRUE(desk.loop.run(desk.store->refunds_of_intent(paid)).value().empty());
}

// A daemon that is told to stop cancels what it awaits: whoever takes the turn up asks the model again.
TEST_F(Talking, a_turn_whose_model_was_not_waited_for_goes_on_later) {
  const ThreadId thread = ThreadId::trusted(desk.thread());
  desk.model.push([](const ModelRequest&) -> Result<ModelAnswer> { return Error(Errc::canceled); });
  EXPECT_EQ(desk.loop.run(desk.conversations.say(thread, "hello", std::nullopt)).code(), Errc::canceled);
  auto left = desk.loop.run(desk.store->running_turns(10)).value();
  ASSERT_EQ(left.size(), 1U);
  desk.model_says("hello");
  EXPECT_EQ(desk.loop.run(desk.conversations.recover(left[0])).value().state, TurnState::completed);
}

// A full disk and the like. Nobody may ask again: what the rail set off has no client that would.
class CutOff : public testing::Test {
 protected:
  std::vector<Turn> running() { return desk.loop.run(desk.store->running_turns(10)).value(); }
  std::size_t replies() {
    const auto all = desk.loop.run(desk.store->messages(thread, 0, 100)).value();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const Message& one) { return one.role == Role::assistant; }));
  }

  test::TempFolder folder;
  test::Desk desk{folder.path(), "before:turn.finished:1:fail,before:turn.taken:1:fail"};
  ThreadId thread = ThreadId::trusted(desk.thread());
};

TEST_F(CutOff, a_turn_that_the_store_cut_off_is_gone_on_with_until_it_ends) {
  auto keeping = desk.loop.start(desk.conversations.take_up_turns(desk.group));
  desk.model_says("hello");
  auto said = desk.loop.run(desk.conversations.say(thread, "hello", std::nullopt));
  EXPECT_EQ(said.code(), Errc::store_unavailable);
  ASSERT_EQ(running().size(), 1U);
  EXPECT_EQ(replies(), 0U);
  desk.model_says("hello again");
  desk.loop.advance(std::chrono::seconds(3));
  EXPECT_EQ(replies(), 0U) << "the store still takes nothing";
  desk.loop.advance(std::chrono::seconds(10));
  EXPECT_EQ(replies(), 1U);
  EXPECT_TRUE(running().empty());
  EXPECT_EQ(desk.model.left(), 0U);
  keeping.cancel(asio::cancellation_type::total);
  EXPECT_TRUE(desk.loop.until([&] { return keeping.done(); }));
}

TEST_F(CutOff, what_is_driven_here_is_not_taken_up_beside) {
  desk.model.push([this](const ModelRequest&) -> Result<ModelAnswer> {
    EXPECT_EQ(running().size(), 1U);
    EXPECT_EQ(desk.loop.run(desk.conversations.take_up(desk.group)).value(), 0U);
    return test::says("hello");
  });
  (void)desk.loop.run(desk.conversations.say(thread, "hello", std::nullopt));
  desk.model_says("hello again");
  EXPECT_EQ(running().size(), 1U) << "cut off, so nobody drives it";
  EXPECT_EQ(desk.loop.run(desk.conversations.take_up(desk.group)).value(), 1U);
}

}  // namespace
}  // namespace purser
