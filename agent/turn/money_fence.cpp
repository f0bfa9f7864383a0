#include "agent/turn/money_fence.hpp"

#include "agent/turn/machine.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser {
namespace {

using nlohmann::json;

// The order of keys and the spaces between them change nothing.
bool same_arguments(const std::string& a, const std::string& b) {
  return json::parse(a, nullptr, false) == json::parse(b, nullptr, false) && json::accept(a);
}

bool holds(const Message& message, const std::string& call_id) {
  return std::any_of(message.calls.begin(), message.calls.end(),
                     [&](const ToolCall& call) { return call.id == call_id; });
}

const Message* answer_to(const std::vector<Message>& messages, const std::string& call_id) {
  const auto found = std::find_if(messages.begin(), messages.end(), [&](const Message& message) {
    return message.role == Role::tool && message.call_id == call_id;
  });
  return found == messages.end() ? nullptr : &*found;
}

}  // namespace

bool moves_money(const std::string& name, const std::vector<ToolSchema>& tools) {
  return std::any_of(tools.begin(), tools.end(),
                     [&](const ToolSchema& tool) { return tool.name == name && tool.moves_money; });
}

std::optional<Fenced> fenced(const std::vector<Message>& turn_messages, const ToolCall& call,
                             const std::vector<ToolSchema>& tools) {
  if (!moves_money(call.name, tools)) return std::nullopt;
  const auto refusal = [](std::string_view code, std::string reason) {
    return Fenced{json{{"status", "refused"}, {"code", code}, {"reason", std::move(reason)}}.dump(), true};
  };
  std::optional<Fenced> other;
  for (const Message& message : turn_messages) {
    if (message.role != Role::assistant) continue;
    const bool beside = holds(message, call.id);
    for (const ToolCall& earlier : message.calls) {
      const Message* answer = answer_to(turn_messages, earlier.id);
      if (answer == nullptr || is_refusal(answer->text) || !moves_money(earlier.name, tools)) continue;
      const bool same_tool = earlier.name == call.name;
      if (same_tool && same_arguments(earlier.arguments, call.arguments)) return Fenced{answer->text, false};
      if (beside) {
        other = refusal("one_money_call_a_message", "one call in a message may move money, and " + earlier.name +
                                                        " did; look at its answer before you ask for more");
      } else if (same_tool) {
        other = refusal("already_done_in_turn",
                        call.name +
                            " was already done in this turn; tell the customer what came of it, and wait for "
                            "what they say next");
      }
    }
  }
  return other;
}

bool may_have_moved_money(const std::vector<Message>& turn_messages, const std::vector<ToolSchema>& tools) {
  const auto may_have = [&](const ToolCall& call) {
    const Message* answer = answer_to(turn_messages, call.id);
    return moves_money(call.name, tools) && (answer == nullptr || !is_refusal(answer->text));
  };
  return std::any_of(turn_messages.begin(), turn_messages.end(), [&](const Message& message) {
    return message.role == Role::assistant && std::any_of(message.calls.begin(), message.calls.end(), may_have);
  });
}

}  // namespace purser
