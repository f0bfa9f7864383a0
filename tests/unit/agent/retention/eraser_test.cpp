// Old words go by themselves, in small steps; what is open stays until it is not.
#include "agent/retention/eraser.hpp"

#include "gateway/store/open/open.hpp"
#include "tests/support/loop.hpp"
#include "tests/support/store_rows.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

namespace purser {
namespace {

class EraserTest : public ::testing::Test {
 protected:
  EraserTest() {
    StoreSettings settings;
    settings.url = Secret("sqlite://" + folder.file("purser.db"));
    store = open_store(settings, loop.clock).value();
    eraser.emplace(Eraser::Ports{*store, loop.clock, &metrics});
  }
  // A conversation with one message of `age`.
  Thread talk(int n, Millis age, const char* user = "mei") {
    Thread thread = test::make_thread(n);
    thread.user = UserId::trusted(user);
    thread.created_at = loop.clock.durable() - age - Millis(1);
    Turn turn = test::make_turn(n, thread);
    Message message = test::make_message(n, turn);
    message.at = loop.clock.durable() - age;
    Turn ended = turn;
    ended.state = TurnState::completed;
    Batch batch("talk");
    batch.add(op::InsertThread{thread}).add(op::InsertTurn{turn}).add(op::AppendMessage{message});
    batch.add(op::FinishTurn{ended});
    EXPECT_TRUE(loop.run(store->commit(std::move(batch))).ok());
    return thread;
  }
  bool has_words(const Thread& thread) {
    return !loop.run(store->messages(thread.id, 0, 1)).value().at(0).text.empty();
  }

  test::Loop loop;
  test::TempFolder folder;
  std::unique_ptr<Store> store;
  Metrics metrics;
  std::optional<Eraser> eraser;
};

constexpr std::chrono::hours kDay{24};

TEST_F(EraserTest, what_is_old_enough_goes_and_the_rest_stays) {
  const Thread old = talk(1, kDay * 31);
  const Thread fresh = talk(2, kDay * 29);
  const Thread open = talk(3, kDay * 40);
  PaymentIntent waiting = test::make_intent(3, open);
  Batch batch("open");
  batch.add(op::InsertIntent{waiting});
  ASSERT_TRUE(loop.run(store->commit(std::move(batch))).ok());
  const UtcTime before = loop.clock.durable() - kDay * 30;
  EXPECT_EQ(loop.run(eraser->erase_old(before)).value(), 1);
  EXPECT_FALSE(has_words(old));
  EXPECT_TRUE(has_words(fresh));
  EXPECT_TRUE(has_words(open));
  EXPECT_EQ(loop.run(store->thread(old.id)).value().openid, old.openid);
  EXPECT_EQ(loop.run(eraser->erase_old(before)).value(), 0) << "nothing twice";
  EXPECT_TRUE(loop.run(store->verify_ledger()).ok());
}

TEST_F(EraserTest, more_than_a_step_holds_is_done_also_behind_what_is_open) {
  for (int n = 1; n <= 120; ++n) talk(n, kDay * 31 + Millis(200 - n));
  Batch batch("open");
  for (int n = 1; n <= 60; ++n) {
    PaymentIntent waiting = test::make_intent(n, test::make_thread(n));
    waiting.state = IntentState::canceled;  // and the rail has not closed it yet
    batch.add(op::InsertIntent{waiting});
  }
  ASSERT_TRUE(loop.run(store->commit(std::move(batch))).ok());
  EXPECT_EQ(loop.run(eraser->erase_old(loop.clock.durable() - kDay * 30)).value(), 60);
}

TEST_F(EraserTest, it_goes_on_by_itself) {
  const Thread thread = talk(1, Millis(1'000));
  auto running = loop.start(eraser->keep(2));
  loop.settle();
  EXPECT_TRUE(has_words(thread));
  loop.advance(kDay * 2 - std::chrono::hours(2));
  EXPECT_TRUE(has_words(thread));
  loop.advance(std::chrono::hours(3));
  EXPECT_FALSE(has_words(thread));
  running.cancel();
  EXPECT_TRUE(loop.until([&] { return running.done(); }));
}

TEST_F(EraserTest, a_user_of_whom_nothing_is_on_record_is_named) {
  const Thread hers = talk(1, Millis(1'000));
  EXPECT_EQ(loop.run(eraser->erase_user(hers.tenant, UserId::trusted("mistyped"))).code(), Errc::not_found);
  EXPECT_EQ(loop.run(eraser->erase_user(TenantId::trusted("mistyped"), hers.user)).code(), Errc::not_found);
  EXPECT_TRUE(has_words(hers));
}

TEST_F(EraserTest, one_users_conversations_are_erased_whole) {
  const Thread hers = talk(1, Millis(1'000));
  const Thread second = talk(2, Millis(2'000));
  const Thread other = talk(3, Millis(1'000), "li");
  const auto done = loop.run(eraser->erase_user(hers.tenant, hers.user)).value();
  EXPECT_EQ(done.erased, (std::vector<ThreadId>{hers.id, second.id}));
  EXPECT_TRUE(done.left.empty());
  EXPECT_EQ(loop.run(store->thread(hers.id)).value().openid, "");
  EXPECT_TRUE(has_words(other));
  EXPECT_NE(metrics.text().find("purser_conversations_erased_total 2\n"), std::string::npos) << metrics.text();
}

}  // namespace
}  // namespace purser
