// The end of a turn: what the user reads and sees, checked against the rows it speaks of.
#pragma once

#include "agent/turn/machine.hpp"
#include "validation/domain/intent.hpp"
#include "validation/domain/refund.hpp"
#include "validation/domain/thread.hpp"
#include "validation/rules/reply_truth.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
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

// What a reply is held against. References live as long as the call.
struct ReplyContext {
  const std::vector<Message>& turn;           // of the turn; its first is what began it
  const std::vector<Message>& seen;           // what the model could see of the thread
  const std::vector<PaymentIntent>& intents;  // all of the thread's, newest first
  const std::vector<Refund>& refunds;         // all of the thread's
  const std::string& locale;
  UtcTime now;
  bool money_words_from_templates = false;
  std::int64_t bytes_max = 8'192;  // more words are cut before they are checked, with a mark that says so
};

struct TruthfulText {
  std::string text;
  std::string_view source = "model";  // "model", "mended" (links were taken out), "template"
  std::string_view code;              // why it is a template: the rule that refused
  std::string evidence;               // what that rule found
};

// The text a user gets: the model's words when the thread's rows bear them out, otherwise the rows themselves, and a
// fixed sentence when there are no words.
TruthfulText truthful_text(const TurnAction& ending, const ReplyContext& context);

// What is true of the conversation, for the rules. Exposed for tests.
rules::LedgerFacts facts_of(const ReplyContext& context);

}  // namespace purser
