#include "gateway/llm/wire_answer.hpp"

#include <algorithm>

namespace purser::llm {
namespace {

constexpr std::size_t kBytesPerToken = 4;  // for estimates only
// No answer uses so many; a provider that says so is not believed.
constexpr std::int64_t kTokensMax = 1'000'000'000;

// "application/json; charset=utf-8" to "application/json".
std::string kind_of(std::string_view content_type) {
  std::string kind(content_type.substr(0, content_type.find(';')));
  std::transform(kind.begin(), kind.end(), kind.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  while (!kind.empty() && kind.back() == ' ') kind.pop_back();
  return kind;
}

std::int64_t not_negative(std::optional<std::int64_t> count, std::int64_t most) {
  return std::clamp<std::int64_t>(count.value_or(0), 0, most);
}

}  // namespace

Failure malformed(std::string what) {
  return {Error(Errc::model_malformed, std::move(what)), true, false};
}

Failure cut_at_the_limit() {
  return {Error(Errc::model_truncated, "the answer was cut at the token limit"), false, true};
}

Reading failed(Failure failure) {
  return {std::move(failure.error), failure.transient, failure.asked_wrongly,     failure.too_long,
          failure.nested,           failure.users,     std::move(failure.unclear)};
}

bool says_json(std::string_view content_type) {
  const std::string kind = kind_of(content_type);
  return kind.empty() || kind == "application/json" || kind == "text/json" || kind.ends_with("+json");
}

bool says_event_stream(std::string_view content_type) {
  return kind_of(content_type) == "text/event-stream";
}

Ending ending_of(std::string_view reason) {
  if (reason == "stop" || reason == "tool_calls" || reason == "function_call" || reason == "end_turn")
    return Ending::natural;
  if (reason == "length" || reason == "model_length" || reason == "max_tokens") return Ending::cut;
  if (reason.starts_with("content_filter") || reason == "refusal" || reason == "sensitive") return Ending::filtered;
  if (reason == "error" || reason == "insufficient_system_resource") return Ending::aborted;
  return Ending::unknown;
}

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
  if (ending == Ending::cut && (!answer.calls.empty() || answer.text.empty())) return failed(cut_at_the_limit());
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

Result<std::string> complete_arguments(std::string text, const WireLimits& limits) {
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

std::optional<Usage> told_usage(element root) {
  const auto value = field(root, "usage");
  const auto input = value ? integer_of(field(*value, "prompt_tokens")) : std::nullopt;
  const auto output = value ? integer_of(field(*value, "completion_tokens")) : std::nullopt;
  if (!input || !output || *input < 0 || *output < 0 || *input > kTokensMax || *output > kTokensMax)
    return std::nullopt;
  Usage usage;
  usage.input_tokens = *input;
  usage.output_tokens = *output;
  // Gemini's compatible mode leaves reasoning out of completion_tokens; the total has it.
  if (const auto total = integer_of(field(*value, "total_tokens"));
      total && *total <= 2 * kTokensMax && *total - *input > *output)
    usage.output_tokens = *total - *input;
  auto cached = integer_of(field(*value, "prompt_cache_hit_tokens"));
  if (const auto details = field(*value, "prompt_tokens_details")) {
    if (!cached) cached = integer_of(field(*details, "cached_tokens"));
    usage.cache_write_tokens = not_negative(integer_of(field(*details, "cache_write_tokens")), *input);
  }
  if (const auto details = field(*value, "completion_tokens_details"))
    usage.reasoning_tokens = not_negative(integer_of(field(*details, "reasoning_tokens")), usage.output_tokens);
  usage.cached_tokens = not_negative(cached, *input);
  return usage;
}

Usage estimated_usage(const ModelAnswer& answer, const Asked& asked) {
  std::size_t written = answer.text.size() + answer.reasoning.size();
  for (const ToolCall& call : answer.calls) written += call.name.size() + call.arguments.size();
  Usage usage;
  usage.input_tokens = static_cast<std::int64_t>(asked.request_bytes / kBytesPerToken);
  usage.output_tokens = static_cast<std::int64_t>(written / kBytesPerToken);
  usage.estimated = true;
  return usage;
}

}  // namespace purser::llm
