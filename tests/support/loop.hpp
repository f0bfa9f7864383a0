// Runs coroutines in tests.
//   run(task)             on a fresh io_context, in real time, to its end
//   Loop loop;            an io_context with a VirtualClock
//   loop.run(task)        to its end; virtual time stands still
//   loop.play(task)       to its end; whenever nothing else can run, time moves to the next sleeper
//   loop.until(pred)      runs until pred() holds; time stands still
//   loop.start(task)      leaves it running beside the test; Started tells how it ended
// A task that cannot end fails the test by an exception instead of hanging it.
#pragma once

#include "gateway/async/virtual_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace purser::test {

// A coroutine running beside the test. T is default constructible, or void.
template <class T>
class Started {
  struct None {};
  struct State {
    std::exception_ptr error;
    std::optional<std::conditional_t<std::is_void_v<T>, None, T>> value;
    bool done = false;
    asio::cancellation_signal cancel;
  };

 public:
  Started(asio::io_context& ioc, Task<T> task) : ioc_(ioc), state_(std::make_shared<State>()) {
    if constexpr (std::is_void_v<T>) {
      auto end = [state = state_](std::exception_ptr error) {
        state->error = std::move(error);
        state->value.emplace();
        state->done = true;
      };
      asio::co_spawn(ioc, std::move(task), asio::bind_cancellation_slot(state_->cancel.slot(), std::move(end)));
    } else {
      auto end = [state = state_](std::exception_ptr error, T value) {
        state->error = std::move(error);
        state->value.emplace(std::move(value));
        state->done = true;
      };
      asio::co_spawn(ioc, std::move(task), asio::bind_cancellation_slot(state_->cancel.slot(), std::move(end)));
    }
  }

  bool done() const { return state_->done; }
  // Takes effect at once on the loop's thread, else when the loop runs next.
  void cancel(asio::cancellation_type type = asio::cancellation_type::terminal) {
    asio::dispatch(ioc_, [state = state_, type] {
      if (!state->done) state->cancel.emit(type);
    });
  }
  // What it returned, or rethrows what it threw.
  T get() {
    if (!state_->done) throw std::logic_error("the coroutine has not ended");
    if (state_->error) std::rethrow_exception(state_->error);
    if constexpr (!std::is_void_v<T>) return std::move(*state_->value);
  }

 private:
  asio::io_context& ioc_;
  std::shared_ptr<State> state_;
};

class Loop {
 public:
  static constexpr std::chrono::seconds kPatience{20};

  template <class T>
  Started<T> start(Task<T> task) {
    return Started<T>(ioc, std::move(task));
  }

  template <class T>
  T run(Task<T> task) {
    auto started = start(std::move(task));
    if (!until([&] { return started.done(); })) throw std::runtime_error("the coroutine does not end");
    return started.get();
  }

  // `quiet_rounds`: 3 when real sockets take part, see VirtualClock::settle.
  template <class T>
  T play(Task<T> task, int quiet_rounds = 0) {
    auto started = start(std::move(task));
    for (;;) {
      // What needs no more time has none taken: others may still sleep beside it.
      const bool settled = clock.settle(ioc, quiet_rounds);
      if (started.done()) break;
      if (!settled || (!clock.advance_to_next(ioc, quiet_rounds) && !started.done())) {
        throw std::runtime_error("the coroutine does not end: nothing runs and nobody sleeps");
      }
    }
    return started.get();
  }

  template <class Pred>
  bool until(Pred pred) {
    const auto give_up = std::chrono::steady_clock::now() + kPatience;
    while (!pred()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      ioc.restart();
      ioc.run_one_for(std::chrono::milliseconds(5));
    }
    return true;
  }

  bool settle(int quiet_rounds = 0) { return clock.settle(ioc, quiet_rounds); }
  bool advance(Clock::duration d, int quiet_rounds = 0) { return clock.advance(ioc, d, quiet_rounds); }
  asio::any_io_executor executor() { return ioc.get_executor(); }

  VirtualClock clock;  // before the io_context: it outlives the coroutines that sleep on it
  asio::io_context ioc{1};
};

template <class T>
T run(Task<T> task) {
  Loop loop;
  return loop.run(std::move(task));
}

}  // namespace purser::test
