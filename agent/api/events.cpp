#include "agent/api/events.hpp"

#include "agent/api/answer.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <utility>

namespace purser {
namespace {

// How long a browser waits before it comes back.
constexpr std::string_view kHead = "retry: 1000\n\n";
constexpr std::string_view kHeartbeatPiece = ": heartbeat\n\n";
// What an event says whose words were taken out: every other one says something.
constexpr std::string_view kErased = R"({"erased":true})";

// Data is JSON on one line: no line of it can end the event.
std::string event_text(std::string_view id, std::string_view type, std::string_view data) {
  std::string out;
  out.reserve(id.size() + type.size() + data.size() + 24);
  if (!id.empty()) out.append("id: ").append(id).append("\n");
  return out.append("event: ").append(type).append("\ndata: ").append(data).append("\n\n");
}

std::string end_text(const http::Response& answer) {
  return event_text("", answer.status < 300 ? "turn.completed" : "error", answer.body);
}

}  // namespace

Task<Result<std::int64_t>> EventStreams::last_event(ThreadId thread) {
  std::int64_t last = 0;
  for (;;) {
    auto page = co_await store_.events(thread, last, kPage);
    if (!page) co_return page.error();
    if (!page->empty()) last = page->back().seq;
    if (page->size() < static_cast<std::size_t>(kPage)) co_return last;
  }
}

Task<Result<void>> EventStreams::drain(const ThreadId& thread, std::int64_t& after, const http::StreamSink& sink) {
  for (;;) {
    auto page = co_await store_.events(thread, after, kPage);
    if (!page) co_return page.error();
    if (page->empty()) co_return success();
    std::string text;
    for (const StreamEvent& event : *page)
      text += event_text(std::to_string(event.seq), event.type, event.data_json == "{}" ? kErased : event.data_json);
    auto written = co_await sink(std::move(text));
    if (!written) co_return written;
    after = page->back().seq;
    if (page->size() < static_cast<std::size_t>(kPage)) co_return success();
  }
}

Task<bool> EventStreams::write(std::string_view text, const http::StreamSink& sink) {
  std::string piece(text);
  auto written = co_await sink(std::move(piece));
  co_return written.ok();
}

Task<bool> EventStreams::tell(const ThreadId& thread, std::int64_t& after, Leave& leave, const http::StreamSink& sink) {
  if (auto still = leave(); !still) {
    http::Response refused = api::error_answer(still.error());
    co_await write_end(std::move(refused), sink);
    co_return false;
  }
  auto told = co_await drain(thread, after, sink);
  co_return told.ok();  // else the store or the client is gone: the client comes back with the last id it saw
}

// Thousands of these may wait at once. Between two events nothing is kept but this frame and the wait in it, so what
// takes room is done in coroutines that have ended by then.
Task<void> EventStreams::run_follow(ThreadId thread, std::int64_t after, Leave leave, http::StreamSink sink) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  Notifier& news = conversations_.news(thread);
  bool on = co_await write(kHead, sink);
  while (on) {
    const auto seen = news.count();
    on = co_await tell(thread, after, leave, sink);
    if (!on) co_return;
    const Deadline limit = Deadline::after(clock_, kHeartbeat);
    auto woken = co_await news.wait_since(seen, limit);
    if (!woken && woken.code() != Errc::timed_out) co_return;  // nothing may be awaited any more
    if (!woken) on = co_await write(kHeartbeatPiece, sink);
  }
}

Task<void> EventStreams::run_turn(ThreadId thread, std::int64_t after, Answer answer, http::StreamSink sink) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  Notifier& news = conversations_.news(thread);
  bool on = true;
  while (on) {
    const auto seen = news.count();
    const bool ended = answer->is_set();  // looked at first: what happened until then is written below
    auto step = co_await drain(thread, after, sink);
    if (!step) co_return;
    if (ended) break;
    const Deadline limit = Deadline::after(clock_, kHeartbeat);
    auto woken = co_await news.wait_since(seen, limit);
    if (!woken && woken.code() != Errc::timed_out) co_return;  // nothing may be awaited any more
    if (!woken) on = co_await write(kHeartbeatPiece, sink);
  }
  if (!on) co_return;
  auto outcome = co_await answer->get();
  http::Response end = outcome ? std::move(*outcome) : api::error_answer(outcome.error());
  co_await write_end(std::move(end), std::move(sink));
}

Task<void> EventStreams::write_end(http::Response answer, http::StreamSink sink) {
  std::string text = end_text(answer);
  (void)co_await sink(std::move(text));
}

http::Response EventStreams::follow(ThreadId thread, std::int64_t after, Leave leave, std::shared_ptr<void> seat) {
  // Run once, so it keeps no copy of what the stream itself holds.
  auto run = [this, thread = std::move(thread), after, leave = std::move(leave),
              seat = std::move(seat)](http::StreamSink sink) mutable {
    return run_follow(std::move(thread), after, std::move(leave), std::move(sink));
  };
  return api::event_stream(api::StreamOf::thread, std::move(run));
}

http::Response EventStreams::turn(ThreadId thread, std::int64_t after, Answer answer) {
  return api::event_stream(api::StreamOf::answer,
                           [this, thread = std::move(thread), after, answer](http::StreamSink sink) {
                             return run_turn(thread, after, answer, std::move(sink));
                           });
}

http::Response EventStreams::finished_turn(http::Response answer) {
  http::Response response = api::event_stream(
      api::StreamOf::answer, [this, answer](http::StreamSink sink) { return write_end(answer, std::move(sink)); });
  for (const auto& [name, value] : answer.headers) {
    if (name == "Idempotent-Replayed") response.headers.emplace_back(name, value);
  }
  return response;
}

}  // namespace purser
