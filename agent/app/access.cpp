#include "agent/app/access.hpp"

#include "agent/app/process.hpp"
#include "agent/console/demo_chat.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/redis/shared_rate_limiter.hpp"

#include <sstream>

namespace purser {
namespace {

constexpr MetricFamily kConnections{"purser_http_connections_open", "Connections that are open.",
                                    MetricFamily::Kind::gauge};
constexpr MetricFamily kRefusedRequests{"purser_http_refused_total",
                                        "Requests and connections refused as malformed or over a limit."};
constexpr MetricFamily kHandshakesFailed{
    "purser_tls_handshakes_failed_total",
    "Connections to the public listener that ended before their hands were shaken."};
constexpr MetricFamily kEventStreams{"purser_event_streams_open", "Event streams over threads that are open.",
                                     MetricFamily::Kind::gauge};

std::string fresh_key(std::string_view prefix) {
  return std::string(prefix) + crypto::hex_lower(crypto::random_bytes(16));
}

}  // namespace

Result<Access> Access::make(const Settings& settings, bool demo_chat, bool on_sandbox, Clock& clock) {
  Access made;
  const AuthSettings& auth = settings.auth;
  if (auth.api_keys.empty() && auth.keys_file.empty() && auth.token_keys_file.empty()) {
    if (!settings.wechat.mchid.empty())
      return Error(Errc::config_bad_value, "with a merchant account, API keys must be configured", "auth.api_keys");
    made.made_key_ = fresh_key("sk_test_");
  }
  if (demo_chat) {
    if (!on_sandbox) return Error(Errc::config_bad_value, "the demo's page is for the sandbox only", "--demo-chat");
    made.chat_key_ = fresh_key("sk_chat_");
  }
  if (settings.redis.url.empty()) {
    made.limiter_ = std::make_unique<LocalRateLimiter>(clock);
    return made;
  }
  auto address = RedisAddress::parse(settings.redis.url.reveal());
  if (!address) return Error(Errc::config_bad_value, address.error().message, "redis.url");
  Redis::Limits limits;
  limits.command_time_max = settings.redis.command_time_max;
  made.redis_ = std::make_unique<Redis>(std::move(*address), clock, limits);
  made.limiter_ = std::make_unique<SharedRateLimiter>(*made.redis_, clock);
  return made;
}

Result<Identity> Access::identify(const AuthSettings& auth) const {
  AuthSettings all = auth;
  std::string keys(auth.api_keys.reveal());
  if (!made_key_.empty()) keys += "\n" + std::string(kOwnTenant) + ":" + made_key_;
  if (!chat_key_.empty()) keys += "\n" + std::string(kDemoChatTenant) + ":" + chat_key_;
  all.api_keys = Secret(std::move(keys));
  return Identity::make(all);
}

http::ServerLimits server_limits(const ServerSettings& settings) {
  http::ServerLimits limits;
  limits.header_bytes_max = static_cast<std::size_t>(settings.header_bytes_max);
  limits.body_bytes_max = static_cast<std::size_t>(settings.body_bytes_max);
  limits.bodies_bytes_max = static_cast<std::size_t>(settings.bodies_bytes_max);
  limits.connections_max = static_cast<std::size_t>(settings.connections_max);
  limits.connections_per_peer_max = static_cast<std::size_t>(settings.connections_per_peer_max);
  limits.peers_of_many = trusted_proxies(settings);
  limits.header_time_max = settings.header_time_max;
  limits.body_time_max = settings.body_time_max;
  limits.idle_time_max = settings.idle_time_max;
  return limits;
}

void count_doors(Metrics& metrics, const http::Server* server, std::uint64_t streams_open) {
  metrics.set(kEventStreams, {}, streams_open);
  if (server == nullptr) return;
  const http::Server::Counters counters = server->counters();
  metrics.set(kConnections, {}, counters.connections_open);
  metrics.set(kRefusedRequests, {}, counters.refused_total);
  metrics.set(kHandshakesFailed, {}, counters.handshakes_failed);
}

std::vector<std::string> trusted_proxies(const ServerSettings& settings) {
  std::vector<std::string> addresses;
  std::istringstream stream(settings.trusted_proxies);
  for (std::string address; std::getline(stream, address, ',');) addresses.push_back(std::move(address));
  return addresses;
}

}  // namespace purser
