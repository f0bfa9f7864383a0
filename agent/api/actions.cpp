#include "agent/api/actions.hpp"

#include "agent/api/answer.hpp"
#include "gateway/async/completion.hpp"

#include <utility>

namespace purser {
namespace {

Error failed_before() {
  return {Errc::internal, "the turn of this Idempotency-Key failed, and money may have moved"};
}

}  // namespace

Task<Result<http::Response>> Actions::once(TurnKey key, Idempotency::Action action) {
  auto flight = idempotency_.take_off(key);
  if (!flight) co_return flight.error();
  auto earlier = co_await idempotency_.earlier(key);
  if (!earlier) co_return earlier.error();
  const bool known = earlier->has_value();
  if (known && (*earlier)->state == IdempotencyState::finished) co_return Idempotency::replay(std::move(**earlier));
  Work kept = [this, key, earlier = std::move(*earlier), action = std::move(action)] {
    return idempotency_.around(key, earlier, action);
  };
  auto ex = co_await asio::this_coro::executor;
  Answer answer = launch(ex, std::move(*flight), std::move(kept), ThreadId());
  co_return co_await answer->get();
}

Task<Result<Actions::Begun>> Actions::turn(std::optional<TurnKey> key, ThreadId thread, std::string text) {
  Idempotency::Flight flight;
  if (key) {
    auto taken = idempotency_.take_off(*key);
    if (!taken) co_return taken.error();
    flight = std::move(*taken);
  }
  auto ex = co_await asio::this_coro::executor;
  std::optional<IdempotencyRow> known;
  if (key) {
    auto earlier = co_await idempotency_.earlier(*key);
    if (!earlier) co_return earlier.error();
    known = std::move(*earlier);
  }
  if (known && known->status == Conversations::kTurnFailedStatus) co_return failed_before();
  if (known && known->state == IdempotencyState::finished) {
    Begun begun;
    begun.answer = std::make_shared<OneShot<http::Response>>(ex);
    begun.answer->set(Idempotency::replay(std::move(*known)));
    begun.replayed = true;
    co_return begun;
  }
  const auto waiting = under_way_.find(thread);
  if (waiting != under_way_.end() && waiting->second >= kTurnsAtOnce) co_return Errc::thread_busy;
  Work action = [this, key, known = std::move(known), thread, text = std::move(text)] {
    return do_turn(key, known, thread, text);
  };
  Begun begun;
  begun.answer = launch(ex, std::move(flight), std::move(action), std::move(thread));
  co_return begun;
}

Task<Result<http::Response>> Actions::call(ThreadId thread, ClientCall wish) {
  const auto waiting = under_way_.find(thread);
  if (waiting != under_way_.end() && waiting->second >= kTurnsAtOnce) co_return Errc::thread_busy;
  Work action = [this, thread, wish = std::move(wish)] { return do_call(thread, wish); };
  auto ex = co_await asio::this_coro::executor;
  Answer answer = launch(ex, Idempotency::Flight(), std::move(action), std::move(thread));
  co_return co_await answer->get();
}

Actions::Reply Actions::do_call(ThreadId thread, ClientCall wish) {
  auto turn = co_await ports_.conversations.call(std::move(thread), std::move(wish));
  ports_.metrics.add(kTurns, {{"outcome", turn ? "completed" : std::string(code_of(turn.code()))}});
  if (!turn) co_return turn.error();
  co_return api::stored_answer(200, std::move(turn->result_json));
}

Actions::Reply Actions::do_turn(std::optional<TurnKey> key, std::optional<IdempotencyRow> earlier, ThreadId thread,
                                std::string text) {
  if (earlier) {
    auto continued = co_await continue_turn(*key, std::move(*earlier));
    if (!continued) co_return continued.error();
    if (continued->has_value()) co_return std::move(**continued);
  }
  const auto began = ports_.clock.now();
  auto turn = co_await ports_.conversations.say(thread, std::move(text), key);
  const std::chrono::duration<double> took = ports_.clock.now() - began;
  ports_.metrics.observe(kTurnTime, {}, took.count());
  const bool taken = !turn && turn.code() == Errc::store_duplicate && turn.error().param == "idempotency";
  ports_.metrics.add(kTurns, {{"outcome", turn ? "completed" : std::string(code_of(turn.code()))}});
  if (!turn && key && Idempotency::is_erased(turn.error())) co_return co_await idempotency_.erased(std::move(*key));
  if (taken) co_return Errc::idempotency_in_flight;  // another daemon has it
  if (!turn) co_return turn.error();
  co_return api::stored_answer(200, std::move(turn->result_json));
}

// The turn that an earlier request with this key began: brought to its end, and its answer kept. Nothing when it failed
// and no money can have moved; the key is free then. Another daemon may do the same: of two the slower learns it from
// the row.
Task<Result<std::optional<http::Response>>> Actions::continue_turn(TurnKey key, IdempotencyRow earlier) {
  auto turn = co_await ports_.store.turn(earlier.turn);
  if (turn && turn->state == TurnState::running) turn = co_await ports_.conversations.recover(std::move(*turn));
  if (!turn && turn.code() == Errc::thread_busy) co_return Errc::idempotency_in_flight;  // another daemon drives it
  if (!turn) co_return turn.error();
  if (turn->result_json.empty()) {
    auto dropped = co_await idempotency_.drop(std::move(key), std::move(earlier.owner));
    if (!dropped) co_return dropped.error();
    co_return std::optional<http::Response>();
  }
  if (turn->state == TurnState::failed) co_return failed_before();
  auto kept = co_await idempotency_.finish(std::move(key), std::move(earlier.owner), 200, turn->result_json);
  if (!kept && kept.code() != Errc::store_conflict) co_return kept.error();
  std::optional<http::Response> response(api::stored_answer(200, std::move(turn->result_json)));
  co_return response;
}

Answer Actions::launch(asio::any_io_executor executor, Idempotency::Flight flight, Work action, ThreadId bell) {
  auto answer = std::make_shared<OneShot<http::Response>>(std::move(executor));
  if (!bell.empty()) under_way_[bell] += 1;
  auto started = ports_.work.spawn("api.request", carry_out(std::move(flight), std::move(action), answer, bell));
  if (started) return answer;
  if (!bell.empty() && --under_way_[bell] == 0) under_way_.erase(bell);
  answer->set(started.error());
  return answer;
}

Task<void> Actions::carry_out(Idempotency::Flight flight, Work action, Answer answer, ThreadId bell) {
  Result<http::Response> outcome;
  std::exception_ptr thrown;
  try {
    outcome = co_await action();
  } catch (...) {
    thrown = std::current_exception();
    outcome = is_canceled(thrown) ? Error(Errc::shutting_down) : Error(Errc::internal);
  }
  flight.land();  // before the answer: a client that tries again at once is not told to wait
  if (!bell.empty() && --under_way_[bell] == 0) under_way_.erase(bell);
  answer->set(std::move(outcome));
  if (!bell.empty()) ports_.conversations.news(bell).notify();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace purser
