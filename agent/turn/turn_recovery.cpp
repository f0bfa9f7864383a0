#include "agent/turn/conversations_impl.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/log.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace purser {
namespace {

constexpr std::int64_t kTurnsTakenUp = 10'000;
constexpr std::chrono::seconds kTakeUpEvery{2};
// What goes on being cut off may have asked a model each time.
constexpr std::chrono::seconds kTakeUpAtLast{30};

}  // namespace

Task<void> Conversations::keep_turns() {
  auto self = impl_;
  co_await self->leases.keep();
}

Task<void> Conversations::Impl::take_up_one(std::shared_ptr<Impl> self, Turn turn) {
  const TurnId id = turn.id;
  auto lock = co_await self->locks.lock(turn.thread.str());
  if (!lock) co_return;
  auto done = co_await self->go_on(std::move(turn));
  if (done) co_return;
  log::warn("turn.not_recovered", {{"turn", id.str()}, {"code", done.code()}});
  if (done.code() == Errc::store_unavailable) self->cut_off.notify();
}

Task<Result<std::size_t>> Conversations::take_up(TaskGroup& group) {
  auto self = impl_;
  auto running = co_await self->ports.store.running_turns(kTurnsTakenUp);
  if (!running) co_return running.error();
  std::size_t taken = 0;
  for (Turn& turn : *running) {
    if (self->leases.drives(turn.id)) continue;
    auto spawned = group.spawn("turn.recover", Impl::take_up_one(self, std::move(turn)));
    if (!spawned) co_return spawned.error();
    ++taken;
  }
  co_return taken;
}

Task<void> Conversations::take_up_turns(TaskGroup& group) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  auto self = impl_;
  const bool shared = self->ports.store.shared();
  const Deadline never{Clock::time_point::max()};
  std::uint64_t seen = 0;
  Clock::duration pause = kTakeUpEvery;
  bool all_driven = true;
  for (;;) {
    if (!shared && all_driven) {
      auto cut = co_await self->cut_off.wait_since(seen, never);
      if (!cut) co_return;
    }
    const auto next = self->ports.clock.now() + pause;
    auto slept = co_await self->ports.clock.sleep_until(next);
    if (!slept) co_return;
    // Before looking: what is cut off while it looks is looked for again.
    seen = self->cut_off.count();
    auto taken = co_await take_up(group);
    all_driven = taken && *taken == 0;
    pause = shared || all_driven ? kTakeUpEvery : std::min<Clock::duration>(2 * pause, kTakeUpAtLast);
  }
}

}  // namespace purser
