#include "gateway/llm/wire.hpp"

#include <nlohmann/json.hpp>

namespace purser::llm {
namespace {

using nlohmann::json;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Text of others with the server's mark made harmless: its opening bracket becomes a parenthesis.
std::string defused(std::string text) {
  const std::string_view mark = kNoticePrefix.substr(0, kNoticePrefix.size() - 1);
  for (std::size_t at = text.find('['); at != std::string::npos; at = text.find('[', at + 1)) {
    std::size_t same = 0;
    while (same < mark.size() && at + same < text.size() && lower(text[at + same]) == mark[same]) ++same;
    if (same == mark.size()) text[at] = '(';
  }
  return text;
}

json call_json(const ToolCall& call) {
  const bool object = json::accept(call.arguments) && call.arguments.find('{') != std::string::npos &&
                      call.arguments.find_first_not_of(" \t\r\n") == call.arguments.find('{');
  return {{"id", call.id},
          {"type", "function"},
          {"function", {{"name", call.name}, {"arguments", object ? call.arguments : std::string("{}")}}}};
}

json message_json(const Message& message) {
  switch (message.role) {
    case Role::user:
      return {{"role", "user"}, {"content", defused(message.text)}};
    case Role::event:
      return {{"role", "user"}, {"content", std::string(kNoticePrefix) + " " + message.text}};
    case Role::tool:
      return {{"role", "tool"}, {"tool_call_id", message.call_id}, {"content", defused(message.text)}};
    case Role::assistant:
      break;
  }
  json out = {{"role", "assistant"}, {"content", message.text}};
  if (message.calls.empty()) return out;
  if (message.text.empty()) out["content"] = nullptr;
  for (const ToolCall& call : message.calls) out["tool_calls"].push_back(call_json(call));
  return out;
}

}  // namespace

std::string local_call_id(std::size_t message_count, std::size_t index) {
  return "call_" + std::to_string(message_count) + "_" + std::to_string(index);
}

Result<std::string> build_request(const ModelRequest& request, const WireStyle& style) {
  json body = {{"model", style.model}, {"stream", false}, {"n", 1}};
  body[style.legacy_max_tokens ? "max_tokens" : "max_completion_tokens"] = style.output_tokens_max;

  json messages = json::array();
  if (!request.system.empty()) messages.push_back({{"role", "system"}, {"content", request.system}});
  for (const Message& message : request.messages) messages.push_back(message_json(message));
  body["messages"] = std::move(messages);

  for (const ToolSchema& tool : request.tools) {
    json parameters = json::parse(tool.parameters_json, nullptr, false);
    if (parameters.is_discarded() || !parameters.is_object())
      return Error(Errc::internal, "the schema of tool " + tool.name + " is not a JSON object", tool.name);
    body["tools"].push_back(
        {{"type", "function"},
         {"function",
          {{"name", tool.name}, {"description", tool.description}, {"parameters", std::move(parameters)}}}});
  }
  // The parameter is refused by providers when there is no tool it could be about.
  if (style.parallel_tool_calls_field && !request.tools.empty()) body["parallel_tool_calls"] = false;
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace purser::llm
