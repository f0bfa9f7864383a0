// Keeps work running to its end although the coroutine that awaits it is canceled: money calls are not broken off in
// flight. The waiter gets the result then; its own next co_await throws, as after any cancellation.
//   co_return co_await shielded(executor, create(std::move(intent), deadline));
#pragma once

#include "gateway/async/task.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <utility>

namespace purser {

// A waiter that was canceled before this is reached never starts the work.
template <class T>
Task<T> shielded(asio::any_io_executor executor, Task<T> work) {
  // The empty slot stands where the waiter's own would be.
  return asio::co_spawn(std::move(executor), std::move(work),
                        asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
}

}  // namespace purser
