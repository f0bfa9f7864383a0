#include "gateway/async/virtual_clock.hpp"

#include "gateway/async/completion.hpp"

namespace purser {

Task<Result<void>> VirtualClock::sleep_until(time_point at) {
  if (at <= now_) co_return success();
  auto ex = co_await asio::this_coro::executor;
  asio::steady_timer bell(ex, time_point::max());
  Sleeper self(sleepers_, at, bell);
  (void)co_await bell.async_wait(kTuple);
  if (now_ < at) co_return Error(Errc::canceled);
  co_return success();
}

bool VirtualClock::settle(asio::io_context& ioc, int quiet_rounds, Millis cap) {
  const auto give_up = std::chrono::steady_clock::now() + cap;
  for (int quiet = 0;;) {
    ioc.restart();
    const bool moved = ioc.poll() > 0;
    // It has ended because nothing was ready, and there is nobody else who could make something ready.
    if (inline_ && busy_ == 0 && quiet_rounds == 0) return true;
    if (moved) {
      quiet = 0;
      continue;
    }
    if (busy_ == 0 && quiet++ >= quiet_rounds) return true;
    if (std::chrono::steady_clock::now() > give_up) return false;
    ioc.restart();
    if (ioc.run_one_for(Millis(1)) > 0) quiet = 0;
  }
}

bool VirtualClock::advance(asio::io_context& ioc, duration d, int quiet_rounds) {
  const auto target = now_ + d;
  for (;;) {
    if (!settle(ioc, quiet_rounds)) return false;
    Sleeper* next = next_until(target);
    if (next == nullptr) break;
    move_to(next->at);
    next->woken = true;
    next->bell.cancel();
  }
  move_to(target);
  return settle(ioc, quiet_rounds);
}

bool VirtualClock::advance_to_next(asio::io_context& ioc, int quiet_rounds) {
  if (!settle(ioc, quiet_rounds)) return false;
  // Whoever sleeps until the end of time waits to be canceled.
  Sleeper* next = next_until(time_point::max() - duration(1));
  return next != nullptr && advance(ioc, next->at - now_, quiet_rounds);
}

Sleeper* VirtualClock::next_until(time_point last) const {
  Sleeper* next = nullptr;
  for (Sleeper* sleeper : sleepers_) {
    if (!sleeper->woken && sleeper->at <= last && (next == nullptr || sleeper->at < next->at)) next = sleeper;
  }
  return next;
}

std::optional<Clock::time_point> VirtualClock::next_wake() const {
  const Sleeper* next = next_until(time_point::max() - duration(1));
  return next ? std::optional(next->at) : std::nullopt;
}

void VirtualClock::move_to(time_point at) {
  if (at <= now_) return;
  wall_ += at - now_;
  now_ = at;
}

}  // namespace purser
