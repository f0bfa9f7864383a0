#include "agent/turn/turn_leases.hpp"

#include "gateway/log.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace purser {
namespace {

// Two may be lost before another daemon goes on with the turn.
constexpr Millis kHoldEvery = TurnLeases::kLease / 3;

}  // namespace

op::HoldTurn TurnLeases::hold(TurnId turn, std::int64_t token) {
  op::HoldTurn held;
  held.turn = std::move(turn);
  held.token = token;
  held.lease = kLease;
  return held;
}

Task<Result<std::int64_t>> TurnLeases::take(TurnId turn) {
  auto lease = co_await store_.turn_lease(turn);
  if (!lease) co_return lease.error();
  if (lease->left > Millis(0)) co_return Errc::thread_busy;
  op::TakeTurn mine;
  mine.turn = std::move(turn);
  mine.token = lease->token;
  mine.lease = kLease;
  Batch batch("turn.taken");
  batch.add(std::move(mine));
  auto done = co_await store_.commit(std::move(batch));
  if (!done && done.code() == Errc::store_conflict) co_return Errc::thread_busy;  // another was faster
  if (!done) co_return done.error();
  co_return lease->token + 1;
}

Task<Result<void>> TurnLeases::hold_all() {
  const auto now_driven = driven_;
  for (const auto& [turn, token] : now_driven) {
    Batch batch("turn.held");
    batch.add(hold(turn, token));
    auto done = co_await store_.commit(std::move(batch));
    // A conflict: it has ended meanwhile, or somebody took it, which its next write will learn.
    if (!done && done.code() != Errc::store_conflict) co_return done.error();
  }
  co_return success();
}

Task<void> TurnLeases::keep() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  for (;;) {
    const auto next = clock_.now() + kHoldEvery;
    auto slept = co_await clock_.sleep_until(next);
    if (!slept) co_return;
    auto held = co_await hold_all();
    if (!held) log::warn("turn.not_held", {{"code", held.code()}, {"message", held.error().message}});
  }
}

}  // namespace purser
