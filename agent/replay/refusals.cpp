#include "agent/replay/refusals.hpp"

#include <nlohmann/json.hpp>

namespace purser::replay {

std::string unsaid_refusal(const std::string& request, int status, const std::string& body) {
  using nlohmann::json;
  if (status >= 200 && status < 300) return {};
  const json answer = json::parse(body, nullptr, false);
  const json error = answer.is_object() ? answer.value("error", json::object()) : json::object();
  const std::string code = error.is_object() ? error.value("code", "") : "";
  return request + " is refused with " + std::to_string(status) + (code.empty() ? "" : " " + code) +
         "; where that is meant, the step says \"expect\": {\"http\": " + std::to_string(status) + "}";
}

}  // namespace purser::replay
