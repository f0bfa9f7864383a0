// Port: something that answers a conversation. Adapters: the OpenAI-compatible client, the rule engine, the fallback
// that puts one behind the other. Whatever comes back is a claim by an attacker until validation has seen it.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"
#include "validation/domain/thread.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

struct ToolSchema {
  std::string name;
  std::string description;
  std::string parameters_json;  // JSON Schema of the arguments, an object; goes out as it is written
  bool moves_money = false;
};

// What an answer is for; settings say which models are asked for it.
enum class ModelTask : std::uint8_t { intent, order_status, refund, dispute, wording, validation };

// For whom it is asked: budgets and metrics go by it. Never sent to a provider.
struct ModelScope {
  std::string tenant;
  std::string user;
  std::string thread;
};

// Takes the words of an answer while they come, before anything is known of how it ends.
class WordsSink {
 public:
  virtual ~WordsSink() = default;
  // The next words, and the model they are of, as far as the provider has told.
  virtual void words(std::string_view next, std::string_view model) = 0;
};

struct LostCost {
  std::int64_t picousd = 0;  // 10^-12 US dollars
  bool estimated = false;    // a provider has not told what a failed attempt used, also where another answered
};

struct ModelRequest {
  std::string system;
  std::vector<Message> messages;  // provider-valid: each call is answered exactly once before the next turn
  std::vector<ToolSchema> tools;
  std::string locale;  // "zh" or "en"
  ModelTask task = ModelTask::intent;
  ModelScope scope;
  std::string traceparent;  // whose part asking is; providers are told of it as W3C Trace Context says; may be empty

  // Providers answer by then or not at all, whatever the deadline: somebody stands at a till. The rule engine may
  // still.
  std::optional<Clock::time_point> providers_until;

  // For a door that hands on the models' own answers; the agent leaves them as they are.
  std::string tier;                    // asked whatever the task is; empty: by the task
  std::string extra_json;              // further members of the request, an object; empty: none
  std::int64_t output_tokens_max = 0;  // 0, or more than the model's own limit: that limit
  bool whole = false;                  // asked for in one piece, where the provider could stream
  WordsSink* words = nullptr;          // outlives the answer; once words have come, nobody else is asked

  // Grows by what attempts cost that came to no answer at all. Outlives the answer.
  LostCost* lost = nullptr;
};

enum class FinishReason : std::uint8_t { stop, tool_calls, length, content_filter, other };

struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t cached_tokens = 0;
  std::int64_t cache_write_tokens = 0;  // of the input
  std::int64_t output_tokens = 0;
  std::int64_t reasoning_tokens = 0;  // of the output
  bool estimated = false;
};

// What a provider wants back beside a call it made, such as Gemini's thought signature; a JSON object.
struct CallExtra {
  std::string call_id;
  std::string json;
};

struct ModelAnswer {
  std::string text;
  std::vector<ToolCall> calls;  // complete ones only; an answer that was cut has none
  FinishReason finish = FinishReason::stop;
  std::string refusal;  // the model declined; terminal, not shopped around
  Usage usage;
  std::string provider;  // who really answered
  std::string model;
  std::string service_tier;       // as the provider echoes it; may change the price
  std::string reasoning;          // never shown; some providers want it back with the calls it led to
  std::vector<CallExtra> extras;  // for the provider that made them alone
  std::int64_t cost_picousd = 0;  // by the price table, 10^-12 US dollars; of all attempts for this answer
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
