// Work that a request asks for: done once for each Idempotency-Key, and to its end also when its client leaves. Every
// door that changes something goes through here.
#pragma once

#include "agent/api/idempotency.hpp"
#include "agent/turn/conversations.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/metrics.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace purser {

inline constexpr double kTurnBuckets[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80};

inline constexpr MetricFamily kTurns{"purser_turns_total", "Turns that a client asked for, by outcome."};
inline constexpr MetricFamily kTurnTime{"purser_turn_duration_seconds",
                                        "Time of a turn that a client asked for, models and rail included.",
                                        MetricFamily::Kind::histogram, kTurnBuckets};

// The outcome of a request that goes on when its client leaves.
using Answer = std::shared_ptr<OneShot<http::Response>>;

class Actions {
 public:
  struct Ports {
    Store& store;
    Conversations& conversations;
    Clock& clock;
    TaskGroup& work;  // owns what goes on when its client leaves
    Metrics& metrics;
    Mint& mint;
  };
  explicit Actions(Ports ports) : ports_(ports), idempotency_(ports.store, ports.clock, ports.mint) {}

  // Turns of one thread that may wait for each other; one more is thread_busy.
  static constexpr std::size_t kTurnsAtOnce = 64;

  TurnKey tie(std::string scope, std::string key, const nlohmann::json& body) const {
    return idempotency_.tie(std::move(scope), std::move(key), body);
  }
  // Does `action` once for `key`, and waits for it. Errors: idempotency_in_flight, idempotency_conflict, the action's.
  Task<Result<http::Response>> once(TurnKey key, Idempotency::Action action);

  // A turn that was begun, or that an earlier request with the same key has ended.
  struct Begun {
    Answer answer;  // 200 with the turn as its body, or the error it ended with
    bool replayed = false;
  };
  // Idempotency::erased_before.
  Task<Result<std::optional<http::Response>>> erased_before(TurnKey key) {
    return idempotency_.erased_before(std::move(key));
  }
  // Begins a turn of the user; without a key nothing ties a repetition to it. When it ends, the answer is set and the
  // thread's streams are woken to see it. Errors: idempotency_in_flight, idempotency_conflict, thread_busy, the
  // store's.
  Task<Result<Begun>> turn(std::optional<TurnKey> key, ThreadId thread, std::string text);

  // A tool that a client calls itself, as a turn of the thread; waits for its end. 200 with the turn as its body.
  // Errors: thread_busy, shutting_down, those of Conversations::call.
  Task<Result<http::Response>> call(ThreadId thread, ClientCall wish);

  // Until canceled: says to the other daemons of the store which keys are worked on here.
  Task<void> keep_keys() { return idempotency_.keep(); }

 private:
  using Work = std::function<Task<Result<http::Response>>()>;
  using Reply = Task<Result<http::Response>>;

  Reply do_call(ThreadId thread, ClientCall wish);
  Reply do_turn(std::optional<TurnKey> key, std::optional<IdempotencyRow> earlier, ThreadId thread, std::string text);
  Task<Result<std::optional<http::Response>>> continue_turn(TurnKey key, IdempotencyRow earlier);

  // Runs `action` in the group that outlives its client. The answer is set when the key is free again; then the streams
  // of thread `bell`, when there is one, are woken to see it.
  Answer launch(asio::any_io_executor executor, Idempotency::Flight flight, Work action, ThreadId bell);
  Task<void> carry_out(Idempotency::Flight flight, Work action, Answer answer, ThreadId bell);

  Ports ports_;
  Idempotency idempotency_;
  std::map<ThreadId, std::size_t> under_way_;  // turns of a thread
};

}  // namespace purser
