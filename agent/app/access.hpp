// Who may knock at the doors, and how often: the keys that this process makes for itself, the identities it takes, and
// the counts it shares with other daemons.
#pragma once

#include "agent/identity/identity.hpp"
#include "config/settings.hpp"
#include "gateway/http/server.hpp"
#include "gateway/limits/rate_limiter.hpp"
#include "gateway/metrics.hpp"
#include "gateway/redis/redis.hpp"

#include <memory>
#include <string>
#include <vector>

namespace purser {

// The tenant of the key that a sandbox daemon without keys makes for itself.
inline constexpr std::string_view kOwnTenant = "default";

class Access {
 public:
  // Makes a key where none is configured, on the sandbox alone; and one for the demo's page. Errors: config_bad_value.
  // `clock` outlives it.
  static Result<Access> make(const Settings& settings, bool demo_chat, bool on_sandbox, Clock& clock);

  // Those of the settings, and whom this process made a key for. Errors: Identity's.
  Result<Identity> identify(const AuthSettings& auth) const;
  RateLimiter& limiter() { return *limiter_; }

  const std::string& made_key() const { return made_key_; }  // empty: keys are configured
  const std::string& chat_key() const { return chat_key_; }  // of the demo's page; empty: there is none

 private:
  std::string made_key_;
  std::string chat_key_;
  std::unique_ptr<Redis> redis_;
  std::unique_ptr<RateLimiter> limiter_;
};

// What the doors take of one client and of all together.
http::ServerLimits server_limits(const ServerSettings& settings);

// Shows what the public listener counts; null: there is none.
void count_doors(Metrics& metrics, const http::Server* server, std::uint64_t streams_open);

// server.trusted_proxies as a list.
std::vector<std::string> trusted_proxies(const ServerSettings& settings);

}  // namespace purser
