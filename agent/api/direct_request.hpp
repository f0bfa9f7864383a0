// The body of POST /v1/chat/completions where its model is "purser/<tier>": a question for the models themselves.
// Unlike in a conversation, every message counts, tools are the client's own, and sampling parameters are handed on.
#pragma once

#include "agent/api/chat_request.hpp"
#include "gateway/llm/model.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>
#include <variant>

namespace purser::openai {

inline constexpr std::string_view kDirectPrefix = "purser/";

// Whether the body asks a tier of models.
bool is_direct(const nlohmann::json& body);

struct DirectRequest {
  ModelRequest question;  // scope.tenant is left to the caller
  bool stream = false;
  bool include_usage = false;
  bool one_call = false;  // parallel_tool_calls: false
};

// Whether the tier exists is left to the caller. What identifies people is masked in what they wrote.
std::variant<DirectRequest, Refusal> read_direct_request(const nlohmann::json& body);

}  // namespace purser::openai
