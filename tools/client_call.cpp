#include "tools/client_call.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::string_view kEventType = "client.called";
constexpr std::string_view kPlainId = "client";
constexpr std::string_view kKeyPrefix = "key_";

bool keyed(const ToolCall& call) {
  return call.id.starts_with(kKeyPrefix);
}

// What a client asked, and what it was answered.
struct Asked {
  const Message* message = nullptr;
  const ToolCall* call = nullptr;
  const Message* answer = nullptr;  // none: the turn was cut, and nobody knows how far it came
};

bool was_refused(const Asked& asked) {
  if (asked.answer == nullptr) return false;
  const json result = json::parse(asked.answer->text, nullptr, false);
  return result.is_object() && result.value("status", "") == "refused";
}

std::vector<Asked> asked_by_client(const std::vector<Message>& seen, const TurnId& but) {
  std::set<std::string> turns;
  std::vector<Asked> out;
  for (const Message& message : seen) {
    if (message.turn == but) continue;
    if (begins_client_call(message)) turns.insert(message.turn.str());
    if (!turns.contains(message.turn.str())) continue;
    for (const ToolCall& call : message.calls) out.push_back({&message, &call, nullptr});
    if (message.role != Role::tool) continue;
    for (Asked& asked : out)
      if (asked.message->turn == message.turn && asked.call->id == message.call_id) asked.answer = &message;
  }
  std::erase_if(out, was_refused);
  return out;
}

// What a call wants, without what is only said beside it: who asks again words a reason anew and adds a price it has
// read, and means the same.
json meaning_of(json arguments) {
  constexpr std::string_view beside[] = {"reason", "unit_price_fen", "total_fen"};
  if (arguments.is_object())
    for (const std::string_view name : beside) arguments.erase(std::string(name));
  if (arguments.is_structured())
    for (json& member : arguments) member = meaning_of(std::move(member));
  return arguments;
}

bool says_the_same(const ToolCall& a, const ToolCall& b) {
  return a.name == b.name && json::accept(a.arguments) &&
         meaning_of(json::parse(a.arguments, nullptr, false)) == meaning_of(json::parse(b.arguments, nullptr, false));
}

Millis window_of(const ToolCall& call) {
  return keyed(call) ? kKeyedWithin : kRepeatedWithin;
}

}  // namespace

std::string client_call_event(const std::string& agreed_to) {
  json event{{"type", kEventType}};
  if (!agreed_to.empty()) event["customer_agreed_to"] = agreed_to;
  return event.dump(-1, ' ', false, json::error_handler_t::replace);
}

bool begins_client_call(const Message& message) {
  if (message.role != Role::event) return false;
  const json event = json::parse(message.text, nullptr, false);
  return event.is_object() && event.value("type", "") == kEventType;
}

std::string agreed_to(const Message& message) {
  if (!begins_client_call(message)) return {};
  return json::parse(message.text).value("customer_agreed_to", "");
}

std::string client_call_id(const std::string& key) {
  return key.empty() ? std::string(kPlainId) : std::string(kKeyPrefix) + key;
}

std::optional<SameCall> same_call(const std::vector<Message>& seen, const TurnId& turn, const ToolCall& call,
                                  UtcTime now) {
  std::optional<SameCall> out;
  UtcTime last{};
  const Millis window = window_of(call);
  for (const Asked& asked : asked_by_client(seen, turn)) {
    // A key of its own makes it another wish; without one it is the same, also when the first had a key.
    const bool another = keyed(call) && asked.call->id != call.id;
    if (another || !says_the_same(*asked.call, call)) continue;
    // Each stands for the first of its row: a row ends where nobody asked for long enough.
    if (out && asked.message->at - last > window) out.reset();
    if (!out) out = SameCall{asked.message->turn.str() + ":" + asked.call->id, ""};
    if (asked.answer != nullptr) out->result_json = asked.answer->text;
    last = asked.message->at;
  }
  if (out && now - last > window) return std::nullopt;
  return out;
}

bool may_have_been_erased(const std::vector<Message>& seen, const ToolCall& call, UtcTime now) {
  const Millis window = window_of(call);
  return std::any_of(seen.begin(), seen.end(), [&](const Message& message) {
    const bool erased = message.role == Role::assistant && message.text.empty() && message.calls.empty();
    return erased && now - message.at <= window;
  });
}

bool key_used_otherwise(const std::vector<Message>& seen, const TurnId& turn, const ToolCall& call, UtcTime now) {
  if (!keyed(call)) return false;
  const auto all = asked_by_client(seen, turn);
  return std::any_of(all.begin(), all.end(), [&](const Asked& asked) {
    return asked.call->id == call.id && now - asked.message->at <= kKeyedWithin && !says_the_same(*asked.call, call);
  });
}

}  // namespace purser
