#include "agent/api/mcp_offers.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/mcp_question.hpp"
#include "agent/turn/model_view.hpp"

#include <algorithm>
#include <cctype>

namespace purser::mcp {
namespace {

using nlohmann::json;

constexpr std::string_view kIntentScheme = "purser://intents/";
constexpr std::string_view kQr = "/qr.png";
constexpr const char* kInstructions =
    "A shop's cash desk. Find goods with search_catalogue and open a payment with create_payment_intent: the server "
    "computes what is charged, and the user pays in WeChat, never here. What the user needs to pay stands in the "
    "resource of the payment, for your application to show. Subscribe to that resource to hear when it is paid, and "
    "ask "
    "query_payment before you say that money arrived. Say the same call once more only when the user wants the same "
    "once more, with a new key in _meta \"purser/idempotency-key\": otherwise it is taken for the one before.";

json server_info() {
  return {{"name", "purser"}, {"title", "purser"}, {"version", PURSER_VERSION}};
}

std::string title_of(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  if (!name.empty()) name[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(name[0])));
  return name;
}

// What a client's model may say: what the user is asked for is not among it.
json input_schema(const ToolSchema& tool) {
  json schema = json::parse(tool.parameters_json);
  if (schema.contains("properties")) schema["properties"].erase(kChoiceOfUser);
  return schema;
}

// Hints, which no client may rely on.
json hints_of(const ToolSchema& tool) {
  return {{"title", title_of(tool.name)},
          {"readOnlyHint", !tool.moves_money},
          {"destructiveHint", tool.name == "refund" || tool.name == "cancel_payment"},
          {"idempotentHint", true},
          {"openWorldHint", tool.moves_money}};
}

json output_schema() {
  return {
      {"type", "object"},
      {"properties",
       {{"status", {{"type", "string"}, {"description", "ok, refused, or waits_for_operator"}}},
        {"repeated", {{"type", "boolean"}, {"description", "Taken for an earlier call; nothing was done twice."}}}}},
      {"required", {"status"}}};
}

// As a model of the house is told of it: texts of strangers are cleaned and bounded.
json told_to_model(const json& result) {
  purser::Message message;
  message.role = Role::tool;
  message.text = result.dump(-1, ' ', false, json::error_handler_t::replace);
  const json told =
      json::parse(model_view(std::vector<purser::Message>(1, std::move(message))).front().text, nullptr, false);
  return told.is_object() ? told : json{{"status", "refused"}, {"code", "internal"}};
}

}  // namespace

json capabilities(bool modern) {
  json resources{{"subscribe", true}};
  if (!modern) resources["listChanged"] = false;
  return {{"tools", json::object()}, {"resources", std::move(resources)}};
}

json welcome(const std::string& asked) {
  const bool known = std::find(std::begin(kWithSession), std::end(kWithSession), asked) != std::end(kWithSession);
  return {{"protocolVersion", known ? asked : std::string(kLatestWithSession)},
          {"capabilities", capabilities(false)},
          {"serverInfo", server_info()},
          {"instructions", kInstructions}};
}

json discovery() {
  return {{"supportedVersions", {kModern, kWithSession[0], kWithSession[1]}},
          {"capabilities", capabilities(true)},
          {"instructions", kInstructions}};
}

json tool_list(const std::vector<ToolSchema>& tools) {
  json list = json::array();
  for (const ToolSchema& tool : tools)
    list.push_back({{"name", tool.name},
                    {"title", title_of(tool.name)},
                    {"description", tool.description},
                    {"inputSchema", input_schema(tool)},
                    {"outputSchema", output_schema()},
                    {"annotations", hints_of(tool)}});
  return {{"tools", std::move(list)}};
}

json resource_templates() {
  json list = json::array();
  list.push_back({{"uriTemplate", std::string(kIntentScheme) + "{id}"},
                  {"name", "payment"},
                  {"title", "Payment"},
                  {"description", "A payment: its state, its lines, and while it can be paid what is needed for that."},
                  {"mimeType", "application/json"}});
  list.push_back({{"uriTemplate", std::string(kIntentScheme) + "{id}" + std::string(kQr)},
                  {"name", "payment_qr"},
                  {"title", "Payment code"},
                  {"description", "The picture that the user scans to pay, where the payment is one to be scanned."},
                  {"mimeType", "image/png"}});
  return {{"resourceTemplates", std::move(list)}};
}

json listed(const PaymentIntent& intent) {
  return {{"uri", uri_of(intent.id)},
          {"name", intent.id.str()},
          {"title", "Payment of " + intent.amount.display()},
          {"description", "State: " + std::string(to_string(intent.state))},
          {"mimeType", "application/json"},
          {"annotations", {{"audience", {"user"}}}}};
}

std::string uri_of(const IntentId& id) {
  return std::string(kIntentScheme) + id.str();
}

std::optional<Named> named_by(std::string_view uri) {
  if (!uri.starts_with(kIntentScheme)) return std::nullopt;
  uri.remove_prefix(kIntentScheme.size());
  Named named;
  named.qr = uri.ends_with(kQr);
  if (named.qr) uri.remove_suffix(kQr.size());
  auto id = IntentId::parse(uri);
  if (!id) return std::nullopt;
  named.intent = std::move(*id);
  return named;
}

json call_result(const json& turn) {
  const json result = told_to_model(turn.at("tool").at("result"));
  json content = json::array();
  content.push_back({{"type", "text"}, {"text", result.dump()}});
  for (const json& intent : turn.at("intents")) {
    const std::string id = intent.at("id");
    content.push_back({{"type", "resource_link"},
                       {"uri", std::string(kIntentScheme) + id},
                       {"name", id},
                       {"mimeType", "application/json"},
                       {"annotations", {{"audience", {"user"}}}}});
  }
  json out{{"content", std::move(content)}, {"structuredContent", result}, {"isError", turn.at("tool").at("refused")}};
  // For the application beside the model: what it shows the user. Links to pay are in here alone.
  out["_meta"] = {{"purser/cards", turn.at("cards")}, {"purser/thread", turn.at("thread").at("id")}};
  return out;
}

http::Response answer_of(const Refusal& refusal) {
  return api::json_answer(refusal.status, error_of(refusal));
}

json stamped(json result, bool modern, std::optional<Keep> keep) {
  if (!modern) return result;
  if (!result.contains("resultType")) result["resultType"] = "complete";
  result["_meta"]["io.modelcontextprotocol/serverInfo"] = server_info();
  if (!keep) return result;
  result["ttlMs"] = *keep == Keep::not_at_all ? 0 : *keep == Keep::minutes ? 300'000 : 3'600'000;
  result["cacheScope"] = "private";
  return result;
}

}  // namespace purser::mcp
