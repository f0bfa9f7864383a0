#include "agent/api/direct_request.hpp"

#include "validation/rules/personal_data.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace purser::openai {
namespace {

using nlohmann::json;

constexpr std::size_t kDirectMessagesMax = 2'000;
constexpr std::size_t kToolsMax = 128;
constexpr std::size_t kNameMax = 128;

// Read below.
constexpr std::array<std::string_view, 11> kDirectMembers{"model",
                                                          "messages",
                                                          "tools",
                                                          "user",
                                                          "safety_identifier",
                                                          "stream",
                                                          "stream_options",
                                                          "max_tokens",
                                                          "max_completion_tokens",
                                                          "metadata",
                                                          "n"};
// Handed on as they are.
constexpr std::array<std::string_view, 12> kHandedOn{
    "temperature",     "top_p",       "frequency_penalty",   "presence_penalty", "seed",     "stop", "logit_bias",
    "response_format", "tool_choice", "parallel_tool_calls", "reasoning_effort", "verbosity"};

std::string masked(const std::string& text) {
  return rules::mask_personal_data(text).text;
}

template <class List>
bool has(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::optional<Refusal> read_parameters(const json& body, ModelRequest& question) {
  json extra = json::object();
  for (const auto& [name, value] : body.items()) {
    if (has(kDirectMembers, name) || value.is_null()) continue;
    if (!has(kHandedOn, name))
      return Refusal{400, "unknown_parameter", "'" + name.substr(0, 64) + "' is not handed on to models", {}};
    extra[name] = value;
  }
  if (!extra.empty()) question.extra_json = extra.dump(-1, ' ', false, json::error_handler_t::replace);
  if (body.contains("n") && !body["n"].is_null() && body["n"] != 1) return bad_value("n", "one choice alone");
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const auto limit = body.find(name);
    if (limit == body.end() || limit->is_null()) continue;
    if (!limit->is_number_integer() || *limit < 1) return bad_type(name, "a positive integer");
    question.output_tokens_max = limit->get<std::int64_t>();
  }
  return std::nullopt;
}

std::optional<std::string> string_in(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<Refusal> read_tools(const json& body, ModelRequest& question) {
  const auto tools = body.find("tools");
  if (tools == body.end() || tools->is_null()) return std::nullopt;
  if (!tools->is_array()) return bad_type("tools", "an array");
  if (tools->size() > kToolsMax) return bad_value("tools", "at most 128 tools");
  for (std::size_t i = 0; i < tools->size(); ++i) {
    const std::string place = "tools." + std::to_string(i);
    const json& tool = (*tools)[i];
    const auto function = tool.is_object() ? tool.find("function") : tool.end();
    if (!tool.is_object() || function == tool.end() || !function->is_object())
      return bad_value(place, "a tool is a function");
    const auto name = string_in(*function, "name");
    if (!name || name->empty() || name->size() > kNameMax) return missing(place + ".function.name");
    ToolSchema schema;
    schema.name = *name;
    schema.description = masked(string_in(*function, "description").value_or(""));
    const json parameters = function->value("parameters", json::object());
    if (!parameters.is_object()) return bad_type(place + ".function.parameters", "an object");
    schema.parameters_json = parameters.dump(-1, ' ', false, json::error_handler_t::replace);
    question.tools.push_back(std::move(schema));
  }
  return std::nullopt;
}

std::optional<Refusal> read_calls(const json& message, const std::string& place, Message& out) {
  const auto calls = message.find("tool_calls");
  if (calls == message.end() || calls->is_null()) return std::nullopt;
  if (!calls->is_array()) return bad_type(place + ".tool_calls", "an array");
  for (const json& call : *calls) {
    const json function = call.is_object() ? call.value("function", json::object()) : json::object();
    const auto id = call.is_object() ? string_in(call, "id") : std::nullopt;
    const auto name = function.is_object() ? string_in(function, "name") : std::nullopt;
    const auto arguments = function.is_object() ? string_in(function, "arguments") : std::nullopt;
    if (!id || !name || !arguments)
      return bad_value(place + ".tool_calls", "each call has an id, and a function with name and arguments");
    out.calls.push_back({*id, *name, masked(*arguments)});
  }
  return std::nullopt;
}

std::optional<Refusal> read_message(const json& message, const std::string& place, ModelRequest& question) {
  if (!message.is_object()) return bad_type(place, "an object");
  const auto role = string_in(message, "role");
  if (!role) return missing(place + ".role");
  Message out;
  auto refused = read_calls(message, place, out);
  if (refused) return refused;
  std::string text;
  const auto content = message.find("content");
  const bool may_be_empty = !out.calls.empty() && (content == message.end() || content->is_null());
  if (!may_be_empty) {
    auto read = text_of(message, place);
    if (auto* refusal = std::get_if<Refusal>(&read)) return std::move(*refusal);
    text = masked(std::get<std::string>(std::move(read)));
  }
  if (*role == "system" || *role == "developer") {
    if (!question.messages.empty()) return bad_value(place + ".role", "instructions stand before the conversation");
    question.system += (question.system.empty() ? "" : "\n\n") + text;
    return std::nullopt;
  }
  if (*role == "user" || *role == "assistant") {
    out.role = *role == "user" ? Role::user : Role::assistant;
    out.text = std::move(text);
  } else if (*role == "tool") {
    const auto id = string_in(message, "tool_call_id");
    if (!id || id->empty()) return missing(place + ".tool_call_id");
    out.role = Role::tool;
    out.call_id = *id;
    out.text = std::move(text);
  } else {
    return bad_value(place + ".role", "system, developer, user, assistant or tool");
  }
  if (!out.calls.empty() && out.role != Role::assistant)
    return bad_value(place + ".tool_calls", "the assistant's alone");
  question.messages.push_back(std::move(out));
  return std::nullopt;
}

std::optional<Refusal> read_messages(const json& body, ModelRequest& question) {
  const auto messages = body.find("messages");
  if (messages == body.end()) return missing("messages");
  if (!messages->is_array()) return bad_type("messages", "an array");
  if (messages->size() > kDirectMessagesMax) return bad_value("messages", "at most 2000 messages");
  for (std::size_t i = 0; i < messages->size(); ++i)
    if (auto refused = read_message((*messages)[i], "messages." + std::to_string(i), question)) return refused;
  if (question.messages.empty()) return bad_value("messages", "at least one message beside the instructions");
  return std::nullopt;
}

}  // namespace

bool is_direct(const json& body) {
  const auto model = body.find("model");
  return model != body.end() && model->is_string() && model->get_ref<const std::string&>().starts_with(kDirectPrefix);
}

std::variant<DirectRequest, Refusal> read_direct_request(const json& body) {
  DirectRequest out;
  out.question.tier = body["model"].get_ref<const std::string&>().substr(kDirectPrefix.size());
  auto refused = read_parameters(body, out.question);
  if (!refused) refused = read_stream(body, out.stream, out.include_usage);
  if (!refused) refused = read_user(body, out.question.scope.user);
  if (!refused) refused = read_tools(body, out.question);
  if (!refused) refused = read_messages(body, out.question);
  if (refused) return std::move(*refused);
  out.question.whole = !out.stream;
  out.one_call = body.contains("parallel_tool_calls") && body["parallel_tool_calls"] == false;
  return out;
}

}  // namespace purser::openai
