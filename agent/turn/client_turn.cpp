// A turn with one call of a client that has a model of its own: nobody is asked for words, and nobody is given any.
#include "agent/turn/conversations_impl.hpp"
#include "agent/turn/model_view.hpp"
#include "agent/turn/money_fence.hpp"
#include "agent/turn/reply.hpp"
#include "agent/turn/views.hpp"
#include "tools/cards.hpp"
#include "tools/results.hpp"
#include "validation/money/text.hpp"

namespace purser {
namespace {

using nlohmann::json;

constexpr std::int64_t kIntentsLookedAt = 50;

// Beside the answer stands that nothing was done for it.
void mark_repeated(json& result) {
  result["repeated"] = true;
  result["note"] =
      "This call says the same as an earlier one, so it was taken for that one sent again: nothing was done twice.";
}

}  // namespace

const std::vector<ToolSchema>& Conversations::tools() const {
  return impl_->ports.tools.schemas();
}

Task<Result<Turn>> Conversations::call(ThreadId thread, ClientCall wish) {
  auto self = impl_;
  // What is not text cannot be kept, and so is not acted on.
  if (!valid_utf8(wish.tool) || !valid_utf8(wish.arguments)) co_return Errc::malformed_text;
  Impl::Opening opening(std::string(kClientCall), "turn.called_by_client");
  opening.role = Role::event;
  opening.text = client_call_event(wish.agreed_to);
  opening.call = ToolCall{client_call_id(wish.key), std::move(wish.tool), std::move(wish.arguments)};
  co_return co_await self->open(std::move(thread), std::move(opening));
}

Task<Result<Turn>> Conversations::Impl::drive_client_call(Running& run) {
  const TurnLeases::Driving driving(leases, run.turn.id, run.token);
  Result<void> step = success();
  // The event, the call, its answer; the last one is not there yet, or was kept before the daemon stopped.
  if (run.messages.size() < 2 || run.messages[1].calls.empty()) step = Error(Errc::internal, "a call without a call");
  if (step && run.messages.size() == 2) {
    ToolCall call = run.messages[1].calls.front();
    auto refused = co_await run_call(run, std::move(call));
    if (!refused) step = refused.error();
  }
  if (step) {
    auto done = co_await finish_client_call(run);
    if (done) co_return done;
    step = done.error();
  }
  const Error why = step.error();
  co_await give_up(run, why);
  co_return why;
}

Task<Result<ToolOutput>> Conversations::Impl::run_tool(Running& run, const ToolCall& call,
                                                       const std::vector<Message>& seen) {
  rules::Sources sources = sources_of(seen);
  ToolContext context(run.thread, run.turn.id, call.id, sandbox);
  context.sources = &sources;
  context.held = TurnLeases::hold(run.turn.id, run.token);
  bool done_before = false;
  if (run.turn.cause == kClientCall) {
    context.agreed_to = agreed_to(run.messages.front());
    // What the customer said yes to are the customer's words.
    if (!context.agreed_to.empty()) sources.add_user(context.agreed_to);
    const UtcTime now = run.turn.started_at;
    if (moves_money(call.name, ports.tools.schemas()) && may_have_been_erased(seen, call, now))
      co_return refusal(
          Error(Errc::idempotency_conflict,
                "what was said here has been erased, and it cannot be told whether this was asked before: "
                "look at the payments, and ask in another conversation"));
    if (key_used_otherwise(seen, run.turn.id, call, now))
      co_return refusal(Error(Errc::idempotency_conflict, "this key was used with another call", "key"));
    if (const auto same = same_call(seen, run.turn.id, call, now)) {
      auto told = co_await told_again(run, call, *same);
      if (!told) co_return told.error();
      if (told->has_value()) co_return std::move(**told);
      if (call.name == "refund") context.repeats = same->origin;
      done_before = !context.repeats.empty() && !same->result_json.empty();
    }
  }
  auto output = co_await ports.tools.run(context, call);
  if (output && !output->refused && done_before) {
    json result = json::parse(output->result_json);
    mark_repeated(result);
    output->result_json = result.dump();
  }
  co_return output;
}

Task<Result<std::optional<ToolOutput>>> Conversations::Impl::told_again(const Running& run, const ToolCall& call,
                                                                        const SameCall& same) {
  std::optional<ToolOutput> out;
  json result = json::parse(same.result_json, nullptr, false);
  if (!result.is_object()) co_return out;  // it never came to an answer: it goes on
  const std::string status = result.value("status", "");
  if (call.name == "refund") {
    if (status != "waits_for_operator") co_return out;  // it finds what it has made, as it stands now
    auto asked = co_await ports.store.approval(ApprovalId::trusted(result.value("approval", "")));
    if (!asked) co_return asked.error();
    result["state"] = to_string(asked->state);
    mark_repeated(result);
    out.emplace();
    out->result_json = result.dump();
    out->cards_json = json::array({cards::approval_request(*asked, sandbox)}).dump();
    out->decision = Decision::ask_operator;
    co_return out;
  }
  if (call.name != "create_payment_intent") co_return out;
  auto intent = co_await ports.store.intent(IntentId::trusted(result.value("payment_intent", "")));
  if (!intent) co_return intent.error();
  // One that ended unpaid is ordered anew.
  if (intent->thread != run.thread.id || !(is_open(intent->state) || intent->captured.positive())) co_return out;
  json now = results::payment(*intent);
  now["status"] = "ok";
  mark_repeated(now);
  out.emplace();
  out->result_json = now.dump();
  if (intent->state != IntentState::awaiting_payment) co_return out;
  auto with = co_await ports.cashier.confirmation(*intent);
  if (!with) co_return with.error();
  out->cards_json = json::array({cards::payment_request(*intent, *with, sandbox)}).dump();
  co_return out;
}

Task<Result<Turn>> Conversations::Impl::finish_client_call(Running& run) {
  const Message& answer = run.messages.at(2);
  auto intents = co_await ports.store.intents_of_thread(run.thread.id, kIntentsLookedAt);
  if (!intents) co_return intents.error();
  auto refunds = co_await ports.store.refunds_of_thread(run.thread.id, kIntentsLookedAt);
  if (!refunds) co_return refunds.error();
  auto parked = park(run, *intents);
  if (!parked) co_return parked.error();
  const json told = json::parse(answer.text, nullptr, false);
  const json cards = json::parse(answer.cards_json, nullptr, false);
  const Mentioned mentioned = mentioned_in(run.messages);
  json touched_intents = json::array();
  for (const PaymentIntent& intent : *intents)
    if (mentioned.has(intent.id)) touched_intents.push_back(views::intent(intent));
  json touched_refunds = json::array();
  for (const Refund& refund : *refunds)
    if (mentioned.has(refund.id)) touched_refunds.push_back(views::refund(refund));
  run.turn.state = TurnState::completed;
  run.turn.ended_at = ports.clock.durable();
  const json result{{"id", run.turn.id.str()},
                    {"object", "turn"},
                    {"tool",
                     {{"name", run.messages[1].calls.front().name},
                      {"refused", told.is_object() && told.value("status", "") == "refused"},
                      {"result", told}}},
                    {"cards", cards},
                    {"thread", {{"id", run.thread.id.str()}, {"state", to_string(run.thread.state)}}},
                    {"intents", std::move(touched_intents)},
                    {"refunds", std::move(touched_refunds)}};
  run.turn.result_json = result.dump(-1, ' ', false, json::error_handler_t::replace);
  Batch batch("turn.client_answered");
  batch.add(TurnLeases::hold(run.turn.id, run.token));
  for (const json& card : cards) {
    StreamEvent row;
    row.thread = run.thread.id;
    row.type = "card";
    row.data_json = card.dump();
    row.at = run.turn.ended_at;
    batch.add(op::AppendEvent{std::move(row)});
  }
  batch.add(op::FinishTurn{run.turn});
  batch.add(op::UpdateThread{run.thread});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return run.turn;
}

}  // namespace purser
