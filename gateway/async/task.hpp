// Task<T>: a coroutine of ours. Read the rules of one co_await per statement in tests/lint before writing one.
#pragma once

#include <boost/asio/awaitable.hpp>

namespace purser {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;

}  // namespace purser
