// What a conversation does around the model: first words at once, and nothing twice.
#include "agent/turn/conversations.hpp"

#include "tests/support/desk.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>

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
