// What the parts of Conversations share: the state, and the steps of one turn.
#pragma once

#include "agent/turn/conversations.hpp"
#include "agent/turn/machine.hpp"
#include "agent/turn/talk_cost.hpp"
#include "agent/turn/turn_leases.hpp"
#include "tools/client_call.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace purser {

struct Conversations::Impl {
  using json = nlohmann::json;
  // A bell for each thread would be memory for each thread ever listened to; sharing one wakes a stranger now and then.
  static constexpr std::size_t kBells = 256;

  Impl(Ports p, TurnSettings s, Prompts w, bool in_sandbox, asio::any_io_executor executor, Terms t)
      : ports(p),
        settings(std::move(s)),
        prompts(std::move(w)),
        sandbox(in_sandbox),
        terms(std::move(t)),
        costs({ports.store, ports.metrics}, terms.prices, terms.fee_basis_points),
        leases(ports.store, ports.clock),
        cut_off(executor, ports.clock) {
    for (auto& bell : bells) bell = std::make_unique<Notifier>(executor, ports.clock);
  }

  // A turn while it runs. The thread's lock is held for as long as one of these lives.
  struct Running {
    Running(Thread t, Turn u) : thread(std::move(t)), turn(std::move(u)) {}
    Thread thread;
    Turn turn;
    std::vector<Message> messages;  // of this turn
    std::optional<TurnKey> key;
    std::int64_t token = 1;  // by which this daemon drives the turn
    std::optional<Clock::time_point> providers_until;
    LostCost lost;                // on attempts that came to no answer
    json asked = json::object();  // for the record: what the model was last asked with, and answered
  };

  // What a turn begins with.
  struct Opening {
    Opening(std::string why, std::string what) : cause(std::move(why)), step(std::move(what)) {}
    std::string cause;
    std::string step;  // name of the batch
    Role role = Role::user;
    std::string text;
    std::optional<TurnKey> key;
    std::optional<op::TakeWork> work;  // that it is the end of
    std::optional<ToolCall> call;      // of a client's
  };

  Task<Result<Turn>> open(ThreadId id, Opening opening);
  Task<Result<void>> start(Running& run, const Opening& opening);
  // To its end. One that throws ends as failed: left running it would throw again for ever, and nothing more could be
  // said in its thread.
  Task<Result<Turn>> drive(Running& run);
  Task<Result<Turn>> take_steps(Running& run);
  Task<Result<Turn>> finish(Running& run, TurnAction ending, Usage usage, std::int64_t picousd);
  Task<void> give_up(Running& run, Error why);
  // Goes on with a turn and logs when that fails.
  static Task<void> take_up_one(std::shared_ptr<Impl> self, Turn turn);
  Task<Result<ModelAnswer>> ask(Running& run, bool tools_allowed, Deadline limit);
  Task<Result<void>> record_calls(Running& run, std::vector<ToolCall> calls);
  bool acknowledges(const Running& run, const std::vector<ToolCall>& calls) const;
  Task<Result<bool>> run_call(Running& run, ToolCall call);
  Task<Result<void>> append(Running& run, Message message, AuditRow audit, std::string step,
                            std::optional<StreamEvent> beside);
  Task<Result<json>> event_cards(Running& run);
  Task<Result<Turn>> go_on(Turn turn);
  // A turn with a client's call, from where its messages stand.
  Task<Result<Turn>> drive_client_call(Running& run);
  Task<Result<Turn>> finish_client_call(Running& run);
  // What is told of a call that says the same as an earlier one; nothing: it has to run, under the origin of that one.
  Task<Result<std::optional<ToolOutput>>> told_again(const Running& run, const ToolCall& call, const SameCall& same);
  Task<Result<ToolOutput>> run_tool(Running& run, const ToolCall& call, const std::vector<Message>& seen);
  // The thread's state when the turn ends: parked while a payment is open.
  Result<void> park(Running& run, const std::vector<PaymentIntent>& intents) const;
  Task<Result<void>> settle_unfinished(ThreadId thread);
  Task<Result<void>> tell_operator(WorkItem item, std::string intent);

  Message message(const Running& run, Role role, std::string text) {
    Message out;
    out.id = ports.mint.message_id();
    out.thread = run.thread.id;
    out.turn = run.turn.id;
    out.role = role;
    out.text = std::move(text);
    out.at = ports.clock.durable();
    return out;
  }

  AuditRow audit(const Running& run, std::string kind, std::string subject, const json& detail) {
    AuditRow row;
    row.thread = run.thread.id;
    row.kind = std::move(kind);
    row.subject = std::move(subject);
    row.detail_json = detail.dump(-1, ' ', false, json::error_handler_t::replace);
    row.at = ports.clock.durable();
    return row;
  }

  void count(const MetricFamily& family, const Metrics::Labels& labels) {
    if (ports.metrics != nullptr) ports.metrics->add(family, labels);
  }

  Turn new_turn(const Thread& thread, std::string cause) {
    Turn turn;
    turn.id = ports.mint.turn_id();
    turn.thread = thread.id;
    turn.tenant = thread.tenant;
    turn.cause = std::move(cause);
    turn.started_at = ports.clock.durable();
    return turn;
  }

  Ports ports;
  TurnSettings settings;
  Prompts prompts;
  bool sandbox;
  Terms terms;
  TalkCost costs;
  KeyedMutex locks;
  TurnLeases leases;
  Notifier cut_off;  // a turn was left running, for the store could not say how it ended
  std::array<std::unique_ptr<Notifier>, kBells> bells;
};

}  // namespace purser
