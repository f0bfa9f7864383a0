// An outcome that is set once, by the owner of the work, and read by any number of waiters, each of which may give up
// without stopping the work. Shared (std::shared_ptr) between the work and its waiters; one thread.
#pragma once

#include "gateway/async/completion.hpp"
#include "validation/money/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>

namespace purser {

template <class T>
class OneShot {
 public:
  explicit OneShot(asio::any_io_executor executor)
      : bell_(std::move(executor), asio::steady_timer::time_point::max()) {}

  // The first outcome stands; later ones are dropped.
  void set(Result<T> outcome) {
    if (outcome_) return;
    outcome_.emplace(std::move(outcome));
    bell_.cancel();
  }
  bool is_set() const { return outcome_.has_value(); }

  // Waits for the outcome and returns a copy. Canceled: this waiter alone leaves, with Errc::canceled.
  Task<Result<T>> get() {
    while (!outcome_) {
      (void)co_await bell_.async_wait(kTuple);
      auto state = co_await asio::this_coro::cancellation_state;
      if (!outcome_ && is_canceled(state)) co_return Error(Errc::canceled);
    }
    co_return *outcome_;
  }

 private:
  asio::steady_timer bell_;
  std::optional<Result<T>> outcome_;
};

}  // namespace purser
