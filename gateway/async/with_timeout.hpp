// Races an operation against a deadline. The loser is canceled and still awaited, so nothing of it outlives the call.
//
//   operation ends with     deadline      caller canceled   result
//   a value or an error     any           any               that value or error, even when the deadline was first
//   cancellation            was first     no                timed_out: what left the machine may have had its effect
//   cancellation            was not       any               canceled
//   cancellation            any           yes               canceled (and the caller's next co_await throws)
//   not started             had passed    -                 expired_before_start: nothing happened
//   another exception       any           any               rethrown
//
// The operation is canceled by whatever the caller's own state lets through: terminal always, total where the caller
// has enabled it. Money calls are never raced like this; race the OneShot that announces their outcome.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/completion.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>

namespace purser {

namespace detail {

// Reads and writes of Beast heed terminal cancellation alone: told anything milder, they would go on, and without the
// time limit, which did heed it.
struct AsTerminal {
  asio::cancellation_type_t operator()(asio::cancellation_type_t type) const {
    return type == asio::cancellation_type::none ? type : asio::cancellation_type::terminal;
  }
};

// A spawned coroutine heeds terminal cancellation alone; its caller has filtered already, so let everything pass.
template <class T>
Task<T> heed_every_cancellation(Task<T> op) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation(), AsTerminal());
  co_return co_await std::move(op);
}

}  // namespace detail

template <class T>
Task<Result<T>> with_timeout(Clock& clock, Task<Result<T>> op, Deadline limit) {
  if (limit.at <= clock.now()) co_return Error(Errc::expired_before_start);
  auto ex = co_await asio::this_coro::executor;
  auto work = asio::co_spawn(ex, detail::heed_every_cancellation(std::move(op)), asio::deferred);
  auto nap = asio::co_spawn(ex, detail::heed_every_cancellation(clock.sleep_until(limit.at)), asio::deferred);
  auto race = asio::experimental::make_parallel_group(std::move(work), std::move(nap));
  auto first = asio::experimental::wait_for_one();
  auto [order, work_error, value, nap_error, nap_end] = co_await race.async_wait(first, asio::use_awaitable);
  if (work_error && !is_canceled(work_error)) std::rethrow_exception(work_error);
  const bool stopped = work_error || (!value.ok() && value.code() == Errc::canceled);
  if (!stopped) co_return std::move(value);
  auto state = co_await asio::this_coro::cancellation_state;
  if (order[0] == 1 && !is_canceled(state)) co_return Error(Errc::timed_out);
  co_return Error(Errc::canceled);
}

}  // namespace purser
