// Runs blocking or CPU-heavy work on a pool and comes back to the caller's executor:
//   auto signature = co_await run_on(clock, pool, std::move(job));
// The job runs to its end whatever happens to the caller (cancellation is ignored by design); an exception it throws
// is rethrown at the co_await. It touches only what it owns. Its result type is default constructible and not void.
// The pool is joined before the io_context of its callers is destroyed.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/completion.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <exception>
#include <optional>
#include <type_traits>

namespace purser {

template <class F>
auto run_on(Clock& clock, asio::thread_pool& pool, F job) -> Task<std::invoke_result_t<F&>> {
  using R = std::invoke_result_t<F&>;
  auto start = [](auto handler, asio::thread_pool* where, Clock* time, F work) {
    auto home = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
    if (time->works_inline()) {
      asio::post(home, [handler = std::move(handler), work = std::move(work)]() mutable {
        std::exception_ptr error;
        std::optional<R> out;
        try {
          out.emplace(work());
        } catch (...) {
          error = std::current_exception();
        }
        std::move(handler)(error, out ? std::move(*out) : R());
      });
      return;
    }
    time->real_work(+1);
    asio::post(*where, [handler = std::move(handler), home, time, work = std::move(work)]() mutable {
      std::exception_ptr error;
      std::optional<R> out;
      try {
        out.emplace(work());
      } catch (...) {
        error = std::current_exception();
      }
      asio::post(home, [handler = std::move(handler), time, error, out = std::move(out)]() mutable {
        time->real_work(-1);
        std::move(handler)(error, out ? std::move(*out) : R());
      });
    });
  };
  return asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr, R)>(
      std::move(start), asio::use_awaitable, &pool, &clock, std::move(job));
}

}  // namespace purser
