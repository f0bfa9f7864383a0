#include "agent/turn/conversations.hpp"

#include "agent/thread/history.hpp"
#include "agent/turn/fixed_answers.hpp"
#include "agent/turn/machine.hpp"
#include "agent/turn/model_task.hpp"
#include "agent/turn/money_fence.hpp"
#include "agent/turn/reply.hpp"
#include "agent/turn/turn_leases.hpp"
#include "agent/turn/views.hpp"
#include "gateway/log.hpp"
#include "tools/cards.hpp"
#include "validation/money/text.hpp"
#include "validation/rules/personal_data.hpp"

#include <algorithm>
#include <array>

namespace purser {

namespace {

using nlohmann::json;

// Rows that a reply is checked against; a thread rarely has more, and only the newest can be spoken of.
constexpr std::int64_t kRowsLookedAt = 50;
// A bell for each thread would be memory for each thread ever listened to; sharing one wakes a stranger now and then.
constexpr std::size_t kBells = 256;
// How often to look whether another daemon has ended its turn of the thread.
constexpr Millis kBusyLook{100};

Error not_utf8_or_too_long(std::int64_t bytes_max) {
  return {Errc::malformed_text, "text must be 1 to " + std::to_string(bytes_max) + " bytes of UTF-8", "text"};
}

}  // namespace

struct Conversations::Impl {
  Impl(Ports p, TurnSettings s, Prompts w, bool in_sandbox, asio::any_io_executor executor)
      : ports(p), settings(std::move(s)), prompts(std::move(w)), sandbox(in_sandbox), leases(ports.store, ports.clock) {
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
  };

  Task<Result<Turn>> start(Running& run, Message first, Batch batch);
  Task<Result<Turn>> drive(Running& run);
  Task<Result<Turn>> finish(Running& run, TurnAction ending, Usage usage);
  Task<void> give_up(Running& run, Error why);
  Task<Result<ModelAnswer>> ask(Running& run, bool tools_allowed, Deadline limit);
  Task<Result<void>> record_calls(Running& run, std::vector<ToolCall> calls);
  bool acknowledges(const Running& run, const std::vector<ToolCall>& calls) const;
  Task<Result<bool>> run_call(Running& run, ToolCall call);
  Task<Result<void>> append(Running& run, Message message, std::string step, std::optional<StreamEvent> beside);
  Task<Result<json>> event_cards(Running& run);
  Task<Result<Turn>> go_on(Turn turn);
  Task<Result<void>> settle_unfinished(ThreadId thread);

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
  KeyedMutex locks;
  TurnLeases leases;
  std::array<std::unique_ptr<Notifier>, kBells> bells;
};

Conversations::Conversations(Ports ports, TurnSettings settings, Prompts prompts, bool sandbox,
                             asio::any_io_executor executor)
    : impl_(std::make_shared<Impl>(ports, std::move(settings), std::move(prompts), sandbox, std::move(executor))) {}

Notifier& Conversations::news(const ThreadId& thread) {
  return *impl_->bells[std::hash<ThreadId>{}(thread) % kBells];
}

void Conversations::ring_all() {
  for (auto& bell : impl_->bells) bell->notify();
}

Task<Result<KeyedMutex::Guard>> Conversations::hold(ThreadId thread) {
  auto self = impl_;
  co_return co_await self->locks.lock(thread.str());
}

Task<Result<Thread>> Conversations::create(NewThread wanted) {
  Thread row;
  row.id = wanted.id.empty() ? impl_->ports.mint.thread_id() : std::move(wanted.id);
  row.tenant = std::move(wanted.tenant);
  row.user = std::move(wanted.user);
  row.openid = std::move(wanted.openid);
  row.locale = std::move(wanted.locale);
  row.metadata_json = std::move(wanted.metadata_json);
  row.created_at = impl_->ports.clock.durable();
  Batch batch("thread.created");
  batch.add(op::InsertThread{row});
  auto done = co_await impl_->ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return row;
}

Task<Result<Turn>> Conversations::say(ThreadId id, std::string text, std::optional<TurnKey> key) {
  auto self = impl_;
  TextRules keep;
  keep.keep_newlines = true;
  auto said = clean(text, keep);
  if (!said || said->text.empty() || static_cast<std::int64_t>(text.size()) > self->settings.text_bytes_max)
    co_return not_utf8_or_too_long(self->settings.text_bytes_max);
  auto lock = co_await self->locks.lock(id.str());
  if (!lock) co_return lock.error();
  auto unfinished = co_await self->settle_unfinished(id);
  if (!unfinished) co_return unfinished.error();
  auto row = co_await self->ports.store.thread(id);
  if (!row) co_return row.error();

  Turn turn = self->new_turn(*row, "user");
  Impl::Running run(std::move(*row), std::move(turn));
  run.key = std::move(key);
  Batch batch("turn.started");
  if (run.key) {
    IdempotencyRow claim;
    claim.scope = run.key->scope;
    claim.key = run.key->key;
    claim.fingerprint = run.key->fingerprint;
    claim.turn = run.turn.id;
    claim.created_at = run.turn.started_at;
    batch.add(op::InsertIdempotency{std::move(claim)});
  }
  // A card number is not even kept.
  Message first = self->message(run, Role::user, rules::mask_cards(said->text).text);
  co_return co_await self->start(run, std::move(first), std::move(batch));
}

Task<Result<void>> Conversations::resume(WorkItem item) {
  auto self = impl_;
  auto lock = co_await self->locks.lock(item.thread.str());
  if (!lock) co_return lock.error();
  auto unfinished = co_await self->settle_unfinished(item.thread);
  if (!unfinished) co_return unfinished.error();
  auto row = co_await self->ports.store.thread(item.thread);
  if (!row) co_return row.error();
  Turn turn = self->new_turn(*row, item.subject);
  Impl::Running run(std::move(*row), std::move(turn));
  Batch batch("turn.resumed");
  // The row and the turn change hands in one transaction: of two who try, one gets a conflict.
  batch.add(op::TakeWork{item.kind, item.subject});
  Message first = self->message(run, Role::event, item.payload_json);
  auto done = co_await self->start(run, std::move(first), std::move(batch));
  if (!done && done.code() == Errc::store_conflict) co_return success();
  if (!done) co_return done.error();
  co_return success();
}

Task<Result<Turn>> Conversations::recover(Turn turn) {
  auto self = impl_;
  auto lock = co_await self->locks.lock(turn.thread.str());
  if (!lock) co_return lock.error();
  co_return co_await self->go_on(std::move(turn));
}

// A turn that an earlier failure left running is brought to its end before the thread says anything new. One that
// another daemon drives is waited for.
Task<Result<void>> Conversations::Impl::settle_unfinished(ThreadId thread) {
  const Deadline limit = Deadline::after(ports.clock, settings.time_max);
  for (;;) {
    auto running = co_await ports.store.running_turn(thread);
    if (!running) co_return running.error();
    if (!running->has_value()) co_return success();
    auto done = co_await go_on(std::move(running->value()));
    if (done) co_return success();
    if (done.code() != Errc::thread_busy || ports.clock.now() >= limit.at) co_return done.error();
    const auto look = ports.clock.now() + kBusyLook;
    auto slept = co_await ports.clock.sleep_until(look);
    if (!slept) co_return slept.error();
  }
}

Task<Result<Turn>> Conversations::Impl::go_on(Turn turn) {
  auto stored = co_await ports.store.turn(turn.id);
  if (!stored) co_return stored.error();
  if (stored->state != TurnState::running) co_return stored;
  // Only what is read after that is what the one before has left behind.
  auto token = co_await leases.take(turn.id);
  if (!token && token.code() == Errc::not_found) {  // it has just ended
    co_return co_await ports.store.turn(turn.id);
  }
  if (!token) co_return token.error();
  auto row = co_await ports.store.thread(stored->thread);
  if (!row) co_return row.error();
  auto recent = co_await ports.store.recent_messages(stored->thread, settings.history_messages_max);
  if (!recent) co_return recent.error();
  Running run(std::move(*row), std::move(*stored));
  run.token = *token;
  for (Message& message : *recent)
    if (message.turn == run.turn.id) run.messages.push_back(std::move(message));
  log::info("turn.recovered", {{"thread", run.thread.id.str()}, {"turn", run.turn.id.str()}});
  co_return co_await drive(run);
}

Task<Result<Turn>> Conversations::Impl::start(Running& run, Message first, Batch batch) {
  auto running = next_state(run.thread.state, ThreadEvent::turn_started);
  if (!running) co_return running.error();
  run.thread.state = *running;
  batch.add(op::InsertTurn{run.turn, TurnLeases::kLease});
  batch.add(op::AppendMessage{std::move(first)});
  batch.add(op::UpdateThread{run.thread});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  run.thread.version += 1;
  run.messages = std::move(done->messages);
  co_return co_await drive(run);
}

Task<Result<Turn>> Conversations::Impl::drive(Running& run) {
  const Deadline limit = Deadline::after(ports.clock, settings.time_max);
  const TurnLeases::Driving driving(leases, run.turn.id, run.token);
  TurnMachine machine(settings, run.messages);
  for (;;) {
    const TurnAction action = machine.next();
    Result<void> step = success();
    switch (action.kind) {
      case TurnAction::Kind::ask_model: {
        auto answer = co_await ask(run, action.tools_allowed, limit);
        machine.model_answered(std::move(answer));
        break;
      }
      case TurnAction::Kind::record_calls: {
        step = co_await record_calls(run, action.calls);
        machine.calls_recorded();
        break;
      }
      case TurnAction::Kind::run_call: {
        auto refused = co_await run_call(run, action.call);
        if (refused)
          machine.call_answered(*refused);
        else
          step = refused.error();
        break;
      }
      case TurnAction::Kind::reply: {
        auto done = co_await finish(run, action, machine.usage());
        if (done) co_return done;
        step = done.error();
      }
    }
    if (step) continue;
    const Error why = step.error();
    co_await give_up(run, why);
    co_return why;
  }
}

Task<Result<ModelAnswer>> Conversations::Impl::ask(Running& run, bool tools_allowed, Deadline limit) {
  auto recent = co_await ports.store.recent_messages(run.thread.id, settings.history_messages_max);
  if (!recent) co_return recent.error();
  ModelRequest request;
  request.locale = run.thread.locale;
  request.system = run.thread.locale.starts_with("zh") ? prompts.zh : prompts.en;
  request.messages = provider_valid(std::move(*recent));
  // What people wrote goes to a provider without the numbers that identify them.
  for (Message& message : request.messages)
    if (message.role == Role::user || message.role == Role::assistant)
      message.text = rules::mask_personal_data(message.text).text;
  if (tools_allowed) request.tools = ports.tools.schemas();
  request.task = task_of(run.messages, tools_allowed);
  request.scope.tenant = run.thread.tenant.str();
  request.scope.user = run.thread.user.str();
  request.scope.thread = run.thread.id.str();
  co_return co_await ports.model.ask(std::move(request), limit);
}

Task<Result<void>> Conversations::Impl::append(Running& run, Message row, std::string step,
                                               std::optional<StreamEvent> beside) {
  Batch batch(std::move(step));
  batch.add(TurnLeases::hold(run.turn.id, run.token));
  batch.add(op::AppendMessage{std::move(row)});
  if (beside) batch.add(op::AppendEvent{std::move(*beside)});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  for (Message& stored : done->messages) run.messages.push_back(std::move(stored));
  co_return success();
}

Task<Result<void>> Conversations::Impl::record_calls(Running& run, std::vector<ToolCall> calls) {
  std::optional<StreamEvent> first_words;
  if (acknowledges(run, calls)) {
    first_words.emplace();
    first_words->thread = run.thread.id;
    first_words->type = "message.delta";
    first_words->data_json = json{{"turn", run.turn.id.str()}, {"text", acknowledgement(run.thread.locale)}}.dump();
    first_words->at = ports.clock.durable();
  }
  Message row = message(run, Role::assistant, {});
  row.calls = std::move(calls);
  co_return co_await append(run, std::move(row), "turn.called", std::move(first_words));
}

// Once a turn, before the first call that moves money, where the tenant wants it.
bool Conversations::Impl::acknowledges(const Running& run, const std::vector<ToolCall>& calls) const {
  const auto wants = [&](const std::string& name) { return name == "*" || name == run.thread.tenant.str(); };
  if (std::none_of(prompts.acknowledge.begin(), prompts.acknowledge.end(), wants)) return false;
  const auto schemas = ports.tools.schemas();
  const auto moves_money = [&](const ToolCall& call) {
    return std::any_of(schemas.begin(), schemas.end(),
                       [&](const ToolSchema& tool) { return tool.moves_money && tool.name == call.name; });
  };
  const bool before = std::any_of(run.messages.begin(), run.messages.end(), [&](const Message& earlier) {
    return std::any_of(earlier.calls.begin(), earlier.calls.end(), moves_money);
  });
  return !before && std::any_of(calls.begin(), calls.end(), moves_money);
}

// Runs one call and makes its answer durable; true when it was refused.
Task<Result<bool>> Conversations::Impl::run_call(Running& run, ToolCall call) {
  if (auto held = fenced(run.messages, call, ports.tools.schemas())) {
    log::warn("tool.fenced", {{"thread", run.thread.id.str()}, {"tool", call.name}, {"refused", held->refused}});
    Message told = message(run, Role::tool, std::move(held->result_json));
    told.call_id = call.id;
    auto kept = co_await append(run, std::move(told), "turn.call_answered", std::nullopt);
    if (!kept) co_return kept.error();
    co_return held->refused;
  }
  ToolContext context(run.thread, run.turn.id, call.id, sandbox);
  auto output = co_await ports.tools.run(context, call);
  if (!output) co_return output.error();
  Message row = message(run, Role::tool, std::move(output->result_json));
  row.call_id = call.id;
  row.cards_json = std::move(output->cards_json);
  const bool refused = output->refused;
  log::info("tool.answered", {{"thread", run.thread.id.str()},
                              {"turn", run.turn.id.str()},
                              {"tool", call.name},
                              {"refused", refused ? "true" : "false"}});
  auto stored = co_await append(run, std::move(row), "turn.call_answered", std::nullopt);
  if (!stored) co_return stored.error();
  co_return refused;
}

// A turn begun by an event shows the card that belongs to it; the others show what their tools made.
Task<Result<json>> Conversations::Impl::event_cards(Running& run) {
  json cards = json::array();
  const auto event = json::parse(run.messages.front().text, nullptr, false);
  const std::string type = event.value("type", "");
  if (event.contains("refund")) {
    auto refund = co_await ports.store.refund(RefundId::trusted(event.value("refund", "")));
    if (!refund) co_return refund.error();
    cards.push_back(cards::refund_receipt(*refund, sandbox));
    co_return cards;
  }
  auto intent = co_await ports.store.intent(IntentId::trusted(event.value("payment_intent", "")));
  if (!intent) co_return intent.error();
  if (type == "intent.succeeded") cards.push_back(cards::payment_receipt(*intent, sandbox));
  if (type == "intent.expired") cards.push_back(cards::payment_expired(*intent, sandbox));
  if (type == "intent.awaiting_payment" && intent->state == IntentState::awaiting_payment) {
    auto with = co_await ports.cashier.confirmation(*intent);
    if (!with) co_return with.error();
    cards.push_back(cards::payment_request(*intent, *with, sandbox));
  }
  co_return cards;
}

Task<Result<Turn>> Conversations::Impl::finish(Running& run, TurnAction ending, Usage usage) {
  auto intents = co_await ports.store.intents_of_thread(run.thread.id, kRowsLookedAt);
  if (!intents) co_return intents.error();
  auto refunds = co_await ports.store.refunds_of_thread(run.thread.id, kRowsLookedAt);
  if (!refunds) co_return refunds.error();
  json cards = cards_of(run.messages, *intents);
  if (run.messages.front().role == Role::event) {
    auto shown = co_await event_cards(run);
    if (!shown) co_return shown.error();
    cards = std::move(*shown);
  }
  bool waiting = false;
  for (const PaymentIntent& intent : *intents) waiting = waiting || is_open(intent.state);
  auto parked = next_state(run.thread.state, waiting ? ThreadEvent::turn_ended_waiting : ThreadEvent::turn_ended_idle);
  if (!parked) co_return parked.error();
  run.thread.state = *parked;

  const UtcTime now = ports.clock.durable();
  Message reply =
      message(run, Role::assistant, truthful_text(ending, run.messages, *intents, *refunds, run.thread.locale));
  reply.cards_json = cards.dump();

  const Mentioned mentioned = mentioned_in(run.messages);
  json touched_intents = json::array();
  for (const PaymentIntent& intent : *intents)
    if (mentioned.has(intent.id)) touched_intents.push_back(views::intent(intent));
  json touched_refunds = json::array();
  for (const Refund& refund : *refunds)
    if (mentioned.has(refund.id)) touched_refunds.push_back(views::refund(refund));
  run.turn.state = TurnState::completed;
  run.turn.ended_at = now;
  run.turn.result_json = json{
      {"id", run.turn.id.str()},
      {"object", "turn"},
      {"reply", {{"text", reply.text}, {"cards", cards}}},
      {"thread", {{"id", run.thread.id.str()}, {"state", to_string(run.thread.state)}}},
      {"intents", std::move(touched_intents)},
      {"refunds", std::move(touched_refunds)},
      {"usage",
       {{"input_tokens", usage.input_tokens},
        {"output_tokens", usage.output_tokens},
        {"estimated",
         usage.estimated}}}}.dump();

  Batch batch("turn.finished");
  batch.add(TurnLeases::hold(run.turn.id, run.token));
  const auto event = [&](std::string type, const json& data) {
    StreamEvent row;
    row.thread = run.thread.id;
    row.type = std::move(type);
    row.data_json = data.dump();
    row.at = now;
    batch.add(op::AppendEvent{std::move(row)});
  };
  for (const json& card : cards) event("card", card);
  event("message.completed", {{"turn", run.turn.id.str()}, {"message", reply.id.str()}, {"text", reply.text}});
  batch.add(op::AppendMessage{std::move(reply)});
  batch.add(op::FinishTurn{run.turn});
  batch.add(op::UpdateThread{run.thread});
  if (run.key) batch.add(op::FinishIdempotency{run.key->scope, run.key->key, 200, run.turn.result_json});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return run.turn;
}

// The turn cannot go on (the store refused, or a bug). If the store can still say so, the turn is marked failed and its
// key set free; if not, it stays running and is taken up by the next turn of the thread or the next start.
Task<void> Conversations::Impl::give_up(Running& run, Error why) {
  log::error("turn.failed", {{"thread", run.thread.id.str()},
                             {"turn", run.turn.id.str()},
                             {"code", std::string(code_of(why.code))},
                             {"message", why.message}});
  if (why.code == Errc::store_unavailable || why.code == Errc::store_conflict) co_return;
  run.turn.state = TurnState::failed;
  run.turn.ended_at = ports.clock.durable();
  run.thread.state = ThreadState::idle;
  Batch batch("turn.failed");
  batch.add(TurnLeases::hold(run.turn.id, run.token));
  batch.add(op::FinishTurn{run.turn});
  batch.add(op::UpdateThread{run.thread});
  if (run.key) batch.add(op::DropIdempotency{run.key->scope, run.key->key});
  StreamEvent row;
  row.thread = run.thread.id;
  row.type = "turn.failed";
  row.data_json = views::error(why).dump();
  row.at = run.turn.ended_at;
  batch.add(op::AppendEvent{std::move(row)});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done)
    log::error("turn.failure_not_stored", {{"turn", run.turn.id.str()}, {"code", std::string(code_of(done.code()))}});
}

Task<void> Conversations::keep_turns() {
  auto self = impl_;
  co_await self->leases.keep();
}

}  // namespace purser
