#include "agent/turn/reply.hpp"

#include "agent/turn/fixed_answers.hpp"
#include "gateway/log.hpp"
#include "validation/rules/reply_truth.hpp"

#include <algorithm>

namespace purser {

namespace {

using nlohmann::json;

template <class IdType>
void note(std::vector<IdType>& ids, const json& holder, const char* key) {
  const auto found = holder.find(key);
  if (found == holder.end() || !found->is_string()) return;
  IdType id = IdType::trusted(found->get<std::string>());
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
}

rules::LedgerFacts facts_of(const std::vector<PaymentIntent>& intents, const std::vector<Refund>& refunds) {
  rules::LedgerFacts facts;
  for (const PaymentIntent& intent : intents) {
    facts.payment_succeeded = facts.payment_succeeded || intent.captured.positive();
    facts.amounts.insert(facts.amounts.end(), {intent.amount, intent.refunded, refundable(intent)});
    for (const IntentLine& line : intent.lines) {
      facts.amounts.push_back(line.unit_price);
      if (auto sum = line.unit_price.times(line.quantity)) facts.amounts.push_back(*sum);
    }
  }
  for (const Refund& refund : refunds) {
    facts.refund_succeeded = facts.refund_succeeded || refund.state == RefundState::succeeded;
    facts.refund_pending = facts.refund_pending || !is_final(refund.state);
    facts.amounts.push_back(refund.amount);
  }
  return facts;
}

// A request to pay what is canceled, paid or over by now.
bool asks_in_vain(const json& card, const std::vector<PaymentIntent>& intents) {
  if (card.value("type", "") != "payment_request") return false;
  const std::string id = card.value("payment_intent", "");
  return std::ranges::any_of(intents, [&](const PaymentIntent& intent) {
    return intent.id.str() == id && intent.state != IntentState::awaiting_payment;
  });
}

// Two cards of one kind about one payment or refund, or about nothing in particular.
bool same_subject(const json& a, const json& b) {
  return a.value("type", "") == b.value("type", "") && a.value("payment_intent", "") == b.value("payment_intent", "") &&
         a.value("refund", "") == b.value("refund", "");
}

// A tool that moves money, or ends a payment, was run in this turn and was not refused.
bool acted(const std::vector<Message>& turn_messages) {
  std::vector<std::string> deeds;
  for (const Message& message : turn_messages) {
    for (const ToolCall& call : message.calls)
      if (call.name == "create_payment_intent" || call.name == "refund" || call.name == "cancel_payment")
        deeds.push_back(call.id);
    const bool answers = message.role == Role::tool && std::ranges::find(deeds, message.call_id) != deeds.end();
    if (answers && !is_refusal(message.text)) return true;
  }
  return false;
}

}  // namespace

bool Mentioned::has(const IntentId& id) const {
  return std::find(intents.begin(), intents.end(), id) != intents.end();
}
bool Mentioned::has(const RefundId& id) const {
  return std::find(refunds.begin(), refunds.end(), id) != refunds.end();
}

Mentioned mentioned_in(const std::vector<Message>& turn_messages) {
  Mentioned out;
  for (const Message& message : turn_messages) {
    if (message.role != Role::tool && message.role != Role::event) continue;
    const json told = json::parse(message.text, nullptr, false);
    if (!told.is_object()) continue;
    note(out.intents, told, "payment_intent");
    note(out.refunds, told, "refund");
    for (const char* list : {"payments", "refunds"}) {
      const auto rows = told.find(list);
      if (rows == told.end() || !rows->is_array()) continue;
      for (const json& row : *rows) {
        note(out.intents, row, "payment_intent");
        note(out.refunds, row, "refund");
      }
    }
  }
  return out;
}

json cards_of(const std::vector<Message>& turn_messages, const std::vector<PaymentIntent>& intents) {
  std::vector<json> kept;
  for (const Message& message : turn_messages) {
    const json cards = json::parse(message.cards_json, nullptr, false);
    if (message.role != Role::tool || !cards.is_array()) continue;
    for (const json& card : cards) {
      if (asks_in_vain(card, intents)) continue;
      std::erase_if(kept, [&](const json& earlier) { return same_subject(earlier, card); });
      kept.push_back(card);
    }
  }
  return kept;
}

std::string truthful_text(const TurnAction& ending, const std::vector<Message>& turn_messages,
                          const std::vector<PaymentIntent>& intents, const std::vector<Refund>& refunds,
                          const std::string& locale) {
  const Message& first = turn_messages.front();
  if (ending.ending != Ending::answered) {
    if (first.role == Role::event) return event_answer(first.text, locale);
    // Words failed after deeds were done: those are told.
    return acted(turn_messages) ? money_lines(intents, refunds, locale) : fixed_answer(ending.ending, locale);
  }
  auto checked = rules::reply_truth(ending.text, facts_of(intents, refunds));
  if (checked && !checked->text.empty()) return std::move(checked->text);
  log::warn("reply.replaced", {{"turn", first.turn.str()}, {"code", checked ? Errc::malformed_text : checked.code()}});
  return first.role == Role::event ? event_answer(first.text, locale) : money_lines(intents, refunds, locale);
}

}  // namespace purser
