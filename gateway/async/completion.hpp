// How an Asio operation is awaited in this house, and how its cancellation is told from other failures.
#pragma once

#include "gateway/async/task.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <exception>

namespace purser {

// `auto [ec, n] = co_await socket.async_read_some(buffer, kTuple);`
// Once a coroutine was canceled, every later co_await throws operation_aborted whatever the token.
inline constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

// True for the exception by which Asio ends a coroutine that was canceled.
inline bool is_canceled(const std::exception_ptr& error) {
  if (!error) return false;
  try {
    std::rethrow_exception(error);
  } catch (const boost::system::system_error& e) {
    return e.code() == asio::error::operation_aborted;
  } catch (...) {
    return false;
  }
}

inline bool is_canceled(const asio::cancellation_state& state) {
  return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace purser
