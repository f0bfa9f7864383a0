// JSON-RPC 2.0 as the Model Context Protocol has it over HTTP: one message a POST, and what revision of the protocol it
// is written in. Two kinds of revision are spoken. The modern one (2026-07-28) says all it needs in every request,
// which its headers repeat. The earlier ones open a session with "initialize" first.
#pragma once

#include "gateway/http/message.hpp"
#include "validation/money/result.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace purser::mcp {

inline constexpr std::string_view kModern = "2026-07-28";
inline constexpr std::string_view kLatestWithSession = "2025-11-25";
// Of those that open a session, what is agreed on; the newest first.
inline constexpr std::string_view kWithSession[] = {kLatestWithSession, "2025-06-18"};
// What a client that names no revision is taken to speak; its answers may say more than it knows.
inline constexpr std::string_view kUnnamed = "2025-03-26";

enum class Code : std::int32_t {
  parse_error = -32700,
  invalid_request = -32600,
  method_not_found = -32601,
  invalid_params = -32602,
  internal_error = -32603,
  resource_not_found = -32002,  // before the modern revision
  header_mismatch = -32020,
  unsupported_version = -32022,
};

// An error of the protocol, with the HTTP status it is sent with.
struct Refusal {
  Refusal(int s, Code c, std::string m) : status(s), code(c), message(std::move(m)) {}
  int status;
  Code code;
  std::string message;
  nlohmann::json id;    // of the request, when it could be read; null otherwise
  nlohmann::json data;  // null: none
};

struct Message {
  enum class Kind { request, notification, response };
  Kind kind = Kind::request;
  nlohmann::json id;  // a string or an integer; null for notifications
  std::string method;
  nlohmann::json params = nlohmann::json::object();
  bool modern = false;

  // The members of params._meta; an empty object when there are none.
  nlohmann::json meta() const;
  // What the client can do, of a modern request.
  bool client_can_be_asked() const;
};

// Reads a POST. Errors: unsupported_media_type, json_too_large as the API's own; all else is a refusal.
Result<std::variant<Message, Refusal>> read_message(const http::Request& request);

// Whether the Accept header takes `type` ("application/json"), also by a wildcard; nothing is taken where it is absent.
bool accepts(const http::Headers& headers, std::string_view type);
// A header's value as the modern revision writes what is not plain ASCII: "=?base64?...?=". Nothing: it is not one.
std::optional<std::string> header_text(std::string_view value);
// Whether the revision that a request with a session names can be spoken.
bool spoken_with_session(std::string_view version);

// Bodies.
nlohmann::json result_of(const nlohmann::json& id, nlohmann::json result);
nlohmann::json error_of(const Refusal& refusal);
nlohmann::json notification(std::string_view method, nlohmann::json params);

}  // namespace purser::mcp
