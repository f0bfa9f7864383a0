#include "gateway/async/signal.hpp"

#include "gateway/async/completion.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include <memory>

namespace purser {
namespace {

// The deadline of one wait. Thousands may wait at once, and a race of two tasks (with_timeout) takes twice the memory:
// here the sleep alone is a task, and what wakes the waiter is shared with it. It may outlive the wait by the moment
// that its cancellation takes.
struct Alarm {
  asio::cancellation_signal wake;  // of the waiter
  asio::cancellation_signal sleep;
  std::exception_ptr error;
  bool over = false;     // the sleep has ended
  bool awaited = false;  // while there is something for `wake` to reach

  void ring(asio::cancellation_type type) {
    if (awaited) wake.emit(type);
  }
};

// Whatever ends the wait ends the sleep.
class SetAlarm {
 public:
  SetAlarm(const asio::any_io_executor& executor, Clock& clock, Clock::time_point at)
      : alarm_(std::make_shared<Alarm>()) {
    auto rang = [alarm = alarm_](std::exception_ptr error, const Result<void>&) {
      alarm->over = true;
      alarm->error = error;
      alarm->ring(asio::cancellation_type::terminal);
    };
    asio::co_spawn(executor, clock.sleep_until(at), asio::bind_cancellation_slot(alarm_->sleep.slot(), rang));
  }
  ~SetAlarm() {
    alarm_->awaited = false;
    if (!alarm_->over) alarm_->sleep.emit(asio::cancellation_type::terminal);
  }
  SetAlarm(const SetAlarm&) = delete;
  SetAlarm& operator=(const SetAlarm&) = delete;

  const std::shared_ptr<Alarm>& operator*() const { return alarm_; }
  Alarm* operator->() const { return alarm_.get(); }

 private:
  std::shared_ptr<Alarm> alarm_;
};

}  // namespace

Notifier::Notifier(asio::any_io_executor executor, Clock& clock)
    : clock_(clock), bell_(std::move(executor), asio::steady_timer::time_point::max()) {}

void Notifier::notify() {
  ++count_;
  bell_.cancel();
}

Task<Result<void>> Notifier::wait_since(std::uint64_t seen, Deadline limit) {
  if (count_ != seen) co_return success();
  if (limit.at <= clock_.now()) co_return Error(Errc::timed_out);
  if (limit.at == Clock::time_point::max()) co_return co_await wait_until_past(seen);
  auto ex = co_await asio::this_coro::executor;
  auto state = co_await asio::this_coro::cancellation_state;
  const SetAlarm alarm(ex, clock_, limit.at);
  // Who cancels the waiter rings as the sleep does.
  auto cancel = state.slot();
  if (cancel.is_connected()) cancel.assign([shared = *alarm](asio::cancellation_type_t type) { shared->ring(type); });
  while (count_ == seen && !alarm->over && !is_canceled(state)) {
    alarm->awaited = true;
    auto rung = bell_.async_wait(asio::bind_cancellation_slot(alarm->wake.slot(), kTuple));
    (void)co_await std::move(rung);
    alarm->awaited = false;
  }
  cancel.clear();
  if (alarm->error && !is_canceled(alarm->error)) std::rethrow_exception(alarm->error);
  if (count_ != seen) co_return success();
  co_return is_canceled(state) ? Error(Errc::canceled) : Error(Errc::timed_out);
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
