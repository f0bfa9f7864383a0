// Port: something that answers a conversation. Adapters: the OpenAI-compatible client, the rule engine, the fallback
// that puts one behind the other. Whatever comes back is a claim by an attacker until validation has seen it.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"
#include "validation/domain/thread.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

struct ToolSchema {
  std::string name;
  std::string description;
  std::string parameters_json;  // JSON Schema of the arguments
  bool moves_money = false;
};

struct ModelRequest {
  std::string system;
  std::vector<Message> messages;  // provider-valid: each call is answered exactly once before the next turn
  std::vector<ToolSchema> tools;
  std::string locale;  // "zh" or "en"
};

enum class FinishReason : std::uint8_t { stop, tool_calls, length, content_filter, other };

struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t output_tokens = 0;
  bool estimated = false;
};

struct ModelAnswer {
  std::string text;
  std::vector<ToolCall> calls;  // complete ones only; an answer that was cut has none
  FinishReason finish = FinishReason::stop;
  std::string refusal;  // the model declined; terminal, not shopped around
  Usage usage;
  std::string provider;  // who really answered
  std::string model;
};

class Model {
 public:
  virtual ~Model() = default;
  virtual std::string_view name() const = 0;
  // Repeating is safe: asking moves nothing. Cancellation abandons the request. Errors: model_unavailable,
  // model_malformed, model_truncated, model_refused, model_rate_limited, timed_out, canceled.
  virtual Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) = 0;
};

}  // namespace purser
