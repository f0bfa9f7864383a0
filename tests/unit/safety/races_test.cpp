// Two and three at once, in an order that a seed decides: every call of the store is held up for a while of virtual
// time, so what one has read another changes before it writes.
#include "gateway/store/forwarding_store.hpp"
#include "tests/support/evil_model.hpp"
#include "tests/support/fake_model.hpp"
#include "tests/support/small_shop.hpp"

#include <gtest/gtest.h>

namespace purser::test {
namespace {

constexpr std::uint64_t kSeeds = 40;

class ShufflingStore final : public ForwardingStore {
 public:
  ShufflingStore(std::unique_ptr<Store> store, Clock& clock, Dice& dice)
      : ForwardingStore(std::move(store)), clock_(clock), dice_(dice) {}

  Task<Result<Receipt>> commit(Batch batch) override {
    auto held_up = co_await pause();
    if (!held_up) co_return held_up.error();
    auto done = co_await ForwardingStore::commit(std::move(batch));
    co_return done;
  }
  Task<Result<PaymentIntent>> intent(IntentId id) override {
    auto row = co_await ForwardingStore::intent(std::move(id));
    auto held_up = co_await pause();
    if (!held_up) co_return held_up.error();
    co_return row;
  }
  Task<Result<std::vector<Refund>>> refunds_of_intent(IntentId id) override {
    auto rows = co_await ForwardingStore::refunds_of_intent(std::move(id));
    auto held_up = co_await pause();
    if (!held_up) co_return held_up.error();
    co_return rows;
  }

 private:
  Task<Result<void>> pause() {
    const auto until = clock_.now() + Millis(static_cast<std::int64_t>(dice_.below(20)));
    co_return co_await clock_.sleep_until(until);
  }

  Clock& clock_;
  Dice& dice_;
};

CatalogueItem item(const std::string& sku, std::int64_t fen) {
  CatalogueItem out;
  out.sku = Sku::trusted(sku);
  out.name_zh = out.name_en = sku;
  out.unit_price = Money(fen, Currency::cny());
  return out;
}

class Race {
 public:
  explicit Race(std::uint64_t seed, IntentSettings intents = {})
      : dice(seed),
        shop(Catalogue("v1", {item("CUP", 1'000), item("TEA", 2'000), item("POT", 3'000)}), intents, {}, {}, {},
             [this](std::unique_ptr<Store> store, Clock& clock) -> std::unique_ptr<Store> {
               return std::make_unique<ShufflingStore>(std::move(store), clock, dice);
             }) {
    shop.answers = [](const ModelRequest&) { return Result<ModelAnswer>(says("ok")); };
    thread = shop.open_thread("acme", "alice", "", "en");
  }

  CheckedOrder order(const std::string& sku, std::int64_t fen) {
    CheckedOrder out;
    out.amount = Money(fen, Currency::cny());
    out.lines = {IntentLine{Sku::trusted(sku), sku, 1, out.amount}};
    out.description = sku;
    out.catalogue_version = "v1";
    return out;
  }
  Thread row() { return shop.run(shop.store->thread(thread.id)).value(); }
  PaymentIntent bought() {
    Thread who = row();
    auto intent = shop.run(shop.cashier.open(who, order("CUP", 1'000), "first", IntentId()));
    EXPECT_TRUE(intent.ok());
    return *intent;
  }
  std::int64_t open_now() {
    std::int64_t open = 0;
    for (const PaymentIntent& intent : shop.intents(thread.id)) open += is_open(intent.state);
    return open;
  }
  // What the rail holds open for this user.
  std::int64_t payable() {
    std::int64_t count = 0;
    for (const PaymentIntent& intent : shop.intents(thread.id))
      count += shop.rail.pay(intent.order.out_trade_no, "").ok();
    return count;
  }
  template <class T>
  std::vector<T> all_of(std::vector<Started<T>> racing) {
    while (shop.clock.advance_to_next(shop.ioc)) {
    }
    std::vector<T> out;
    for (auto& one : racing) out.push_back(one.get());
    return out;
  }

  Dice dice;
  SmallShop shop;
  Thread thread;
};

class Races : public testing::TestWithParam<int> {};

TEST_P(Races, refunds_never_return_more_than_was_paid) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Race race(seed);
    (void)race.bought();
    ASSERT_TRUE(race.shop.pay(race.thread.id));
    const PaymentIntent paid = race.shop.intents(race.thread.id).front();
    const Thread who = race.row();
    std::vector<Started<Result<std::vector<Refund>>>> racing;
    for (int n = 0; n < GetParam(); ++n) {
      const Money part(600, Currency::cny());
      racing.emplace_back(race.shop.ioc, race.shop.cashier.refund(who, {{paid.id, part, "x"}},
                                                                  "origin" + std::to_string(n), std::nullopt));
    }
    const auto ends = race.all_of(std::move(racing));
    const auto won = std::count_if(ends.begin(), ends.end(), [](const auto& end) { return end.ok(); });
    EXPECT_EQ(won, 1) << "seed " << seed;
    for (const auto& end : ends) {
      if (!end) {
        EXPECT_EQ(end.code(), Errc::refund_exceeds_remaining) << "seed " << seed;
      }
    }
    std::int64_t given = 0;
    for (const Refund& one : race.shop.refunds(race.thread.id)) given += one.amount.minor();
    EXPECT_EQ(given, 600) << "seed " << seed;
    EXPECT_TRUE(race.shop.run(race.shop.store->verify_ledger()).ok()) << "seed " << seed;
  }
}

TEST_P(Races, the_same_refund_asked_again_is_one_refund) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Race race(seed);
    (void)race.bought();
    ASSERT_TRUE(race.shop.pay(race.thread.id));
    const PaymentIntent paid = race.shop.intents(race.thread.id).front();
    const Thread who = race.row();
    std::vector<Started<Result<std::vector<Refund>>>> racing;
    for (int n = 0; n < GetParam(); ++n) {
      const Money part(300, Currency::cny());
      racing.emplace_back(race.shop.ioc, race.shop.cashier.refund(who, {{paid.id, part, "x"}}, "same", std::nullopt));
    }
    (void)race.all_of(std::move(racing));
    ASSERT_EQ(race.shop.refunds(race.thread.id).size(), 1U) << "seed " << seed;
    EXPECT_EQ(race.shop.refunds(race.thread.id)[0].amount.minor(), 300);
  }
}

TEST_P(Races, renewals_of_one_wish_make_one_payment) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Race race(seed);
    const PaymentIntent first = race.bought();
    race.shop.pass(std::chrono::minutes(6));
    ASSERT_EQ(race.open_now(), 0) << "seed " << seed;
    const Thread who = race.row();
    std::vector<Thread> threads(static_cast<std::size_t>(GetParam()), who);
    std::vector<Started<Result<PaymentIntent>>> racing;
    for (Thread& thread : threads)
      racing.emplace_back(
          race.shop.ioc, race.shop.cashier.open(thread, race.order("CUP", 1'000), "renew:" + first.id.str(), first.id));
    (void)race.all_of(std::move(racing));
    EXPECT_EQ(race.shop.intents(race.thread.id).size(), 2U) << "seed " << seed;
    EXPECT_EQ(race.open_now(), 1) << "seed " << seed;
    EXPECT_LE(race.payable(), 1) << "seed " << seed;
  }
}

TEST_P(Races, supersedes_leave_exactly_one_open_payment) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Race race(seed);
    const PaymentIntent open = race.bought();
    std::vector<Thread> threads(static_cast<std::size_t>(GetParam()), race.row());
    std::vector<Started<Result<PaymentIntent>>> racing;
    for (std::size_t n = 0; n < threads.size(); ++n)
      racing.emplace_back(race.shop.ioc, race.shop.cashier.supersede(threads[n], open, race.order("TEA", 2'000),
                                                                     "replace" + std::to_string(n)));
    const auto ends = race.all_of(std::move(racing));
    const auto won = std::count_if(ends.begin(), ends.end(), [](const auto& end) { return end.ok(); });
    EXPECT_EQ(won, 1) << "seed " << seed;
    EXPECT_EQ(race.open_now(), 1) << "seed " << seed;
    EXPECT_EQ(race.shop.run(race.shop.store->intent(open.id)).value().state, IntentState::canceled);
    race.shop.pass(std::chrono::seconds(1));
    EXPECT_LE(race.payable(), 1) << "the replaced order can be paid, seed " << seed;
  }
}

// Rails punish who cancels much: what the budget does not hold, the rail never hears of, and the order stays payable.
TEST_P(Races, of_many_who_cancel_the_rail_hears_as_many_as_the_budget_holds) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    IntentSettings settings;
    settings.tenant_cancels_day_max = 1;
    Race race(seed, settings);
    std::vector<PaymentIntent> open;
    for (int n = 0; n < GetParam(); ++n) {
      Thread who = race.shop.open_thread("acme", "user" + std::to_string(n), "", "en");
      open.push_back(*race.shop.run(race.shop.cashier.open(who, race.order("CUP", 1'000), "first", IntentId())));
    }
    std::vector<Started<Result<PaymentIntent>>> racing;
    for (const PaymentIntent& one : open) {
      racing.emplace_back(race.shop.ioc, race.shop.cashier.cancel(one.id, Cashier::Asked::from_outside));
    }
    const auto ends = race.all_of(std::move(racing));
    EXPECT_EQ(std::count_if(ends.begin(), ends.end(), [](const auto& end) { return end.ok(); }), 1) << "seed " << seed;
    for (std::size_t n = 0; n < open.size(); ++n) {
      const bool payable = race.shop.rail.pay(open[n].order.out_trade_no, "").ok();
      EXPECT_EQ(payable, !ends[n].ok()) << "seed " << seed;
    }
  }
}

TEST_P(Races, the_same_cancel_at_once_and_again_is_counted_once) {
  IntentSettings settings;
  settings.user_cancels_day_max = 2;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Race race(seed, settings);
    for (int order = 0; order < 2; ++order) {
      Thread who = race.row();
      const auto open =
          race.shop.run(race.shop.cashier.open(who, race.order("CUP", 1'000), std::to_string(order), IntentId()));
      ASSERT_TRUE(open.ok());
      std::vector<Started<Result<PaymentIntent>>> racing;
      for (int n = 0; n < GetParam(); ++n)
        racing.emplace_back(race.shop.ioc, race.shop.cashier.cancel(open->id, Cashier::Asked::in_conversation));
      for (const auto& end : race.all_of(std::move(racing))) EXPECT_TRUE(end.ok()) << "seed " << seed;
    }
  }
}

TEST_P(Races, a_payment_and_its_replacement_end_with_one_of_them) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    Race race(seed);
    const PaymentIntent open = race.bought();
    const auto facts = race.shop.rail.pay(open.order.out_trade_no, "");
    ASSERT_TRUE(facts.ok());
    Thread thread = race.row();
    Started<Result<PaymentIntent>> replacing(
        race.shop.ioc, race.shop.cashier.supersede(thread, open, race.order("TEA", 2'000), "replace"));
    Started<Result<void>> paying(race.shop.ioc, race.shop.cashier.take_order_facts(*facts));
    while (race.shop.clock.advance_to_next(race.shop.ioc)) {
    }
    EXPECT_FALSE(replacing.get().ok()) << "what is paid is not replaced, seed " << seed;
    EXPECT_EQ(race.shop.run(race.shop.store->intent(open.id)).value().state, IntentState::succeeded);
    EXPECT_EQ(race.open_now(), 0) << "seed " << seed;
  }
}

// Another daemon's turn begins between the look for one and the reading of the thread, and ends a moment later.
class LateLook final : public ForwardingStore {
 public:
  LateLook(std::unique_ptr<Store> store, int& lies) : ForwardingStore(std::move(store)), lies_(lies) {}
  Task<Result<Thread>> thread(ThreadId id) override {
    auto row = co_await ForwardingStore::thread(std::move(id));
    if (row && lies_ > 0) row->state = ThreadState::running;
    lies_ -= lies_ > 0 ? 1 : 0;
    co_return row;
  }

 private:
  int& lies_;
};

TEST(TurnsOfTwoDaemons, one_that_began_a_moment_ago_is_waited_for) {
  int lies = 0;
  SmallShop shop(Catalogue("v1", {item("CUP", 1'000)}), {}, {}, {}, {},
                 [&](std::unique_ptr<Store> store, Clock&) -> std::unique_ptr<Store> {
                   return std::make_unique<LateLook>(std::move(store), lies);
                 });
  shop.answers = [](const ModelRequest&) { return Result<ModelAnswer>(says("ok")); };
  const ThreadId thread = shop.open_thread("acme", "alice", "", "en").id;
  lies = 2;
  EXPECT_EQ(shop.say(thread, "hello"), "ok");
  EXPECT_EQ(lies, 0);
}

INSTANTIATE_TEST_SUITE_P(AtOnce, Races, testing::Values(2, 3));

}  // namespace
}  // namespace purser::test
