// A bounded queue between coroutines of one thread. The producer never waits: a full queue is an error it must answer
// for. Outlives those who wait on it. (Asio's own channel loses buffered messages on close; this one does not.)
#pragma once

#include "gateway/async/completion.hpp"
#include "validation/money/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <optional>

namespace purser {

template <class T>
class Mailbox {
 public:
  Mailbox(asio::any_io_executor executor, std::size_t capacity)
      : bell_(std::move(executor), asio::steady_timer::time_point::max()), capacity_(capacity) {}

  // Errors: overloaded when full, shutting_down after close(). The item is dropped then.
  Result<void> try_push(T item) {
    if (closed_) return Error(Errc::shutting_down, "the mailbox is closed");
    if (items_.size() >= capacity_) return Error(Errc::overloaded, "the mailbox is full");
    items_.push_back(std::move(item));
    bell_.cancel_one();
    return success();
  }

  // Nothing more comes; what is queued is still handed out.
  void close() {
    closed_ = true;
    bell_.cancel();
  }

  // The next item, in order; empty once closed and drained. Several may wait; each item goes to one. Canceled: no item
  // is taken, Errc::canceled.
  Task<Result<std::optional<T>>> pop() {
    while (items_.empty() && !closed_) {
      (void)co_await bell_.async_wait(kTuple);
      auto state = co_await asio::this_coro::cancellation_state;
      if (!is_canceled(state)) continue;
      if (!items_.empty()) bell_.cancel_one();  // the call that woke this one was meant for somebody still here
      co_return Error(Errc::canceled);
    }
    if (items_.empty()) co_return std::optional<T>();
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    co_return std::move(item);
  }

  std::size_t size() const { return items_.size(); }

 private:
  asio::steady_timer bell_;
  std::deque<T> items_;
  std::size_t capacity_;
  bool closed_ = false;
};

}  // namespace purser
