#include "gateway/async/signal.hpp"

#include "gateway/async/with_timeout.hpp"

namespace purser {

Notifier::Notifier(asio::any_io_executor executor, Clock& clock)
    : clock_(clock), bell_(std::move(executor), asio::steady_timer::time_point::max()) {}

void Notifier::notify() {
  ++count_;
  bell_.cancel();
}

Task<Result<void>> Notifier::wait_since(std::uint64_t seen, Deadline limit) {
  if (count_ != seen) co_return success();
  if (limit.at <= clock_.now()) co_return Error(Errc::timed_out);
  co_return co_await with_timeout(clock_, wait_until_past(seen), limit);
}

Task<Result<void>> Notifier::wait_until_past(std::uint64_t seen) {
  while (count_ == seen) {
    (void)co_await bell_.async_wait(kTuple);
    auto state = co_await asio::this_coro::cancellation_state;
    if (count_ == seen && is_canceled(state)) co_return Error(Errc::canceled);
  }
  co_return success();
}

}  // namespace purser
