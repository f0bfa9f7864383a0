#include "gateway/store/postgres/listener.hpp"

#include "gateway/async/completion.hpp"
#include "gateway/async/run_on.hpp"
#include "gateway/async/with_timeout.hpp"
#include "gateway/log.hpp"
#include "gateway/store/postgres/writer.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/this_coro.hpp>

#include <unistd.h>

namespace purser::postgres {

Result<bool> Listener::begin_listening() {
  connection_.drop();
  auto done = connection_.query("LISTEN purser");
  if (!done) return done.error();
  return true;
}

// Of a descriptor of our own, for libpq closes its socket when it likes.
Task<Result<void>> Listener::readable() {
  auto ex = co_await asio::this_coro::executor;
  asio::posix::stream_descriptor socket(ex, ::dup(connection_.socket()));
  auto [ec] = co_await socket.async_wait(asio::posix::stream_descriptor::wait_read, kTuple);
  if (ec == asio::error::operation_aborted) co_return Errc::canceled;
  co_return success();
}

Task<Result<void>> Listener::listen(const std::function<void(const Change&)>& tell) {
  Change everything;
  everything.missed = true;
  tell(everything);  // whatever was said while nobody listened
  for (;;) {
    const Deadline limit = Deadline::after(clock_, kLookAnyway);
    auto ready = co_await with_timeout(clock_, readable(), limit);
    if (!ready && ready.code() != Errc::timed_out) co_return ready;
    if (!ready) {
      tell(everything);
      continue;
    }
    auto notices = connection_.take_notices();
    if (!notices) co_return notices.error();
    for (const std::string& notice : *notices) {
      if (auto change = change_in(notice, self_)) tell(*change);
    }
  }
}

Task<void> Listener::run(std::function<void(const Change&)> tell) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  Change everything;
  everything.missed = true;
  bool said = false;
  for (;;) {
    auto begin = [this] { return begin_listening(); };
    auto listening = co_await run_on(clock_, pool_, std::move(begin));
    Result<void> ended = success();
    if (listening) ended = co_await listen(tell);
    if (!ended && ended.code() == Errc::canceled) co_return;
    const std::string why = listening ? ended.error().message : listening.error().message;
    const bool refused = !listening && connection_.connected();
    if (!refused || !said) log::warn("store.not_listening", {{"message", why}});
    said = refused;
    // Where nothing can be heard, everybody looks by himself now and then.
    if (refused) tell(everything);
    const auto again = clock_.now() + (refused ? kLookAnyway : kRetry);
    const auto slept = co_await clock_.sleep_until(again);
    if (!slept) co_return;
  }
}

}  // namespace purser::postgres
