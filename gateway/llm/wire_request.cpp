#include "gateway/crypto/digest.hpp"
#include "gateway/llm/transcript.hpp"
#include "gateway/llm/wire.hpp"
#include "validation/money/ascii.hpp"
#include "validation/money/json_gate.hpp"

#include <nlohmann/json.hpp>
#include <simdjson.h>

namespace purser::llm {
namespace {

using nlohmann::json;

// Whether the letters behind a bracket read as the server's mark, whatever spaces or signs stand between them.
bool reads_as_notice(std::string_view text) {
  constexpr std::size_t kSignsMax = 64;
  std::size_t signs = 0;
  std::size_t same = 0;
  for (std::size_t at = 0; at < text.size() && same < kNoticePrefix.size();) {
    if (!ascii::is_letter(kNoticePrefix[same])) {
      ++same;
    } else if (ascii::lower(text[at]) == kNoticePrefix[same]) {
      ++same;
      ++at;
    } else if (ascii::is_alnum(text[at]) || text[at] == '[' || ++signs > kSignsMax) {
      return false;
    } else {
      ++at;
    }
  }
  return same + 1 >= kNoticePrefix.size();  // its closing bracket is missed by nobody
}

// Text of others with the server's mark made harmless: its opening bracket becomes a parenthesis.
std::string defused(std::string text) {
  for (std::size_t at = text.find('['); at != std::string::npos; at = text.find('[', at + 1))
    if (reads_as_notice(std::string_view(text).substr(at + 1))) text[at] = '(';
  return text;
}

// The same nine letters or digits for the same id, so that call and answer still meet.
std::string nine_letters(const std::string& id) {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (id.size() == 9 && id.find_first_not_of(kLetters) == std::string::npos) return id;
  std::string out;
  const std::string hex = crypto::sha256_hex(id);
  for (std::size_t i = 0; i < 9; ++i)
    out += kLetters[static_cast<std::size_t>(std::stoi(hex.substr(4 * i, 4), nullptr, 16)) % kLetters.size()];
  return out;
}

std::string id_for(const std::string& id, const WireStyle& style) {
  return style.nine_letter_ids ? nine_letters(id) : id;
}

// Documented as accepted in place of a signature that was lost or that another model made.
const char* const kNoSignature = R"({"google":{"thought_signature":"skip_thought_signature_validator"}})";

json call_json(const ToolCall& call, const ModelScope& scope, const WireStyle& style) {
  const bool object = json::accept(call.arguments) && call.arguments.find('{') != std::string::npos &&
                      call.arguments.find_first_not_of(" \t\r\n") == call.arguments.find('{');
  json out = {{"id", id_for(call.id, style)},
              {"type", "function"},
              {"function", {{"name", call.name}, {"arguments", object ? call.arguments : std::string("{}")}}}};
  if (!style.thought_signatures) return out;
  const std::string_view extra = style.past ? style.past->extra(style.provider, scope, call) : std::string_view();
  out["extra_content"] = json::parse(extra.empty() ? std::string_view(kNoSignature) : extra, nullptr, false);
  return out;
}

std::string written(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void append_message(std::string& out, std::string_view role, std::string_view content,
                    const std::string* call_id = nullptr) {
  if (out.back() != '[') out += ',';
  out.append("{\"role\":\"").append(role).append("\",\"content\":");
  append_json_string(out, content);
  if (call_id != nullptr) {
    out += ",\"tool_call_id\":";
    append_json_string(out, *call_id);
  }
  out += '}';
}

json with_calls(const Message& message, const ModelScope& scope, const WireStyle& style) {
  json out = {{"role", "assistant"}, {"content", message.text}};
  if (message.text.empty()) out["content"] = nullptr;
  for (const ToolCall& call : message.calls) out["tool_calls"].push_back(call_json(call, scope, style));
  if (style.reasoning_with_calls) {
    const ToolCall& first = message.calls.front();
    out["reasoning_content"] =
        std::string(style.past ? style.past->reasoning(style.provider, scope, first) : std::string_view());
  }
  return out;
}

void append_message(std::string& out, const Message& message, const ModelScope& scope, const WireStyle& style) {
  switch (message.role) {
    case Role::user:
      return append_message(out, "user", defused(message.text));
    case Role::event:
      return append_message(out, "user", std::string(kNoticePrefix) + " " + defused(message.text));
    case Role::tool: {
      const std::string id = id_for(message.call_id, style);
      return append_message(out, "tool", defused(message.text), &id);
    }
    case Role::assistant:
      break;
  }
  if (message.calls.empty()) return append_message(out, "assistant", message.text);
  if (out.back() != '[') out += ',';
  out += written(with_calls(message, scope, style));
}

// Strict schemas name every property as required and allow no other, all the way down.
bool strict_enough(const json& schema) {
  if (schema.contains("items") && !strict_enough(schema["items"])) return false;
  if (schema.value("type", json()) != "object") return true;
  const json properties = schema.value("properties", json::object());
  const json required = schema.value("required", json::array());
  if (schema.value("additionalProperties", json(true)) != json(false) || required.size() != properties.size())
    return false;
  for (const auto& [name, property] : properties.items())
    if (!strict_enough(property)) return false;
  return true;
}

Result<void> append_tools(std::string& out, const std::vector<ToolSchema>& tools, bool strict) {
  simdjson::dom::parser parser;
  out += "\"tools\":";
  char before = '[';
  for (const ToolSchema& tool : tools) {
    simdjson::dom::object parameters;
    if (parser.parse(tool.parameters_json).get(parameters) != simdjson::SUCCESS)
      return Error(Errc::internal, "the schema of tool " + tool.name + " is not a JSON object", tool.name);
    out += before;
    before = ',';
    out += R"({"type":"function","function":{"name":)";
    append_json_string(out, tool.name);
    out += ",\"description\":";
    append_json_string(out, tool.description);
    out.append(",\"parameters\":").append(tool.parameters_json);
    if (strict && strict_enough(json::parse(tool.parameters_json, nullptr, false))) out += ",\"strict\":true";
    out += "}}";
  }
  out += "],";
  return success();
}

}  // namespace

std::string local_call_id(std::size_t message_count, std::size_t index) {
  return "call_" + std::to_string(message_count) + "_" + std::to_string(index);
}

Result<std::string> build_request(const ModelRequest& request, const WireStyle& style) {
  json body = json::parse(style.extra_body_json, nullptr, false);
  const json asked = request.extra_json.empty() ? json::object() : json::parse(request.extra_json, nullptr, false);
  if (!body.is_object() || !asked.is_object())
    return Error(Errc::internal, "the further members of a request are no JSON object");
  body.update(asked);
  body["model"] = style.model;
  body["stream"] = style.stream;
  body["n"] = 1;
  if (style.stream && style.usage_option) body["stream_options"] = {{"include_usage", true}};
  body[style.legacy_max_tokens ? "max_tokens" : "max_completion_tokens"] = style.output_tokens_max;

  // Where an answer that was begun is not taken, it is begun anew.
  const auto begun = [&](const Message& last) { return last.role == Role::assistant && last.calls.empty(); };
  std::size_t count = request.messages.size();
  while (!style.prefill && count > 1 && begun(request.messages[count - 1])) --count;
  body.erase("messages");
  body.erase("tools");
  // The parameter is refused by providers when there is no tool it could be about.
  if (request.tools.empty() || !style.parallel_tool_calls_field) {
    body.erase("parallel_tool_calls");
  } else if (!asked.contains("parallel_tool_calls")) {
    body["parallel_tool_calls"] = false;
  }
  // A conversation is long, and all of it is sent with each question: its texts and the tools, which are the same each
  // time, are not taken through a document.
  std::string out = written(body);
  out.back() = ',';
  if (!request.tools.empty()) {
    if (auto told = append_tools(out, request.tools, style.strict); !told) return told.error();
  }
  out += "\"messages\":[";
  if (!request.system.empty()) append_message(out, "system", request.system);
  for (std::size_t i = 0; i < count; ++i) append_message(out, request.messages[i], request.scope, style);
  return out.append("]}");
}

}  // namespace purser::llm
