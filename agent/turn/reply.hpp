// The end of a turn: what the user reads and sees, checked against the rows it speaks of.
#pragma once

#include "agent/turn/machine.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace purser {

// The intents and refunds that a turn's tool answers and event name, in their order, without repeats.
struct Mentioned {
  std::vector<IntentId> intents;
  std::vector<RefundId> refunds;

  bool has(const IntentId& id) const;
  bool has(const RefundId& id) const;
};
Mentioned mentioned_in(const std::vector<Message>& turn_messages);

// What the turn's tools have shown, the newest of each subject, without requests to pay what awaits no payment now.
nlohmann::json cards_of(const std::vector<Message>& turn_messages, const std::vector<PaymentIntent>& intents);

// The text a user gets: the model's words when the thread's rows bear them out, otherwise the rows themselves, and a
// fixed sentence when there are no words. `rows` are all of the thread's, not only those of the turn.
std::string truthful_text(const TurnAction& ending, const std::vector<Message>& turn_messages,
                          const std::vector<PaymentIntent>& intents, const std::vector<Refund>& refunds,
                          const std::string& locale);

}  // namespace purser
