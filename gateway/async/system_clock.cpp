#include "gateway/async/system_clock.hpp"

#include "gateway/async/completion.hpp"

namespace purser {

SystemClock::SystemClock()
    : started_(std::chrono::steady_clock::now()),
      wall_at_start_(std::chrono::floor<Millis>(std::chrono::system_clock::now())) {}

Clock::time_point SystemClock::now() const {
  return std::chrono::steady_clock::now() + skipped();
}

UtcTime SystemClock::wall() const {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now()) + std::chrono::floor<Millis>(skipped());
}

UtcTime SystemClock::durable() const {
  return wall_at_start_ + std::chrono::floor<Millis>(now() - started_);
}

Task<Result<void>> SystemClock::sleep_until(time_point at) {
  auto ex = co_await asio::this_coro::executor;
  asio::steady_timer bell(ex);
  Sleeper self(sleepers_, at, bell);
  while (now() < at) {
    // Set anew in every round: skip() ends the wait of everyone, due or not.
    bell.expires_at(at - skipped());
    (void)co_await bell.async_wait(kTuple);
    auto state = co_await asio::this_coro::cancellation_state;
    if (now() < at && is_canceled(state)) co_return Error(Errc::canceled);
  }
  co_return success();
}

void SystemClock::skip(duration d) {
  if (d <= duration::zero()) return;
  skipped_.fetch_add(d.count(), std::memory_order_relaxed);
  for (Sleeper* sleeper : Sleeper::in_time_order(sleepers_)) sleeper->bell.cancel();
}

}  // namespace purser
