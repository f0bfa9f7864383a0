// The end of a turn: what the user reads and sees, what is told to those who listen, and what happens when it fails.
#include "agent/turn/conversations_impl.hpp"
#include "agent/turn/money_fence.hpp"
#include "agent/turn/reply.hpp"
#include "agent/turn/views.hpp"
#include "gateway/log.hpp"
#include "tools/cards.hpp"

#include <algorithm>

namespace purser {

namespace {

using nlohmann::json;

// Rows that a reply is checked against; a thread rarely has more, and only the newest can be spoken of.
constexpr std::int64_t kRowsLookedAt = 50;

constexpr MetricFamily kReplies{"purser_replies_total", "Replies of models by what was done with them."};

}  // namespace

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
  if (type.starts_with("approval.")) co_return cards;
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

Result<void> Conversations::Impl::park(Running& run, const std::vector<PaymentIntent>& intents) const {
  const bool waiting =
      std::any_of(intents.begin(), intents.end(), [](const PaymentIntent& intent) { return is_open(intent.state); });
  auto parked = next_state(run.thread.state, waiting ? ThreadEvent::turn_ended_waiting : ThreadEvent::turn_ended_idle);
  if (!parked) return parked.error();
  run.thread.state = *parked;
  return success();
}

Task<Result<Turn>> Conversations::Impl::finish(Running& run, TurnAction ending, Usage usage, std::int64_t picousd) {
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
  auto parked = park(run, *intents);
  if (!parked) co_return parked.error();

  auto spent = co_await costs.of_payment(run.messages.front(), picousd);
  if (!spent) co_return spent.error();
  const UtcTime now = ports.clock.durable();
  auto seen = co_await ports.store.recent_messages(run.thread.id, settings.history_messages_max);
  if (!seen) co_return seen.error();
  const ReplyContext context{
      run.messages,         *seen, *intents, *refunds, run.thread.locale, now, settings.money_words_from_templates,
      terms.reply_bytes_max};
  TruthfulText truthful = truthful_text(ending, context);
  count(kReplies, {{"source", std::string(truthful.source)}, {"code", std::string(truthful.code)}});
  Message reply = message(run, Role::assistant, std::move(truthful.text));
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
  json result{{"id", run.turn.id.str()},
              {"object", "turn"},
              {"reply", {{"text", reply.text}, {"cards", cards}}},
              {"thread", {{"id", run.thread.id.str()}, {"state", to_string(run.thread.state)}}},
              {"intents", std::move(touched_intents)},
              {"refunds", std::move(touched_refunds)},
              {"usage", costs.usage(usage, picousd)}};
  const auto cost = costs.line(run.messages.front(), run.turn, *spent, now);
  if (!spent->is_null()) result["costs"] = std::move(*spent);
  run.turn.result_json = result.dump();

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
  json judged = run.asked;
  judged["source"] = truthful.source;
  judged["code"] = truthful.code;
  if (!truthful.evidence.empty()) judged["evidence"] = truthful.evidence;
  batch.add(op::AppendAudit{audit(run, "reply", run.turn.id.str(), judged)});
  batch.add(op::AppendMessage{std::move(reply)});
  batch.add(op::FinishTurn{run.turn});
  if (cost) batch.add(op::PostLedger{*cost});
  batch.add(op::UpdateThread{run.thread});
  if (run.key)
    batch.add(op::FinishIdempotency{run.key->scope, run.key->key, run.turn.id.str(), 200, run.turn.result_json});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return run.turn;
}

// The turn cannot go on. Where the store refused, or the work was told to stop, it stays running and is taken up a
// little later, by the next turn of the thread or by the next start. With anything else (a bug) it is marked failed.
// Its key is free then, unless money may have moved: a request that is repeated would move it again, by another turn.
Task<void> Conversations::Impl::give_up(Running& run, Error why) {
  log::error("turn.failed", {{"thread", run.thread.id.str()},
                             {"turn", run.turn.id.str()},
                             {"code", std::string(code_of(why.code))},
                             {"message", why.message}});
  if (why.code == Errc::store_unavailable || why.code == Errc::store_conflict || why.code == Errc::canceled) {
    cut_off.notify();
    co_return;
  }
  run.turn.state = TurnState::failed;
  run.turn.ended_at = ports.clock.durable();
  const std::string told = views::error(why).dump();
  const bool keeps = may_have_moved_money(run.messages, ports.tools.schemas());
  if (keeps) run.turn.result_json = told;
  run.thread.state = ThreadState::idle;
  Batch batch("turn.failed");
  batch.add(TurnLeases::hold(run.turn.id, run.token));
  batch.add(op::FinishTurn{run.turn});
  batch.add(op::UpdateThread{run.thread});
  if (run.key && keeps)
    batch.add(op::FinishIdempotency{run.key->scope, run.key->key, run.turn.id.str(), kTurnFailedStatus, told});
  else if (run.key)
    batch.add(op::DropIdempotency{run.key->scope, run.key->key, run.turn.id.str()});
  StreamEvent row;
  row.thread = run.thread.id;
  row.type = "turn.failed";
  row.data_json = told;
  row.at = run.turn.ended_at;
  batch.add(op::AppendEvent{std::move(row)});
  auto done = co_await ports.store.commit(std::move(batch));
  if (done) co_return;
  log::error("turn.failure_not_stored", {{"turn", run.turn.id.str()}, {"code", std::string(code_of(done.code()))}});
  cut_off.notify();
}

}  // namespace purser
