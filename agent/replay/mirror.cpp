#include "agent/replay/mirror.hpp"

#include "tools/client_call.hpp"

#include <algorithm>

namespace purser::replay {
namespace {

// The legal ways of an intent and of a refund, written down a second time and on purpose not taken from the product:
// an edge that is added there has to be added here, by somebody who means it.
const std::set<std::pair<IntentState, IntentState>>& legal_intent_steps() {
  using S = IntentState;
  static const std::set<std::pair<S, S>> steps{{S::created, S::awaiting_payment},
                                               {S::created, S::failed},
                                               {S::created, S::unknown},
                                               {S::created, S::succeeded},
                                               {S::created, S::expired},
                                               {S::created, S::canceled},
                                               {S::created, S::conflicted},
                                               {S::unknown, S::failed},
                                               {S::unknown, S::awaiting_payment},
                                               {S::unknown, S::succeeded},
                                               {S::unknown, S::expired},
                                               {S::unknown, S::canceled},
                                               {S::unknown, S::conflicted},
                                               {S::awaiting_payment, S::succeeded},
                                               {S::awaiting_payment, S::expired},
                                               {S::awaiting_payment, S::canceled},
                                               {S::awaiting_payment, S::conflicted},
                                               {S::expired, S::succeeded},
                                               {S::canceled, S::succeeded},
                                               {S::expired, S::conflicted},
                                               {S::canceled, S::conflicted},
                                               {S::failed, S::conflicted},
                                               {S::failed, S::succeeded},
                                               {S::conflicted, S::failed}};
  return steps;
}

const std::set<std::pair<RefundState, RefundState>>& legal_refund_steps() {
  using S = RefundState;
  static const std::set<std::pair<S, S>> steps{
      {S::created, S::processing},   {S::created, S::succeeded}, {S::created, S::failed},
      {S::created, S::unknown},      {S::created, S::abnormal},  {S::unknown, S::processing},
      {S::unknown, S::succeeded},    {S::unknown, S::failed},    {S::unknown, S::abnormal},
      {S::processing, S::succeeded}, {S::processing, S::failed}, {S::processing, S::abnormal},
      {S::abnormal, S::succeeded},   {S::abnormal, S::failed},   {S::abnormal, S::processing}};
  return steps;
}

std::string work_key(WorkKind kind, const std::string& subject) {
  return std::string(to_string(kind)) + " " + subject;
}

bool asks_of_refund(const std::string& work) {
  return work.starts_with("resolve_refund ") || work.starts_with("submit_refund ");
}

template <class Map>
const typename Map::mapped_type* nth(const Map& rows, const std::vector<std::string>& order, std::size_t n) {
  if (n == 0 || n > order.size()) return nullptr;
  return &rows.at(order[n - 1]);
}

}  // namespace

void Mirror::blame(std::string rule, std::string what) {
  violations.push_back(std::move(rule) + ": " + std::move(what));
}

void Mirror::rail_hears(const std::string& call, const nlohmann::json& body) {
  if (call == "create") {
    const PaymentIntent* row = intent_of_number(body.value("out_trade_no", ""));
    if (!row) return blame("I7", "the rail hears of an order before the store does");
    if (body.at("amount").value("total", std::int64_t{-1}) != row->amount.minor())
      blame("O8", "the rail is asked for another amount than " + row->id.str() + " has");
  }
  if (call != "refund") return;
  for (const auto& [id, row] : refunds) {
    if (row.out_refund_no.str() != body.value("out_refund_no", "")) continue;
    if (body.at("amount").value("refund", std::int64_t{-1}) != row.amount.minor())
      blame("O8", "the rail is asked to return another amount than " + id + " has");
    return;
  }
  blame("I7", "the rail hears of a refund before the store does");
}

bool Mirror::at_rest() const {
  return work.empty() && std::none_of(turns.begin(), turns.end(),
                                      [](const auto& turn) { return turn.second.state == TurnState::running; });
}

bool Mirror::only_asks_of_refunds() const {
  return std::all_of(work.begin(), work.end(), asks_of_refund) &&
         std::none_of(turns.begin(), turns.end(),
                      [](const auto& turn) { return turn.second.state == TurnState::running; });
}

const PaymentIntent* Mirror::nth_intent(std::size_t n) const {
  return nth(intents, intent_order, n);
}
const Refund* Mirror::nth_refund(std::size_t n) const {
  return nth(refunds, refund_order, n);
}
const PaymentIntent* Mirror::intent_of_number(const std::string& out_trade_no) const {
  for (const auto& [id, row] : intents)
    if (row.order.out_trade_no.str() == out_trade_no) return &row;
  return nullptr;
}

void Mirror::intent(const PaymentIntent& row) {
  const std::string& id = row.id.str();
  const auto found = intents.find(id);
  if (found == intents.end()) {
    intent_order.push_back(id);
    for (const auto& [other_id, other] : intents) {
      if (other.order.out_trade_no == row.order.out_trade_no) blame("I1", "two intents have the number of " + id);
      if (other.user == row.user && other.tenant == row.tenant && is_open(other.state))
        blame("O3", "a second open payment of one user: " + id + " beside " + other_id);
    }
    if (row.state != IntentState::created) blame("I6", id + " is born as " + std::string(to_string(row.state)));
  } else {
    const PaymentIntent& old = found->second;
    if (old.state != row.state && !legal_intent_steps().contains({old.state, row.state}))
      blame("I6", id + " went from " + std::string(to_string(old.state)) + " to " + std::string(to_string(row.state)));
    if (old.amount != row.amount || old.order.out_trade_no != row.order.out_trade_no || old.user != row.user)
      blame("O8", id + " changed its amount, number or owner");
    if (row.refunded.minor() < old.refunded.minor()) blame("I2", id + " was refunded less than before");
  }
  if (row.refunded.minor() + row.refund_reserved.minor() > row.captured.minor())
    blame("I3", id + " gives back more than it took");
  if (row.state == IntentState::succeeded && row.captured != row.amount)
    blame("I5", id + " succeeded without its money");
  intents[id] = row;
}

void Mirror::refund(const Refund& row) {
  const std::string& id = row.id.str();
  const auto found = refunds.find(id);
  if (found == refunds.end()) {
    refund_order.push_back(id);
    for (const auto& [other_id, other] : refunds)
      if (other.out_refund_no == row.out_refund_no || other.origin == row.origin)
        blame("O3", "the refund " + id + " is made twice, as " + other_id);
    const auto of = intents.find(row.intent.str());
    if (of == intents.end() || !of->second.captured.positive()) blame("I3", id + " returns what never came");
  } else if (found->second.state != row.state && !legal_refund_steps().contains({found->second.state, row.state})) {
    blame("I6", id + " went from " + std::string(to_string(found->second.state)) + " to " +
                    std::string(to_string(row.state)));
  }
  refunds[id] = row;
}

void Mirror::post(const LedgerEntry& row) {
  const std::string intent = row.intent.str();
  if (row.debit_account == row.credit_account || !row.amount.positive()) blame("I2", "a line that moves nothing");
  if (!postings_.insert(row.kind + " " + row.reference).second) blame("I2", row.reference + " is posted twice");
  const auto of = intents.find(intent);
  const bool moves = row.kind == "refund" || is_capture(row.kind);
  if (moves && of != intents.end() && of->second.amount.currency() != row.amount.currency())
    blame("I2", row.reference + " is posted in another currency than " + intent);
  if (row.kind == "refund") {
    returned_[intent] += row.amount.minor();
  } else if (is_capture(row.kind)) {
    if (captured_.contains(intent)) blame("I1", intent + " is captured twice");
    captured_[intent] += row.amount.minor();
  }
  if (returned_[intent] > captured_[intent]) blame("I3", intent + " returned more than it captured");
  ledger.push_back(row);
}

void Mirror::event(const StreamEvent& row) {
  auto& last = last_event_[row.thread.str()];
  if (row.seq <= last) blame("O5", "event " + std::to_string(row.seq) + " after " + std::to_string(last));
  last = row.seq;
  events.push_back(row);
  if (row.type == "message.completed") show(row);
}

void Mirror::show(const StreamEvent& row) {
  const nlohmann::json data = nlohmann::json::parse(row.data_json, nullptr, false);
  Shown words;
  words.text = data.is_object() ? data.value("text", "") : std::string();
  for (const auto& [id, intent] : intents) {
    if (intent.thread != row.thread) continue;
    words.paid = words.paid || intent.captured.positive();
    words.returned = words.returned || intent.refunded.positive();
  }
  for (const auto& [id, refund] : refunds)
    words.returning = words.returning || (refund.thread == row.thread && refund.state != RefundState::failed);
  shown.push_back(std::move(words));
}

void Mirror::begin(const Turn& row) {
  const std::string& id = row.id.str();
  if (turns.contains(id)) blame("I6", "the turn " + id + " begins twice");
  const auto [other, alone] = running_.emplace(row.thread.str(), id);
  if (!alone) blame("O6", "the turns " + other->second + " and " + id + " run in one thread at once");
  turns[id] = row;
}

void Mirror::take_key(const IdempotencyRow& row) {
  if (!keys.emplace(row.scope + " " + row.key, row.state).second)
    blame("O3", "the key " + row.key + " is taken while it stands: " + row.scope);
}

void Mirror::finish(const Turn& row) {
  const auto old = turns.find(row.id.str());
  if (old != turns.end() && old->second.state != TurnState::running)
    blame("I6", "the turn " + row.id.str() + " ends twice");
  const auto running = running_.find(row.thread.str());
  if (running != running_.end() && running->second == row.id.str()) running_.erase(running);
  turns[row.id.str()] = row;
  if (row.cause == "user" || row.cause == kClientCall) return;
  if (++told[row.cause] > 1) blame("O6", row.cause + " is told twice");
}

void Mirror::apply(const Batch& batch, const Receipt& receipt) {
  for (const Operation& operation : batch.operations) {
    std::visit(
        [this](const auto& op) {
          using Op = std::decay_t<decltype(op)>;
          if constexpr (std::is_same_v<Op, op::InsertThread>) {
            thread_order.push_back(op.row.id.str());
            threads[op.row.id.str()] = op.row;
          } else if constexpr (std::is_same_v<Op, op::UpdateThread>) {
            threads[op.row.id.str()] = op.row;
          } else if constexpr (std::is_same_v<Op, op::InsertIntent> || std::is_same_v<Op, op::UpdateIntent>) {
            intent(op.row);
          } else if constexpr (std::is_same_v<Op, op::InsertRefund> || std::is_same_v<Op, op::UpdateRefund>) {
            refund(op.row);
          } else if constexpr (std::is_same_v<Op, op::PostLedger>) {
            post(op.row);
          } else if constexpr (std::is_same_v<Op, op::InsertTurn>) {
            begin(op.row);
          } else if constexpr (std::is_same_v<Op, op::FinishTurn>) {
            finish(op.row);
          } else if constexpr (std::is_same_v<Op, op::PutWork> || std::is_same_v<Op, op::AddWork>) {
            work.insert(work_key(op.row.kind, op.row.subject));
            if (op.row.kind == WorkKind::resume_thread) to_tell.insert(op.row.subject);
          } else if constexpr (std::is_same_v<Op, op::TakeWork> || std::is_same_v<Op, op::DropWork>) {
            work.erase(work_key(op.kind, op.subject));
          } else if constexpr (std::is_same_v<Op, op::InsertIdempotency>) {
            take_key(op.row);
          } else if constexpr (std::is_same_v<Op, op::FinishIdempotency>) {
            keys[op.scope + " " + op.key] = IdempotencyState::finished;
          } else if constexpr (std::is_same_v<Op, op::DropIdempotency>) {
            const auto known = keys.find(op.scope + " " + op.key);
            const bool stays = known != keys.end() && known->second == IdempotencyState::finished && !op.owner.empty();
            if (known != keys.end() && !stays) keys.erase(known);
          }
        },
        operation);
  }
  for (const StreamEvent& row : receipt.events) event(row);
  for (const Message& row : receipt.messages) messages.push_back(row);
}

void Mirror::adopt(std::vector<Thread> old_threads, std::vector<PaymentIntent> old_intents,
                   std::vector<Refund> old_refunds, std::vector<LedgerEntry> old_ledger,
                   const std::vector<WorkItem>& old_work) {
  for (Thread& row : old_threads) {
    thread_order.push_back(row.id.str());
    threads[row.id.str()] = std::move(row);
  }
  for (PaymentIntent& row : old_intents) {
    intent_order.push_back(row.id.str());
    intents[row.id.str()] = std::move(row);
  }
  for (Refund& row : old_refunds) {
    refund_order.push_back(row.id.str());
    refunds[row.id.str()] = std::move(row);
  }
  for (LedgerEntry& row : old_ledger) post(row);
  for (const WorkItem& row : old_work) {
    work.insert(work_key(row.kind, row.subject));
    if (row.kind == WorkKind::resume_thread) to_tell.insert(row.subject);
  }
}

void Mirror::adopt(const StreamEvent& row) {
  last_event_[row.thread.str()] = row.seq;
}

void Mirror::check_keys() {
  for (const auto& [key, state] : keys)
    if (state == IdempotencyState::running) blame("I11", "the key " + key + " is never let go");
}

void Mirror::check_end(bool drained) {
  for (const auto& [id, row] : intents) {
    if (captured_[id] != row.captured.minor()) blame("I2", id + " and its ledger differ in what was captured");
    if (returned_[id] != row.refunded.minor()) blame("I2", id + " and its ledger differ in what was returned");
  }
  if (!drained) return;
  for (const std::string& event : to_tell)
    if (told[event] != 1) blame("O6", event + " was told " + std::to_string(told[event]) + " times");
  for (const auto& [id, row] : turns)
    if (row.state == TurnState::running) blame("I11", "the turn " + id + " never ended");
  for (const auto& [id, row] : intents)
    if (is_open(row.state)) blame("I11", "the intent " + id + " is open for ever");
  for (const auto& [id, row] : refunds) {
    const bool open =
        row.state == RefundState::created || row.state == RefundState::unknown || row.state == RefundState::processing;
    const auto asks = [&](const std::string& one) { return asks_of_refund(one) && one.ends_with(" " + id); };
    if (open && std::none_of(work.begin(), work.end(), asks))
      blame("I11", "the refund " + id + " is " + std::string(to_string(row.state)) + " for ever: nobody asks about it");
  }
  for (const std::string& row : work) {
    // What the rail leaves open for ever is rightly asked about for ever.
    if (!asks_of_refund(row)) blame("I11", "work is left: " + row);
  }
}

}  // namespace purser::replay
