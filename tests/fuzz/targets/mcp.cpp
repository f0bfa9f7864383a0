// A POST to the MCP door, headers and body: what is taken can be answered, and says the same in both of its places.
#include "agent/api/mcp_message.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace purser;

// Headers stand before the body, one a line, up to an empty one.
http::Request request_of(std::string_view bytes) {
  http::Request request;
  request.method = "POST";
  request.headers.emplace_back("Content-Type", "application/json");
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    request.headers.emplace_back(std::string(line.substr(0, colon)), std::string(line.substr(colon + 1)));
  }
  request.body = std::string(bytes);
  return request;
}

}  // namespace

PURSER_FUZZ(bytes) {
  const http::Request request = request_of(bytes);
  (void)mcp::accepts(request.headers, "application/json");
  auto read = mcp::read_message(request);
  if (!read) return;
  if (const auto* refusal = std::get_if<mcp::Refusal>(&*read)) {
    fuzz::require(refusal->status == 400);
    fuzz::require(refusal->id.is_null() || refusal->id.is_string() || refusal->id.is_number_integer());
    (void)mcp::error_of(*refusal).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    return;
  }
  const auto& message = std::get<mcp::Message>(*read);
  fuzz::require(message.params.is_object() && message.meta().is_object());
  (void)message.client_can_be_asked();
  const bool is_request = message.kind == mcp::Message::Kind::request;
  if (is_request) fuzz::require(message.id.is_string() || message.id.is_number_integer());
  if (is_request && message.modern) {
    fuzz::require(http::header(request.headers, "Mcp-Method").find(message.method) != std::string_view::npos);
    fuzz::require(message.meta().at("io.modelcontextprotocol/protocolVersion") == mcp::kModern);
  }
}
