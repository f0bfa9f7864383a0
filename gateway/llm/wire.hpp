// The OpenAI chat-completions wire as a pure codec: a request becomes a body, a reply becomes an answer or the reason
// why it is none. No network, no clock, no state. What providers really send, and what is made of it, follows the
// published behaviour of OpenAI, DeepSeek, Qwen, Gemini, Mistral, OpenRouter and of the proxies in front of them.
// A reply that is cut or ambiguous never yields a tool call.
#pragma once

#include "gateway/llm/model.hpp"
#include "gateway/llm/nested_error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace purser::llm {

// Opens every message that the server wrote into the conversation. The same words in a user's or a tool's text are
// defused before they are sent, so only the server can speak with this mark; the system prompt tells the model so.
inline constexpr std::string_view kNoticePrefix = "[payment-system notice]";

class Transcript;

struct WireStyle {
  std::string model;
  std::int64_t output_tokens_max = 1024;
  bool legacy_max_tokens = false;
  bool parallel_tool_calls_field = true;
  bool stream = false;
  bool usage_option = true;      // a stream is asked for its usage
  bool prefill = true;           // an answer that the asker has begun is sent; otherwise the model begins anew
  bool strict = false;           // the provider holds to schemas that are complete enough for it
  bool nine_letter_ids = false;  // ids of calls are nine letters or digits; others are mapped, always to the same
  bool thought_signatures = false;
  bool reasoning_with_calls = false;
  std::string extra_body_json = "{}";  // further members of the request
  std::string provider;                // whose signatures may be sent back
  const Transcript* past = nullptr;    // outlives the call; may be null
};

// Body of POST /chat/completions. The request's further members never replace what stands here. Arguments of past calls
// that are not a JSON object are sent as {}, because providers refuse a history that holds them. Error: internal when a
// tool's own schema, or what is further wanted, is not JSON.
Result<std::string> build_request(const ModelRequest& request, const WireStyle& style);

// Backstops of the wire itself; what one turn may do is bounded more tightly where the turn is decided.
struct WireLimits {
  std::size_t calls_max = 32;
  std::size_t argument_bytes_max = 64 << 10;
  std::size_t argument_depth_max = 32;
  std::size_t name_bytes_max = 128;
};

// What is known of the question when its reply is read.
struct Asked {
  std::string model;              // reported when the reply names none
  std::size_t message_count = 0;  // makes locally minted call ids unique in the conversation
  std::size_t request_bytes = 0;  // for the estimate when the reply has no usage
};

struct WireReply {
  int status = 200;
  std::string_view content_type;
  std::string_view body;
};

// `transient`: the same question may well be answered when asked again. `asked_wrongly`: it never will be, whatever
// else the reply says: a filter, a context that is too long, a request the provider calls wrong, an answer that was
// cut. Never both.
struct Reading {
  Result<ModelAnswer> answer;
  bool transient = false;
  bool asked_wrongly = false;
  bool too_long = false;             // with asked_wrongly: a model that reads more could answer it
  std::optional<ErrorClass> nested;  // of an error that came as a success
  bool users = false;                // with asked_wrongly: what the user wants cannot be done, by whomever it is asked
  std::string unclear;               // the explanation of an error that no rule could place; bounded, not for logs
  std::optional<Usage> used{};       // as a reply in one piece tells it, whether its answer can be used or not
};

// Errors: model_malformed (not an answer, or an ambiguous one), model_truncated (cut, or tool calls beside `length`),
// model_refused (the provider's filter, as an error), model_rate_limited, model_unavailable (any other failure). A
// refusal inside an answer is an answer with `refusal` set and no calls. `provider` is left to the caller.
Reading read_reply(const WireReply& reply, const Asked& asked, const WireLimits& limits);

// Id of a call that came without one, and of the rule engine's: "call_<messages before it>_<place in its message>".
std::string local_call_id(std::size_t message_count, std::size_t index);

}  // namespace purser::llm
