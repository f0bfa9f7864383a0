#include "gateway/async/task_group.hpp"

#include "gateway/async/signal.hpp"
#include "gateway/async/with_timeout.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/dispatch.hpp>

#include <list>
#include <vector>

namespace purser {

struct TaskGroup::State {
  State(asio::any_io_executor ex, Clock& c, OnError handler)
      : executor(ex), clock(c), on_error(std::move(handler)), ended(std::move(ex), c) {}

  struct Child {
    std::string name;
    asio::cancellation_signal cancel;
    bool ended = false;
  };
  using Children = std::list<std::shared_ptr<Child>>;

  void child_ended(Children::iterator place, const std::exception_ptr& error) {
    const std::shared_ptr<Child> child = std::move(*place);
    child->ended = true;
    children.erase(place);
    if (error && !(stopping && is_canceled(error)) && on_error) on_error(child->name, error);
    ended.notify();
  }

  // On the loop itself: on Boost before 1.83 a signal emitted from outside reaches a coroutine after it may have ended.
  void emit(asio::cancellation_type type) {
    const std::vector<std::shared_ptr<Child>> now(children.begin(), children.end());
    asio::dispatch(executor, [now, type] {
      for (const auto& child : now) {
        if (!child->ended) child->cancel.emit(type);
      }
    });
  }

  asio::any_io_executor executor;
  Clock& clock;
  OnError on_error;
  Notifier ended;
  Children children;
  bool stopping = false;
  bool closed = false;
};

TaskGroup::TaskGroup(asio::any_io_executor executor, Clock& clock, OnError on_error)
    : state_(std::make_shared<State>(std::move(executor), clock, std::move(on_error))) {}

Result<void> TaskGroup::spawn(std::string name, Task<void> task) {
  if (state_->closed) return Error(Errc::shutting_down, "task group: " + name + " came after the stop", name);
  auto child = std::make_shared<State::Child>();
  child->name = std::move(name);
  auto place = state_->children.insert(state_->children.end(), child);
  auto done = [state = state_, place](const std::exception_ptr& error) { state->child_ended(place, error); };
  asio::co_spawn(state_->executor, std::move(task),
                 asio::bind_cancellation_slot(child->cancel.slot(), std::move(done)));
  return success();
}

Task<void> TaskGroup::stop(Clock::duration grace) {
  auto state = state_;
  state->stopping = true;
  state->emit(asio::cancellation_type::total);
  const auto limit = Deadline::after(state->clock, grace);
  while (!state->children.empty()) {
    auto woken = co_await state->ended.wait(limit);
    if (!woken) break;
  }
  cut();
  co_await join();
}

void TaskGroup::cut() {
  state_->stopping = true;
  state_->closed = true;
  state_->emit(asio::cancellation_type::terminal);
}

Task<void> TaskGroup::join() {
  auto state = state_;
  const Deadline never{Clock::time_point::max()};
  while (!state->children.empty()) {
    (void)co_await state->ended.wait(never);
  }
}

std::size_t TaskGroup::size() const {
  return state_->children.size();
}

}  // namespace purser
