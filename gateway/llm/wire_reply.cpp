#include "gateway/llm/wire.hpp"
#include "gateway/llm/wire_answer.hpp"

#include <algorithm>

namespace purser::llm {
namespace {

// Without the byte order mark and the blank lines that DeepSeek sends while it is still thinking.
std::string_view trimmed(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  const auto start = body.find_first_not_of(" \t\r\n");
  return start == std::string_view::npos ? std::string_view() : body.substr(start);
}

// Content is a string, null, or a list of parts.
void take_content(element message, ModelAnswer& answer, bool& ambiguous) {
  const auto content = field(message, "content", ambiguous);
  answer.text = text_of(content);
  simdjson::dom::array parts;
  if (content && content->get(parts) == simdjson::SUCCESS)
    for (element part : parts) {
      answer.text += text_of(field(part, "text"));
      answer.refusal += text_of(field(part, "refusal"));
    }
  if (auto refusal = text_of(field(message, "refusal", ambiguous)); !refusal.empty()) answer.refusal = refusal;
}

// The exact text the model wrote; an object is written out once, and nothing at all means no arguments.
Result<std::string> arguments_of(element function, const WireLimits& limits, bool& ambiguous) {
  const auto value = field(function, "arguments", ambiguous);
  std::string text = "{}";
  if (value && value->is_string()) {
    text = text_of(value);
  } else if (value && value->is_object()) {
    text = simdjson::minify(*value);
  } else if (value) {
    return Error(Errc::model_malformed, "the arguments of a tool call are neither text nor an object");
  }
  return complete_arguments(std::move(text), limits);
}

Result<ToolCall> read_call(element value, const std::string& local_id, const WireLimits& limits,
                           std::vector<CallExtra>& extras) {
  bool ambiguous = false;
  const auto type = field(value, "type", ambiguous);
  const auto function = field(value, "function", ambiguous);
  if (!function || (type && text_of(type) != "function" && !text_of(type).empty()))
    return Error(Errc::model_malformed, "a tool call is not a function call");

  ToolCall call;
  call.id = text_of(field(value, "id", ambiguous));
  if (call.id.empty()) call.id = local_id;
  if (const auto extra = field(value, "extra_content", ambiguous); extra && extra->is_object())
    extras.push_back({call.id, simdjson::minify(*extra)});
  call.name = text_of(field(*function, "name", ambiguous));
  if (call.name.empty() || call.name.size() > limits.name_bytes_max || call.id.size() > kCallIdBytesMax)
    return Error(Errc::model_malformed, "a tool call has no name, or a name or id larger than allowed");
  auto arguments = arguments_of(*function, limits, ambiguous);
  if (!arguments) return arguments.error();
  if (ambiguous) return Error(Errc::model_malformed, "a key stands twice in a tool call");
  call.arguments = std::move(*arguments);
  return call;
}

Result<std::vector<ToolCall>> read_calls(element message, const Asked& asked, const WireLimits& limits,
                                         std::vector<CallExtra>& extras, bool& ambiguous) {
  std::vector<ToolCall> calls;
  const auto value = field(message, "tool_calls", ambiguous);
  if (!value) return calls;
  simdjson::dom::array list;
  if (value->get(list) != simdjson::SUCCESS) return Error(Errc::model_malformed, "tool_calls is not a list");
  std::size_t place = 0;
  for (element entry : list) {
    if (place == limits.calls_max) return Error(Errc::model_malformed, "more tool calls in one message than allowed");
    auto call = read_call(entry, local_call_id(asked.message_count, place++), limits, extras);
    if (!call) return call.error();
    const auto same = std::find_if(calls.begin(), calls.end(), [&](const ToolCall& c) { return c.id == call->id; });
    if (same == calls.end()) {
      calls.push_back(std::move(*call));
    } else if (!(*same == *call)) {  // an equal repeat is an echo of some proxies; anything else cannot be answered
      return Error(Errc::model_malformed, "two different tool calls have one id");
    }
  }
  return calls;
}

// The choice with index 0; a choice without index is taken as it stands.
std::optional<element> first_choice(element root, bool& ambiguous) {
  simdjson::dom::array choices;
  const auto value = field(root, "choices", ambiguous);
  if (!value || value->get(choices) != simdjson::SUCCESS) return std::nullopt;
  for (element choice : choices)
    if (integer_of(field(choice, "index")).value_or(0) == 0) return choice;
  return std::nullopt;
}

Reading read_answer(element root, const Asked& asked, const WireLimits& limits) {
  bool ambiguous = false;
  const auto choice = first_choice(root, ambiguous);
  if (!choice) return failed(malformed("no choice in the answer"));
  if (auto error = field(*choice, "error")) return failed(classify(200, error));
  const auto message = field(*choice, "message", ambiguous);
  if (!message) return failed(malformed("no message in the answer"));

  const auto reason = text_of(field(*choice, "finish_reason", ambiguous));
  ModelAnswer answer;
  take_content(*message, answer, ambiguous);
  auto calls = read_calls(*message, asked, limits, answer.extras, ambiguous);
  // Arguments that were cut do not parse: that it was the token limit is the more useful word.
  if (!calls && ending_of(reason) == Ending::cut) return failed(cut_at_the_limit());
  if (!calls) return failed({calls.error(), true, false});
  if (ambiguous) return failed(malformed("a key stands twice in the answer"));
  answer.calls = std::move(*calls);
  answer.model = text_of(field(root, "model"));
  if (answer.model.empty()) answer.model = asked.model;
  answer.service_tier = text_of(field(root, "service_tier"));
  answer.reasoning = reasoning_of(*message);
  const auto used = told_usage(root);
  answer.usage = used ? *used : estimated_usage(answer, asked);
  return judge(std::move(answer), reason);
}

}  // namespace

Reading read_reply(const WireReply& reply, const Asked& asked, const WireLimits& limits) {
  const std::string_view body = trimmed(reply.body);
  simdjson::dom::parser parser;
  element root;
  const bool parsed = !body.empty() && parser.allocate(body.size() + 1, kReplyDepthMax) == simdjson::SUCCESS &&
                      parser.parse(body.data(), body.size()).get(root) == simdjson::SUCCESS;
  if (reply.status != 200) return failed(classify(reply.status, parsed ? find_error(root) : std::nullopt));
  if (body.empty()) return failed(malformed("the answer is empty"));
  if (!says_json(reply.content_type)) return failed(malformed("the answer is not JSON by its content type"));
  if (!parsed) return failed(malformed("the answer is not one complete JSON document"));
  const auto error = find_error(root);
  Reading out = error ? failed(classify(reply.status, error)) : read_answer(root, asked, limits);
  out.used = told_usage(root);
  return out;
}

}  // namespace purser::llm
