// What the MCP server says of itself: what it can do, its tools, its resources, and the shapes of their answers.
#pragma once

#include "agent/api/mcp_message.hpp"
#include "gateway/llm/model.hpp"
#include "validation/domain/intent.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::mcp {

// How long a modern client may keep an answer.
enum class Keep { not_at_all, minutes, hour };

nlohmann::json capabilities(bool modern);
// The answer to "initialize"; `asked` is the revision that the client would like.
nlohmann::json welcome(const std::string& asked);
nlohmann::json discovery();
nlohmann::json tool_list(const std::vector<ToolSchema>& tools);
nlohmann::json resource_templates();
// One entry of the list of resources.
nlohmann::json listed(const PaymentIntent& intent);

std::string uri_of(const IntentId& id);
struct Named {
  IntentId intent;
  bool qr = false;  // the picture to be scanned
};
// The payment that a URI names; nothing when it names none.
std::optional<Named> named_by(std::string_view uri);

// The answer to a call, from a turn's result_json as Conversations::call writes it.
nlohmann::json call_result(const nlohmann::json& turn);

http::Response answer_of(const Refusal& refusal);
// Adds what every modern result has.
nlohmann::json stamped(nlohmann::json result, bool modern, std::optional<Keep> keep);

}  // namespace purser::mcp
