#include "agent/outbound/endpoints.hpp"

#include "config/secret_file.hpp"
#include "config/text_rules.hpp"
#include "gateway/crypto/digest.hpp"
#include "validation/money/json_gate.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser {
namespace {

using nlohmann::json;

constexpr JsonLimits kFileLimits{1 << 20, 8, 100'000, false};
constexpr std::string_view kSecretPrefix = "whsec_";
// Standard Webhooks: between 24 and 64 bytes.
constexpr std::size_t kSecretMin = 24;
constexpr std::size_t kSecretMax = 64;
constexpr std::size_t kIdMax = 64;
constexpr std::size_t kUrlMax = 2'048;
constexpr std::string_view kMembers[] = {"id", "tenant", "url", "secret", "previous_secret", "events"};
// What an endpoint may ask for; each but the last is a kind of events.
constexpr std::string_view kKinds[] = {"intent.", "refund.", "approval.", "turn.failed", "message.completed"};
// What it gets when it does not say: what happened to money.
constexpr std::string_view kUsual[] = {"intent.*", "refund.*", "approval.*"};

Error bad(std::size_t place, std::string_view member, std::string rule) {
  const std::string row = "endpoints[" + std::to_string(place) + "]";
  return {Errc::config_bad_value, std::move(rule), member.empty() ? row : row + "." + std::string(member)};
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdMax && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

bool is_event(std::string_view text) {
  return std::any_of(std::begin(kKinds), std::end(kKinds), [&](std::string_view kind) {
    return kind.ends_with('.') ? text.starts_with(kind) && text.size() > kind.size() : text == kind;
  });
}

// Empty when it is not as Standard Webhooks writes secrets.
Secret secret_of(std::string_view text) {
  if (!text.starts_with(kSecretPrefix)) return {};
  auto bytes = crypto::base64_decode(text.substr(kSecretPrefix.size()));
  if (!bytes || bytes->size() < kSecretMin || bytes->size() > kSecretMax) return {};
  return Secret(std::move(*bytes));
}

// Origin, and the path with its query.
Result<std::pair<http::Origin, std::string>> url_of(const std::string& url, bool plain_http_to_loopback) {
  const Error refused(Errc::config_bad_value, "is an https URL without user and fragment");
  if (url.size() > kUrlMax || url.find_first_of(" #@\\\t\r\n") != std::string::npos) return refused;
  const auto path = url.find_first_of("/?", url.find("://") == std::string::npos ? 0 : url.find("://") + 3);
  const std::string root = url.substr(0, path);
  const bool allowed = is_https_url(root) || (plain_http_to_loopback && is_loopback_url(root));
  auto origin = http::Origin::parse(root);
  if (!allowed || !origin) return refused;
  std::string target = path == std::string::npos ? "/" : url.substr(path);
  if (target.front() == '?') target.insert(0, 1, '/');
  return std::pair(std::move(*origin), std::move(target));
}

Result<WebhookEndpoint> endpoint_of(const json& from, std::size_t place, bool plain) {
  if (!from.is_object()) return bad(place, "", "is an object");
  for (const auto& [name, value] : from.items())
    if (std::find(std::begin(kMembers), std::end(kMembers), name) == std::end(kMembers))
      return bad(place, name, "is not part of an endpoint");
  for (const char* name : {"id", "tenant", "url", "secret"})
    if (!from.contains(name) || !from.at(name).is_string()) return bad(place, name, "is needed, as text");
  const auto& id = from.at("id").get_ref<const std::string&>();
  if (!is_id(id)) return bad(place, "id", "is 1 to 64 of letters, digits and -_");
  auto tenant = TenantId::parse(from.at("tenant").get_ref<const std::string&>());
  if (!tenant) return bad(place, "tenant", "is 1 to 64 of letters, digits and -_.");
  auto url = url_of(from.at("url").get_ref<const std::string&>(), plain);
  if (!url) return bad(place, "url", url.error().message);
  WebhookEndpoint endpoint(id, std::move(*tenant), std::move(url->first));
  endpoint.target = std::move(url->second);
  for (const char* name : {"secret", "previous_secret"}) {
    if (!from.contains(name)) continue;
    const json& text = from.at(name);
    Secret secret = text.is_string() ? secret_of(text.get_ref<const std::string&>()) : Secret();
    if (secret.empty()) return bad(place, name, "is whsec_ and 24 to 64 bytes in Base64");
    endpoint.secrets.push_back(std::move(secret));
  }
  if (!from.contains("events")) {
    endpoint.events.assign(std::begin(kUsual), std::end(kUsual));
    return endpoint;
  }
  const json& events = from.at("events");
  if (!events.is_array() || events.empty()) return bad(place, "events", "is a list of types, or left out");
  for (const json& event : events) {
    if (!event.is_string() || !is_event(event.get_ref<const std::string&>()))
      return bad(place, "events", "holds types like intent.succeeded, refund.*, approval.*, message.completed");
    endpoint.events.push_back(event.get<std::string>());
  }
  return endpoint;
}

}  // namespace

bool WebhookEndpoint::wants(std::string_view type) const {
  return std::any_of(events.begin(), events.end(), [&](std::string_view wanted) {
    if (!wanted.ends_with(".*")) return wanted == type;
    return type.starts_with(wanted.substr(0, wanted.size() - 1));
  });
}

Result<WebhookEndpoints> WebhookEndpoints::parse(std::string_view text, bool plain_http_to_loopback) {
  auto read = parse_strict(text, kFileLimits);
  if (!read) return Error(Errc::config_bad_value, read.error().message, "endpoints");
  if (!read->is_object() || read->size() != 1 || !read->contains("endpoints") || !read->at("endpoints").is_array())
    return Error(Errc::config_bad_value, "the file is an object with one member, a list", "endpoints");
  WebhookEndpoints all;
  const json& rows = read->at("endpoints");
  for (std::size_t place = 0; place < rows.size(); ++place) {
    auto endpoint = endpoint_of(rows[place], place, plain_http_to_loopback);
    if (!endpoint) return endpoint.error();
    if (all.find(endpoint->id) != nullptr) return bad(place, "id", "stands there already");
    all.list_.push_back(std::move(*endpoint));
  }
  return all;
}

Result<WebhookEndpoints> WebhookEndpoints::read(const std::string& path, bool plain_http_to_loopback) {
  auto text = read_secret_file(path);
  if (!text) return Error(text.code(), text.error().message, "webhooks.endpoints_file");
  auto all = parse(text->reveal(), plain_http_to_loopback);
  if (!all)
    return Error(all.code(), path + ": " + all.error().param + " " + all.error().message, "webhooks.endpoints_file");
  return all;
}

const WebhookEndpoint* WebhookEndpoints::find(std::string_view id) const {
  const auto found = std::find_if(list_.begin(), list_.end(), [&](const auto& endpoint) { return endpoint.id == id; });
  return found == list_.end() ? nullptr : &*found;
}

std::vector<const WebhookEndpoint*> WebhookEndpoints::wanting(const TenantId& tenant, std::string_view type) const {
  std::vector<const WebhookEndpoint*> out;
  for (const WebhookEndpoint& endpoint : list_)
    if (endpoint.tenant == tenant && endpoint.wants(type)) out.push_back(&endpoint);
  return out;
}

std::vector<std::string> WebhookEndpoints::names_of(const TenantId& tenant) const {
  std::vector<std::string> names;
  for (const WebhookEndpoint& endpoint : list_)
    if (endpoint.tenant == tenant) names.push_back(endpoint.id);
  std::sort(names.begin(), names.end());
  return names;
}

bool WebhookEndpoints::wanted(std::string_view type) const {
  return std::any_of(list_.begin(), list_.end(), [&](const auto& endpoint) { return endpoint.wants(type); });
}

}  // namespace purser
