#include "agent/api/chat_request.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace purser::openai {
namespace {

using nlohmann::json;

constexpr std::size_t kChatMessagesMax = 2'000;
constexpr std::size_t kMetadataMembers = 16;
constexpr std::size_t kMetadataName = 64;
constexpr std::size_t kMetadataValue = 512;
constexpr std::size_t kUserMax = 128;

// Read below.
constexpr std::array<std::string_view, 7> kChatMembers{"model",  "messages",       "metadata",         "user",
                                                       "stream", "stream_options", "safety_identifier"};
enum class Form : std::uint8_t { number, count, integer, text, flag, object, texts };
// How a model would choose its words: there is nothing to steer here, and nonsense is refused all the same.
struct WithoutEffect {
  std::string_view name;
  Form form;
  int least = 0;  // of a number
  int most = 0;
};
constexpr std::array<WithoutEffect, 16> kWithoutEffect{{{"temperature", Form::number, 0, 2},
                                                        {"top_p", Form::number, 0, 1},
                                                        {"max_tokens", Form::count},
                                                        {"max_completion_tokens", Form::count},
                                                        {"frequency_penalty", Form::number, -2, 2},
                                                        {"presence_penalty", Form::number, -2, 2},
                                                        {"seed", Form::integer},
                                                        {"stop", Form::texts},
                                                        {"logit_bias", Form::object},
                                                        {"reasoning_effort", Form::text},
                                                        {"verbosity", Form::text},
                                                        {"store", Form::flag},
                                                        {"service_tier", Form::text},
                                                        {"prompt_cache_key", Form::text},
                                                        {"prompt_cache_retention", Form::text},
                                                        {"parallel_tool_calls", Form::flag}}};
constexpr std::size_t kStopsMax = 4;
// Other parameters that are taken while they ask for what purser does anyway.
struct Harmless {
  std::string_view name;
  std::string_view value;  // JSON
};
constexpr std::array<Harmless, 11> kHarmless{{{"n", "1"},
                                              {"logprobs", "false"},
                                              {"top_logprobs", "0"},
                                              {"response_format", R"({"type":"text"})"},
                                              {"modalities", R"(["text"])"},
                                              {"tools", "[]"},
                                              {"functions", "[]"},
                                              {"tool_choice", R"("none")"},
                                              {"tool_choice", R"("auto")"},
                                              {"function_call", R"("none")"},
                                              {"function_call", R"("auto")"}}};

}  // namespace

Refusal bad_type(std::string param, std::string_view wanted) {
  return {400, "invalid_type", "'" + param + "' must be " + std::string(wanted), std::move(param)};
}

Refusal bad_value(std::string param, std::string_view rule) {
  return {400, "invalid_value", "'" + param + "': " + std::string(rule), std::move(param)};
}

Refusal missing(std::string param) {
  return {400, "missing_required_parameter", "'" + param + "' is required", std::move(param)};
}

std::optional<Refusal> read_stream(const json& body, bool& wanted, bool& include_usage) {
  const auto stream = body.find("stream");
  if (stream != body.end() && !stream->is_null()) {
    if (!stream->is_boolean()) return bad_type("stream", "true or false");
    wanted = stream->get<bool>();
  }
  const auto options = body.find("stream_options");
  if (options == body.end() || options->is_null()) return std::nullopt;
  if (!wanted) return bad_value("stream_options", "only together with stream: true");
  if (!options->is_object()) return bad_type("stream_options", "an object");
  const json usage = options->value("include_usage", json(false));
  if (!usage.is_boolean()) return bad_type("stream_options.include_usage", "true or false");
  include_usage = usage.get<bool>();
  return std::nullopt;
}

std::optional<Refusal> read_user(const json& body, std::string& wanted) {
  // OpenAI's newer name for the same thing; `user` goes before it.
  for (const char* name : {"user", "safety_identifier"}) {
    const auto user = body.find(name);
    if (user == body.end() || user->is_null()) continue;
    if (!user->is_string()) return bad_type(name, "a string");
    if (wanted.empty()) wanted = user->get<std::string>();
    if (wanted.size() > kUserMax) return bad_value(name, "at most 128 bytes");
  }
  return std::nullopt;
}

std::variant<std::string, Refusal> text_of(const json& message, const std::string& place) {
  const auto content = message.find("content");
  if (content == message.end() || content->is_null()) return missing(place + ".content");
  if (content->is_string()) return content->get<std::string>();
  if (!content->is_array()) return bad_type(place + ".content", "a string or an array of parts");
  std::string text;
  for (const json& part : *content) {
    if (!part.is_object() || part.value("type", json()) != "text") {
      return Refusal{400, "unsupported_content", "purser reads text alone, no images, sound or files",
                     place + ".content"};
    }
    const auto piece = part.find("text");
    if (piece == part.end() || !piece->is_string()) return missing(place + ".content.text");
    if (!text.empty()) text += '\n';
    text += piece->get<std::string>();
  }
  return text;
}

namespace {

bool is_stop(const json& value) {
  const auto is_text = [](const json& one) { return one.is_string(); };
  return value.is_string() ||
         (value.is_array() && value.size() <= kStopsMax && std::all_of(value.begin(), value.end(), is_text));
}

std::optional<Refusal> refuse_form(const WithoutEffect& parameter, const json& value) {
  const std::string name(parameter.name);
  switch (parameter.form) {
    case Form::number:
      if (!value.is_number()) return bad_type(name, "a number");
      if (value < parameter.least || value > parameter.most)
        return bad_value(name, "from " + std::to_string(parameter.least) + " to " + std::to_string(parameter.most));
      return std::nullopt;
    case Form::count:
      if (!value.is_number_integer()) return bad_type(name, "an integer");
      return value < 1 ? std::optional(bad_value(name, "at least 1")) : std::nullopt;
    case Form::integer:
      return value.is_number_integer() ? std::nullopt : std::optional(bad_type(name, "an integer"));
    case Form::text:
      return value.is_string() ? std::nullopt : std::optional(bad_type(name, "a string"));
    case Form::flag:
      return value.is_boolean() ? std::nullopt : std::optional(bad_type(name, "true or false"));
    case Form::object:
      return value.is_object() ? std::nullopt : std::optional(bad_type(name, "an object"));
    case Form::texts:
      return is_stop(value) ? std::nullopt : std::optional(bad_type(name, "a string or up to 4 of them"));
  }
  return std::nullopt;
}

std::optional<Refusal> refuse_parameter(const std::string& name, const json& value) {
  const auto is_name = [&](std::string_view known) { return known == name; };
  if (std::any_of(kChatMembers.begin(), kChatMembers.end(), is_name)) return std::nullopt;
  for (const WithoutEffect& parameter : kWithoutEffect)
    if (parameter.name == name) return value.is_null() ? std::nullopt : refuse_form(parameter, value);
  bool known = false;
  for (const Harmless& harmless : kHarmless) {
    if (harmless.name != name) continue;
    known = true;
    if (value.is_null() || value == json::parse(harmless.value)) return std::nullopt;
  }
  if (!known) return Refusal{400, "unknown_parameter", "there is no parameter '" + name.substr(0, 64) + "'", {}};
  const bool tools = name == "tools" || name == "functions" || name == "tool_choice" || name == "function_call";
  return Refusal{400, "unsupported_parameter",
                 tools
                     ? "purser brings its own tools and runs them itself; tools of the client are not mixed with tools "
                       "that move money. Leave '" +
                           name + "' out"
                     : "'" + name + "' cannot have this value here",
                 name};
}

std::optional<Refusal> read_metadata(const json& body, ChatRequest& request) {
  const auto metadata = body.find("metadata");
  if (metadata == body.end() || metadata->is_null()) return std::nullopt;
  if (!metadata->is_object()) return bad_type("metadata", "an object");
  if (metadata->size() > kMetadataMembers) return bad_value("metadata", "at most 16 members");
  for (const auto& [name, value] : metadata->items()) {
    if (!value.is_string()) return bad_type("metadata", "an object of strings");
    auto text = value.get<std::string>();
    if (name.size() > kMetadataName || text.size() > kMetadataValue) {
      return bad_value("metadata", "names of at most 64 bytes and values of at most 512");
    }
    request.metadata.emplace(name, std::move(text));
  }
  return std::nullopt;
}

std::optional<Refusal> read_messages(const json& body, ChatRequest& request) {
  const auto messages = body.find("messages");
  if (messages == body.end()) return missing("messages");
  if (!messages->is_array()) return bad_type("messages", "an array");
  if (messages->empty()) return bad_value("messages", "at least one message");
  if (messages->size() > kChatMessagesMax) return bad_value("messages", "at most 2000 messages");
  for (std::size_t i = 0; i < messages->size(); ++i) {
    const json& message = (*messages)[i];
    const std::string place = "messages." + std::to_string(i);
    if (!message.is_object()) return bad_type(place, "an object");
    const auto role = message.find("role");
    if (role == message.end()) return missing(place + ".role");
    if (!role->is_string()) return bad_type(place + ".role", "a string");
  }
  const std::string last = "messages." + std::to_string(messages->size() - 1);
  if (messages->back()["role"] != "user") {
    return bad_value(last + ".role", "the last message is what the user says now");
  }
  auto text = text_of(messages->back(), last);
  if (auto* refusal = std::get_if<Refusal>(&text)) return std::move(*refusal);
  request.text = std::get<std::string>(std::move(text));
  if (request.text.empty()) return bad_value(last + ".content", "it is empty");
  return std::nullopt;
}

std::optional<Refusal> read_model(const json& body) {
  const auto model = body.find("model");
  if (model == body.end()) return missing("model");
  if (!model->is_string()) return bad_type("model", "a string");
  if (*model == kModel) return std::nullopt;
  return Refusal{
      404, "model_not_found",
      "the model '" + model->get<std::string>().substr(0, 64) + "' does not exist; use '" + std::string(kModel) + "'",
      "model"};
}

}  // namespace

std::variant<ChatRequest, Refusal> read_chat_request(const json& body) {
  ChatRequest request;
  for (const auto& [name, value] : body.items()) {
    if (auto refused = refuse_parameter(name, value)) return std::move(*refused);
  }
  auto refused = read_model(body);
  if (!refused) refused = read_stream(body, request.stream, request.include_usage);
  if (!refused) refused = read_user(body, request.user);
  if (!refused) refused = read_metadata(body, request);
  if (!refused) refused = read_messages(body, request);
  if (refused) return std::move(*refused);
  return request;
}

std::string locale_of(std::string_view text) {
  // U+4E00 to U+9FFF begin with E4 B8 to E9 BF in UTF-8.
  const bool chinese = std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0xE4 && byte <= 0xE9;
  });
  return chinese ? "zh" : "en";
}

}  // namespace purser::openai
