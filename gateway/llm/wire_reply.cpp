#include "gateway/llm/wire.hpp"
#include "gateway/llm/wire_error.hpp"
#include "gateway/llm/wire_fields.hpp"

#include <algorithm>

namespace purser::llm {
namespace {

constexpr std::size_t kBytesPerToken = 4;  // for estimates only
constexpr std::size_t kCallIdBytesMax = 256;

Failure malformed(std::string what) {
  return {Error(Errc::model_malformed, std::move(what)), true, false};
}

Failure cut() {
  return {Error(Errc::model_truncated, "the answer was cut at the token limit"), false, true};
}

Reading failed(Failure failure) {
  return {std::move(failure.error), failure.transient, failure.asked_wrongly};
}

// Without the byte order mark and the blank lines that DeepSeek sends while it is still thinking.
std::string_view trimmed(std::string_view body) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  const auto start = body.find_first_not_of(" \t\r\n");
  return start == std::string_view::npos ? std::string_view() : body.substr(start);
}

bool says_json(std::string_view content_type) {
  std::string kind(content_type.substr(0, content_type.find(';')));
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  while (!kind.empty() && kind.back() == ' ') kind.pop_back();
  return kind.empty() || kind == "application/json" || kind == "text/json" || kind.ends_with("+json");
}

enum class Ending { natural, cut, filtered, aborted, unknown };

Ending ending_of(std::string_view reason) {
  if (reason == "stop" || reason == "tool_calls" || reason == "function_call" || reason == "end_turn")
    return Ending::natural;
  if (reason == "length" || reason == "model_length" || reason == "max_tokens") return Ending::cut;
  if (reason.starts_with("content_filter") || reason == "refusal" || reason == "sensitive") return Ending::filtered;
  if (reason == "error" || reason == "insufficient_system_resource") return Ending::aborted;
  return Ending::unknown;
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
  if (text.find_first_not_of(" \t\r\n") == std::string::npos) text = "{}";
  if (text.size() > limits.argument_bytes_max)
    return Error(Errc::model_malformed, "the arguments of a tool call are larger than allowed");

  simdjson::dom::parser parser;
  element parsed;
  if (parser.allocate(text.size() + 1, limits.argument_depth_max) != simdjson::SUCCESS ||
      parser.parse(text).get(parsed) != simdjson::SUCCESS || !parsed.is_object())
    return Error(Errc::model_malformed, "the arguments of a tool call are not one complete JSON object");
  return text;
}

Result<ToolCall> read_call(element value, const std::string& local_id, const WireLimits& limits) {
  bool ambiguous = false;
  const auto type = field(value, "type", ambiguous);
  const auto function = field(value, "function", ambiguous);
  if (!function || (type && text_of(type) != "function" && !text_of(type).empty()))
    return Error(Errc::model_malformed, "a tool call is not a function call");

  ToolCall call;
  call.id = text_of(field(value, "id", ambiguous));
  if (call.id.empty()) call.id = local_id;
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
                                         bool& ambiguous) {
  std::vector<ToolCall> calls;
  const auto value = field(message, "tool_calls", ambiguous);
  if (!value) return calls;
  simdjson::dom::array list;
  if (value->get(list) != simdjson::SUCCESS) return Error(Errc::model_malformed, "tool_calls is not a list");
  std::size_t place = 0;
  for (element entry : list) {
    if (place == limits.calls_max) return Error(Errc::model_malformed, "more tool calls in one message than allowed");
    auto call = read_call(entry, local_call_id(asked.message_count, place++), limits);
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

Usage usage_of(element root, const ModelAnswer& answer, const Asked& asked) {
  Usage usage;
  const auto value = field(root, "usage");
  const auto input = value ? integer_of(field(*value, "prompt_tokens")) : std::nullopt;
  const auto output = value ? integer_of(field(*value, "completion_tokens")) : std::nullopt;
  if (!input || !output || *input < 0 || *output < 0) {
    std::size_t written = answer.text.size();
    for (const ToolCall& call : answer.calls) written += call.name.size() + call.arguments.size();
    usage.input_tokens = static_cast<std::int64_t>(asked.request_bytes / kBytesPerToken);
    usage.output_tokens = static_cast<std::int64_t>(written / kBytesPerToken);
    usage.estimated = true;
    return usage;
  }
  usage.input_tokens = *input;
  usage.output_tokens = *output;
  // Gemini's compatible mode leaves reasoning out of completion_tokens; the total has it.
  if (const auto total = integer_of(field(*value, "total_tokens")); total && *total - *input > *output)
    usage.output_tokens = *total - *input;
  auto cached = integer_of(field(*value, "prompt_cache_hit_tokens"));
  if (auto details = field(*value, "prompt_tokens_details"); details && !cached)
    cached = integer_of(field(*details, "cached_tokens"));
  usage.cached_tokens = std::clamp<std::int64_t>(cached.value_or(0), 0, *input);
  return usage;
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

// Tool calls are decided by what is there; the finish reason can only veto them.
Reading judge(ModelAnswer answer, std::string_view reason) {
  const Ending ending = ending_of(reason);
  if (ending == Ending::filtered && answer.refusal.empty()) answer.refusal = "filtered by the provider";
  if (!answer.refusal.empty()) {
    answer.calls.clear();
    answer.finish = ending == Ending::filtered ? FinishReason::content_filter : FinishReason::stop;
    return {std::move(answer)};
  }
  if (ending == Ending::aborted)
    return failed(
        {Error(Errc::model_unavailable, "the provider broke off (finish_reason " + std::string(reason) + ")"), true});
  if (ending == Ending::cut && (!answer.calls.empty() || answer.text.empty())) return failed(cut());
  if (!answer.calls.empty()) {
    if (ending == Ending::unknown) return failed(malformed("tool calls without a finish reason that ends them"));
    answer.finish = FinishReason::tool_calls;
    return {std::move(answer)};
  }
  if (reason == "tool_calls" || reason == "function_call")
    return failed(malformed("the finish reason announces tool calls, and there are none"));
  if (answer.text.find_first_not_of(" \t\r\n") == std::string::npos)
    return failed(malformed("an answer without content"));
  answer.finish = ending == Ending::natural ? FinishReason::stop
                  : ending == Ending::cut   ? FinishReason::length
                                            : FinishReason::other;
  return {std::move(answer)};
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
  auto calls = read_calls(*message, asked, limits, ambiguous);
  // Arguments that were cut do not parse: that it was the token limit is the more useful word.
  if (!calls && ending_of(reason) == Ending::cut) return failed(cut());
  if (!calls) return failed({calls.error(), true, false});
  if (ambiguous) return failed(malformed("a key stands twice in the answer"));
  answer.calls = std::move(*calls);
  answer.model = text_of(field(root, "model"));
  if (answer.model.empty()) answer.model = asked.model;
  answer.usage = usage_of(root, answer, asked);
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
  if (auto error = find_error(root)) return failed(classify(reply.status, error));
  return read_answer(root, asked, limits);
}

}  // namespace purser::llm
