#include "gateway/llm/wire_error.hpp"

#include <array>
#include <charconv>

namespace purser::llm {
namespace {

constexpr int kBadGateway = 502;  // an error without any status of its own

// A code or type as a short lower-case word that is safe in a log line.
std::string word_of(std::optional<element> value) {
  std::string word;
  if (auto number = integer_of(value)) return std::to_string(*number);
  for (char c : text_of(value).substr(0, 64)) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    word += plain ? c : '_';
  }
  return word;
}

std::optional<int> status_in(std::string_view word) {
  int status = 0;
  const auto [end, ec] = std::from_chars(word.data(), word.data() + word.size(), status);
  if (ec != std::errc() || end != word.data() + word.size() || status < 400 || status > 599) return std::nullopt;
  return status;
}

int inner_status(element error, const std::string& words) {
  for (const char* key : {"raw_status_code", "status_code", "status", "code"})
    if (auto status = status_in(word_of(field(error, key)))) return *status;
  if (has_any(words, {"rate_limit", "ratelimit", "too_many_requests", "resource_exhausted", "throttl"})) return 429;
  if (has_any(words, {"invalid_request", "invalid_argument", "invalidparameter"})) return 400;
  if (has_any(words, {"authentication", "invalid_api_key", "unauthenticated"})) return 401;
  if (has_any(words, {"permission"})) return 403;
  return kBadGateway;
}

bool is_filter(element error, const std::string& words) {
  if (has_any(words, {"content_filter", "content_policy", "responsibleaipolicy", "data_inspection", "datainspection",
                      "moderation", "safety"}))
    return true;
  const auto metadata = field(error, "metadata");  // OpenRouter's moderation is a plain 403 with the reasons beside it
  return metadata && (field(*metadata, "reasons") || field(*metadata, "flagged_input"));
}

bool is_too_long(element error, const std::string& words) {
  return has_any(words, {"context_length", "string_above_max_length", "request_too_large", "context_window"}) ||
         has_any(text_of(field(error, "message")), {"maximum context length", "context window"});
}

Failure by_status(int status, const std::string& words, bool retryable_402) {
  const std::string what =
      "the provider answered " + std::to_string(status) + (words.empty() ? "" : " (" + words + ")");
  if (status == 429 && !has_any(words, {"insufficient_quota", "billing", "insufficient_balance"}))
    return {Error(Errc::model_rate_limited, what), true, false};
  if (status == 402 && retryable_402) return {Error(Errc::model_rate_limited, what), true, false};
  const bool transient = status == 408 || status == 409 || status >= 500;
  const bool asked_wrongly = status == 400 || status == 413 || status == 422;
  return {Error(Errc::model_unavailable, what), transient, asked_wrongly};
}

}  // namespace

std::optional<element> find_error(element root) {
  simdjson::dom::array list;
  if (root.get(list) == simdjson::SUCCESS) {
    if (list.begin() == list.end()) return std::nullopt;
    root = *list.begin();
  }
  if (auto error = field(root, "error")) return error;
  if (text_of(field(root, "object")) == "error" || text_of(field(root, "status")) == "failure") return root;
  return std::nullopt;
}

namespace {

// By the error's own codes and the status it stands for.
Failure by_codes(int effective, element error, const std::string& words) {
  const std::string what = "the provider answered " + std::to_string(effective) + " (" + words + ")";
  if (is_filter(error, words)) return {Error(Errc::model_refused, what), false, true};
  if (is_too_long(error, words))
    return {Error(Errc::model_unavailable, what + ": too long for the model"), false, true, true};
  const auto metadata = field(error, "metadata");
  const bool in_flight = metadata && text_of(field(*metadata, "limit_source")) == "openrouter_in_flight_budget";
  return by_status(effective, words, in_flight);
}

}  // namespace

Failure classify(int status, std::optional<element> error) {
  if (!error) return by_status(status, "", false);
  std::string words = word_of(field(*error, "code"));
  if (auto inner = field(*error, "innererror")) words += " " + word_of(field(*inner, "code"));
  if (auto type = word_of(field(*error, "type")); !type.empty()) words += (words.empty() ? "" : " ") + type;
  if (status >= 300) return by_codes(status, *error, words);

  const int effective = inner_status(*error, words);
  Failure failure = by_codes(effective, *error, words);
  const auto message = field(*error, "message");
  const std::string_view explanation = text_of(message ? message : error).substr(0, kExplanationRead);
  const Classed classed = class_of(effective, words, explanation);
  failure.nested = classed.kind;
  const bool account = effective == 401 || effective == 402 || effective == 403 ||
                       has_any(words, {"quota", "billing", "balance", "api_key"});
  if (failure.nested == ErrorClass::system_policy && !account) {
    failure.error.code = Errc::model_refused;
    failure.transient = false;
    failure.asked_wrongly = true;
  } else if (failure.nested == ErrorClass::model_hallucination) {
    failure.error.code = Errc::model_malformed;
    failure.transient = false;
    failure.asked_wrongly = true;
  } else if (failure.nested == ErrorClass::user_error && classed.by == Classed::By::words && !failure.too_long) {
    // A code may be about the form of our request, which another provider takes; words are about what was wanted.
    failure.transient = false;
    failure.asked_wrongly = failure.users = true;
  }
  const bool open = failure.nested == ErrorClass::transient || failure.nested == ErrorClass::user_error;
  if (classed.by == Classed::By::status && open && !explanation.empty()) failure.unclear = explanation;
  return failure;
}

}  // namespace purser::llm
