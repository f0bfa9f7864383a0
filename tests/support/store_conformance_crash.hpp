// Part of store_conformance.hpp: what was acknowledged survives the death of the process.
#pragma once

#include "tests/support/store_conformance.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

namespace purser::test {

inline constexpr int kCrashLanes = 4;

// One committer in the process that is going to die: each commit appends a message, raises what is captured and posts
// the line for it, then tells the pipe. `committed` is what the lane has in the store already.
inline Task<> commit_until_killed(Store& store, int lane, std::int64_t committed, int pipe) {
  const Thread thread = make_thread(lane);
  const IntentId id = make_intent(lane, thread).id;
  for (std::int64_t k = committed + 1;; ++k) {
    auto intent = co_await store.intent(id);
    if (!intent) ::_exit(3);
    Batch batch("crash");
    Message message = make_message(static_cast<int>(lane * 1'000'000 + k), make_turn(lane, thread));
    message.text = std::to_string(k);
    batch.add(op::AppendMessage{message});
    PaymentIntent paid = *intent;
    paid.captured = Money(k, Currency::cny());
    LedgerEntry line = make_capture(paid);
    line.reference += "-" + std::to_string(k);
    line.amount = Money(1, Currency::cny());
    batch.add(op::UpdateIntent{paid}).add(op::PostLedger{line});
    auto receipt = co_await store.commit(std::move(batch));
    if (!receipt) ::_exit(4);
    const auto told = static_cast<unsigned char>(lane);
    if (::write(pipe, &told, 1) != 1) ::_exit(5);
  }
}

[[noreturn]] inline void live_until_killed(StoreHome& home, const std::array<std::int64_t, kCrashLanes>& before,
                                           int pipe) {
  Loop loop;
  auto store = home.open(loop.clock);
  if (!store) ::_exit(2);
  std::vector<Started<void>> lanes;
  for (int lane = 0; lane < kCrashLanes; ++lane) {
    lanes.push_back(loop.start(commit_until_killed(**store, lane, before[static_cast<std::size_t>(lane)], pipe)));
  }
  loop.ioc.run();
  ::_exit(6);
}

TEST_P(StoreConformance, what_was_acknowledged_survives_sigkill) {
  constexpr int kRounds = 24;
  std::array<std::int64_t, kCrashLanes> held{};  // commits each lane is known to have in the store
  for (int lane = 0; lane < kCrashLanes; ++lane) {
    const Thread thread = given_thread(lane);
    ASSERT_TRUE(good(commit_of(op::InsertTurn{make_turn(lane, thread)}, op::InsertIntent{make_intent(lane, thread)})));
  }

  for (int round = 0; round < kRounds; ++round) {
    close();
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::close(ends[0]);
      live_until_killed(home(), held, ends[1]);
    }
    ::close(ends[1]);

    std::array<std::int64_t, kCrashLanes> acknowledged = held;
    int heard = 0;
    unsigned char lane = 0;
    while (::read(ends[0], &lane, 1) == 1) {
      ++acknowledged.at(lane);
      if (++heard == 1 + round * 3) ::kill(child, SIGKILL);  // and then what was told before it died
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the process ended by itself: " << WEXITSTATUS(status);

    open();
    for (int n = 0; n < kCrashLanes; ++n) {
      const auto index = static_cast<std::size_t>(n);
      const auto messages = ask(store().messages(make_thread(n).id, held[index], 1'000'000)).value();
      const std::int64_t last = held[index] + static_cast<std::int64_t>(messages.size());
      EXPECT_GE(last, acknowledged[index]) << "round " << round << ": an acknowledged commit is lost";
      EXPECT_LE(last, acknowledged[index] + 1) << "each lane has at most one commit on its way";
      for (const Message& message : messages) EXPECT_EQ(message.text, std::to_string(message.seq));
      EXPECT_EQ(ask(store().intent(make_intent(n, make_thread(n)).id)).value().captured.minor(), last)
          << "a batch is in the store by half";
      held[index] = last;
    }
    ASSERT_TRUE(good(ask(store().verify_ledger()))) << "round " << round;
  }
}

}  // namespace purser::test
