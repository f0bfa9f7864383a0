#include "agent/api/mcp_message.hpp"

#include "agent/api/request.hpp"
#include "gateway/crypto/digest.hpp"
#include "validation/money/json_gate.hpp"

#include <algorithm>
#include <array>

namespace purser::mcp {
namespace {

using nlohmann::json;
using Read = std::variant<Message, Refusal>;

constexpr std::string_view kVersionHeader = "MCP-Protocol-Version";
constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr std::size_t kMethodMax = 128;
constexpr std::size_t kIdMax = 256;
constexpr std::string_view kEncodedBegin = "=?base64?";
constexpr std::string_view kEncodedEnd = "?=";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_id(const json& id) {
  if (id.is_string()) return id.get_ref<const std::string&>().size() <= kIdMax;
  return id.is_number_integer();
}

Refusal about(const json& id, int status, Code code, std::string message) {
  Refusal refusal(status, code, std::move(message));
  if (is_id(id)) refusal.id = id;
  return refusal;
}

Refusal unsupported(const json& id, const std::string& asked) {
  Refusal refusal = about(id, 400, Code::unsupported_version, "this revision of the protocol is not spoken here");
  refusal.data = {{"supported", {kModern, kWithSession[0], kWithSession[1]}}, {"requested", asked}};
  return refusal;
}

Refusal mismatch(const json& id, std::string message) {
  return about(id, 400, Code::header_mismatch, std::move(message));
}

Read shaped(json body) {
  const json id = body.value("id", json());
  if (body.value("jsonrpc", json()) != "2.0") return about(id, 400, Code::invalid_request, "jsonrpc is \"2.0\"");
  Message message;
  const bool has_id = body.contains("id");
  if (has_id && !is_id(id)) return about(json(), 400, Code::invalid_request, "an id is a string or an integer");
  message.id = id;
  if (!body.contains("method")) {
    if (!has_id || body.contains("result") == body.contains("error"))
      return about(id, 400, Code::invalid_request, "a message has a method, or a result or an error");
    message.kind = Message::Kind::response;
    return message;
  }
  const json& method = body["method"];
  if (!method.is_string() || method.get_ref<const std::string&>().size() > kMethodMax)
    return about(id, 400, Code::invalid_request, "a method is a string");
  message.method = method.get<std::string>();
  message.kind = has_id ? Message::Kind::request : Message::Kind::notification;
  if (body.contains("params")) message.params = std::move(body["params"]);
  if (!message.params.is_object()) return about(id, 400, Code::invalid_request, "params is an object");
  if (message.params.contains("_meta") && !message.params["_meta"].is_object())
    return about(id, 400, Code::invalid_params, "_meta is an object");
  return message;
}

// What the name in a request is called in its parameters; nullptr: such a request names nothing.
const char* name_key_of(const std::string& method) {
  if (method == "tools/call" || method == "prompts/get") return "name";
  return method == "resources/read" ? "uri" : nullptr;
}

// Nothing: the request may go on.
std::optional<Refusal> modern_fault(const Message& message, const http::Headers& headers,
                                    std::optional<std::string_view> version) {
  const json meta = message.meta();
  const json& id = message.id;
  if (!meta.contains(kVersionKey) || !meta[kVersionKey].is_string())
    return about(id, 400, Code::invalid_params, std::string("_meta needs ") + kVersionKey);
  if (!meta.contains(kCapabilitiesKey) || !meta[kCapabilitiesKey].is_object())
    return about(id, 400, Code::invalid_params, std::string("_meta needs ") + kCapabilitiesKey);
  const auto named = meta[kVersionKey].get<std::string>();
  if (!version || *version != named) return mismatch(id, "MCP-Protocol-Version and _meta name different revisions");
  if (named != kModern) return unsupported(id, named);
  const auto method = api::single_header(headers, "Mcp-Method");
  if (!method || !method->has_value() || trimmed(**method) != message.method)
    return mismatch(id, "the Mcp-Method header is not the method of the body");
  const char* key = name_key_of(message.method);
  if (key == nullptr) return std::nullopt;
  const auto name = api::single_header(headers, "Mcp-Name");
  const auto told = name && name->has_value() ? header_text(trimmed(**name)) : std::nullopt;
  if (!told || message.params.value(key, json()) != *told)
    return mismatch(id, "the Mcp-Name header is not the name in the body");
  return std::nullopt;
}

}  // namespace

json Message::meta() const {
  const auto found = params.find("_meta");
  return found == params.end() ? json::object() : *found;
}

bool Message::client_can_be_asked() const {
  const json capabilities = meta().value(kCapabilitiesKey, json::object());
  const auto asked = capabilities.find("elicitation");
  if (asked == capabilities.end() || !asked->is_object()) return false;
  return asked->empty() || asked->contains("form");
}

bool accepts(const http::Headers& headers, std::string_view type) {
  return api::accepts(headers, type, true);
}

std::optional<std::string> header_text(std::string_view value) {
  if (!value.starts_with(kEncodedBegin) || !value.ends_with(kEncodedEnd) ||
      value.size() < kEncodedBegin.size() + kEncodedEnd.size())
    return std::string(value);
  value.remove_prefix(kEncodedBegin.size());
  value.remove_suffix(kEncodedEnd.size());
  auto text = crypto::base64_decode(value);
  if (!text) return std::nullopt;
  return std::move(*text);
}

bool spoken_with_session(std::string_view version) {
  return version == kUnnamed ||
         std::find(std::begin(kWithSession), std::end(kWithSession), version) != std::end(kWithSession);
}

Result<Read> read_message(const http::Request& request) {
  auto type = api::single_header(request.headers, "Content-Type");
  if (!type) return type.error();
  const std::string_view media = type->has_value() ? (**type).substr(0, (**type).find(';')) : std::string_view();
  if (!http::equals_ignoring_case(trimmed(media), "application/json"))
    return Error(Errc::unsupported_media_type, "send the body as application/json", "Content-Type");
  JsonLimits limits;
  limits.floats_allowed = true;  // in what is not a tool's argument; those are looked at once more
  auto body = parse_strict(request.body, limits);
  if (!body && body.code() == Errc::json_too_large) return body.error();
  if (!body) return Read(Refusal(400, Code::parse_error, body.error().message));
  if (body->is_array()) return Read(Refusal(400, Code::invalid_request, "messages come one by one, not as an array"));
  if (!body->is_object()) return Read(Refusal(400, Code::invalid_request, "a message is an object"));
  auto version = api::single_header(request.headers, kVersionHeader);
  if (!version) return Read(Refusal(400, Code::header_mismatch, version.error().message));
  Read read = shaped(std::move(*body));
  if (std::holds_alternative<Refusal>(read)) return read;
  auto& message = std::get<Message>(read);
  std::optional<std::string_view> named;
  if (version->has_value()) named = trimmed(**version);
  const json in_body = message.meta().value(kVersionKey, json());
  const bool with_session =
      (!named || spoken_with_session(*named)) && (in_body.is_null() || (named && in_body == *named));
  message.modern = !with_session;
  if (with_session) return read;
  // The modern revision has no use for either; an unknown one is told what is spoken.
  if (message.kind != Message::Kind::request) return read;
  if (named && *named != kModern && in_body.is_null()) return Read(unsupported(message.id, std::string(*named)));
  if (auto fault = modern_fault(message, request.headers, named)) return Read(std::move(*fault));
  return read;
}

json result_of(const json& id, json result) {
  return {{"jsonrpc", "2.0"}, {"id", id}, {"result", std::move(result)}};
}

json error_of(const Refusal& refusal) {
  json body{{"jsonrpc", "2.0"},
            {"error", {{"code", static_cast<std::int32_t>(refusal.code)}, {"message", refusal.message}}}};
  if (!refusal.id.is_null()) body["id"] = refusal.id;
  if (!refusal.data.is_null()) body["error"]["data"] = refusal.data;
  return body;
}

json notification(std::string_view method, json params) {
  return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}};
}

}  // namespace purser::mcp
