// The body of POST /v1/chat/completions, as far as purser takes it. The thread keeps the conversation, so of the
// messages only the last one counts: what the user says now. Sampling parameters are taken and have no effect; whatever
// would change what the answer is (tools of the client's own, several choices, another format) is refused by name.
#pragma once

#include "validation/money/result.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace purser::openai {

// The one model there is from outside.
inline constexpr std::string_view kModel = "purser";

struct ChatRequest {
  std::string text;
  std::map<std::string, std::string> metadata;  // "thread_id", "openid" and "locale" are read here; the rest is kept
  std::string user;                             // may be empty
  bool stream = false;
  bool include_usage = false;
};

// In the words of the OpenAI API.
struct Refusal {
  int status = 400;
  std::string code;
  std::string message;
  std::string param;
};

std::variant<ChatRequest, Refusal> read_chat_request(const nlohmann::json& body);

// The text of a message's content: a string, or parts that are all text. `place` names the message.
std::variant<std::string, Refusal> text_of(const nlohmann::json& message, const std::string& place);
// `stream` and `stream_options`.
std::optional<Refusal> read_stream(const nlohmann::json& body, bool& stream, bool& include_usage);
// `user`, or `safety_identifier` in its place.
std::optional<Refusal> read_user(const nlohmann::json& body, std::string& user);

Refusal bad_type(std::string param, std::string_view wanted);
Refusal bad_value(std::string param, std::string_view rule);
Refusal missing(std::string param);

// "zh" when the text holds Chinese characters, else "en".
std::string locale_of(std::string_view text);

}  // namespace purser::openai
