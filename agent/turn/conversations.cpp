#include "agent/turn/conversations_impl.hpp"
#include "gateway/async/thrown.hpp"
#include "gateway/log.hpp"
#include "gateway/telemetry/trace.hpp"
#include "validation/money/text.hpp"
#include "validation/rules/personal_data.hpp"

namespace purser {

namespace {

// How often to look whether another daemon has ended its turn of the thread.
constexpr Millis kBusyLook{100};

constexpr MetricFamily kPersonalData{"purser_personal_data_total", "Personal numbers that were masked, by kind."};

Error not_utf8_or_too_long(std::int64_t bytes_max) {
  return {Errc::malformed_text, "text must be 1 to " + std::to_string(bytes_max) + " bytes of UTF-8", "text"};
}

// Another daemon has begun a turn of the thread since it was read.
bool is_beaten(const Error& error, const ThreadId& thread) {
  return error.code == Errc::illegal_transition ||  // the thread was running by the time it was read
         (error.code == Errc::store_duplicate && error.param == "running_turn") ||
         (error.code == Errc::store_conflict && error.param == thread.str());
}

// What is done for the thread from now on is a part of it.
trace::Span begin_span(const std::string& thread, const Turn& turn) {
  trace::Span span = trace::begin("invoke_agent purser", trace::Kind::internal, trace::of_thread(thread));
  span.set("gen_ai.operation.name", "invoke_agent");
  span.set("gen_ai.agent.name", "purser");
  span.set("gen_ai.conversation.id", thread);
  span.set("purser.turn.id", turn.id.str());
  span.set("purser.turn.by", turn.cause == "user" || turn.cause == "client" ? turn.cause : "event");
  trace::carry(span.context(), thread);
  return span;
}

// Somebody waits in front of a code to be scanned: the backend says so when it makes the thread.
bool at_a_till(const Thread& thread) {
  const auto metadata = nlohmann::json::parse(thread.metadata_json, nullptr, false);
  return metadata.is_object() && metadata.value("scene", nlohmann::json()) == "in_store";
}

}  // namespace

Conversations::Conversations(Ports ports, TurnSettings settings, Prompts prompts, bool sandbox,
                             asio::any_io_executor executor, Terms terms)
    : impl_(std::make_shared<Impl>(ports, std::move(settings), std::move(prompts), sandbox, std::move(executor),
                                   std::move(terms))) {}

Notifier& Conversations::news(const ThreadId& thread) {
  return *impl_->bells[std::hash<ThreadId>{}(thread) % Impl::kBells];
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
  // A card number is not even kept.
  rules::Masked without_cards = rules::mask_cards(said->text);
  if (without_cards.cards > 0) self->count(kPersonalData, {{"kind", "card"}});
  Impl::Opening opening("user", "turn.started");
  opening.role = Role::user;
  opening.text = std::move(without_cards.text);
  opening.key = std::move(key);
  co_return co_await self->open(std::move(id), std::move(opening));
}

Task<Result<void>> Conversations::resume(WorkItem item) {
  auto self = impl_;
  // Money that is not what was ordered waits for a person, who has to hear of it.
  if (item.subject.starts_with("intent.conflicted:"))
    log::error("intent.conflicted", {{"intent", item.subject.substr(item.subject.find(':') + 1)}});
  // The customer is told that somebody looks into it.
  if (item.subject.starts_with("refund.failed:") || item.subject.starts_with("refund.abnormal:"))
    log::error("refund.not_done", {{"event", item.subject}, {"thread", item.thread.str()}});
  const nlohmann::json about = nlohmann::json::parse(item.payload_json, nullptr, false);
  if (about.is_object() && about.contains("unknown_payment"))
    co_return co_await self->tell_operator(std::move(item), about.value("payment_intent", ""));
  Impl::Opening opening(item.subject, "turn.resumed");
  opening.role = Role::event;
  opening.text = std::move(item.payload_json);
  // The row and the turn change hands in one transaction: of two who try, one gets a conflict.
  opening.work = op::TakeWork{item.kind, item.subject};
  auto done = co_await self->open(item.thread, std::move(opening));
  if (!done && done.code() == Errc::store_conflict) co_return success();
  if (!done) co_return done.error();
  co_return success();
}

// Nobody is known who paid for an order that the books had lost: the log hears what became of the money.
Task<Result<void>> Conversations::Impl::tell_operator(WorkItem item, std::string intent) {
  const bool done = item.subject.starts_with("refund.succeeded:");
  log::write(done ? log::Level::info : log::Level::error, "unknown_payment.refund",
             {{"event", item.subject}, {"intent", intent}});
  Batch batch("work.dropped");
  batch.add(op::DropWork{item.kind, item.subject});
  auto dropped = co_await ports.store.commit(std::move(batch));
  if (!dropped) co_return dropped.error();
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

// The lock is this daemon's alone: when a turn that another has just begun was faster, that one is settled first.
Task<Result<Turn>> Conversations::Impl::open(ThreadId id, Opening opening) {
  auto lock = co_await locks.lock(id.str());
  if (!lock) co_return lock.error();
  const Deadline limit = Deadline::after(ports.clock, settings.time_max);
  for (;;) {
    auto unfinished = co_await settle_unfinished(id);
    if (!unfinished) co_return unfinished.error();
    auto row = co_await ports.store.thread(id);
    if (!row) co_return row.error();
    Turn turn = new_turn(*row, opening.cause);
    Running run(std::move(*row), std::move(turn));
    run.key = opening.key;
    auto started = co_await start(run, opening);
    if (started) {
      trace::Span span = begin_span(id.str(), run.turn);
      auto ended = co_await drive(run);
      if (!ended) span.fail(code_of(ended.code()));
      co_return ended;
    }
    if (!is_beaten(started.error(), id) || ports.clock.now() >= limit.at) co_return started.error();
    const auto look = ports.clock.now() + kBusyLook;
    auto slept = co_await ports.clock.sleep_until(look);
    if (!slept) co_return slept.error();
  }
}

Task<Result<void>> Conversations::Impl::start(Running& run, const Opening& opening) {
  auto running = next_state(run.thread.state, ThreadEvent::turn_started);
  if (!running) co_return running.error();
  run.thread.state = *running;
  Batch batch(opening.step);
  if (run.key) {
    IdempotencyRow claim;
    claim.scope = run.key->scope;
    claim.key = run.key->key;
    claim.fingerprint = run.key->fingerprint;
    claim.turn = run.turn.id;
    claim.owner = run.turn.id.str();
    claim.created_at = run.turn.started_at;
    batch.add(op::InsertIdempotency{std::move(claim)});
  }
  if (opening.work) batch.add(*opening.work);
  batch.add(op::InsertTurn{run.turn, TurnLeases::kLease});
  batch.add(op::AppendMessage{message(run, opening.role, opening.text)});
  if (opening.call) {
    Message asks = message(run, Role::assistant, {});
    asks.calls.push_back(*opening.call);
    batch.add(op::AppendMessage{std::move(asks)});
  }
  batch.add(op::UpdateThread{run.thread});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  run.thread.version += 1;
  run.messages = std::move(done->messages);
  co_return success();
}

Task<Result<Turn>> Conversations::Impl::drive(Running& run) {
  std::exception_ptr thrown;
  try {
    auto done = co_await take_steps(run);
    co_return done;
  } catch (...) {
    thrown = std::current_exception();
  }
  const Error why = error_of(thrown);
  if (why.code == Errc::canceled) std::rethrow_exception(thrown);
  co_await give_up(run, why);
  co_return why;
}

Task<Result<Turn>> Conversations::Impl::take_steps(Running& run) {
  if (run.turn.cause == kClientCall) co_return co_await drive_client_call(run);
  const Deadline limit = Deadline::after(ports.clock, settings.time_max);
  if (at_a_till(run.thread)) run.providers_until = ports.clock.now() + terms.in_store_time_max;
  const TurnLeases::Driving driving(leases, run.turn.id, run.token);
  TurnMachine machine(settings, run.messages);
  for (;;) {
    const TurnAction action = machine.next();
    Result<void> step = success();
    switch (action.kind) {
      case TurnAction::Kind::ask_model: {
        auto answer = co_await ask(run, action.tools_allowed, limit);
        // Whoever takes the turn up asks again.
        if (!answer && answer.code() == Errc::canceled)
          step = answer.error();
        else
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
        Usage usage = machine.usage();
        usage.estimated = usage.estimated || run.lost.estimated;
        auto done = co_await finish(run, action, usage, machine.cost_picousd() + run.lost.picousd);
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

}  // namespace purser
