// Server-sent events: a thread's stream as the store holds it. The ids are those of the store, so a client that comes
// back with Last-Event-ID misses nothing and sees nothing twice.
#pragma once

#include "agent/api/actions.hpp"
#include "agent/turn/conversations.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/http/message.hpp"
#include "gateway/store/store.hpp"

#include <functional>
#include <memory>

namespace purser {

class EventStreams {
 public:
  EventStreams(Store& store, Conversations& conversations, Clock& clock)
      : store_(store), conversations_(conversations), clock_(clock) {}

  // Whether who follows still may. Error: what a new request of his would be answered with.
  using Leave = std::function<Result<void>()>;

  // Everything after event number `after`, then what happens, until the client leaves. A comment each kHeartbeat of
  // silence keeps the connection. `leave` is asked before anything is written, heartbeats too; a stream that has lost
  // it says "error" and ends. `seat` lives as long as the stream.
  http::Response follow(ThreadId thread, std::int64_t after, Leave leave, std::shared_ptr<void> seat);
  // What happens after number `after` while a turn is answered, then "turn.completed" with the turn's answer, or
  // "error".
  http::Response turn(ThreadId thread, std::int64_t after, Answer answer);
  // Only the end of it: an answer given before.
  http::Response finished_turn(http::Response answer);

  // The number of the newest event; 0 when there is none.
  Task<Result<std::int64_t>> last_event(ThreadId thread);

  static constexpr std::chrono::seconds kHeartbeat{15};
  static constexpr std::int64_t kPage = 200;

 private:
  // Writes what the store holds after `after` and moves it. Errors: the store's, connection_lost.
  Task<Result<void>> drain(const ThreadId& thread, std::int64_t& after, const http::StreamSink& sink);
  // The same for who may still hear it; else "error". False: the stream is over.
  Task<bool> tell(const ThreadId& thread, std::int64_t& after, Leave& leave, const http::StreamSink& sink);
  Task<void> run_follow(ThreadId thread, std::int64_t after, Leave leave, http::StreamSink sink);
  Task<void> run_turn(ThreadId thread, std::int64_t after, Answer answer, http::StreamSink sink);
  static Task<bool> write(std::string_view text, const http::StreamSink& sink);
  Task<void> write_end(http::Response answer, http::StreamSink sink);

  Store& store_;
  Conversations& conversations_;
  Clock& clock_;
};

}  // namespace purser
