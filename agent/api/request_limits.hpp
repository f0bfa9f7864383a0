// How often one may ask: counted by API key, by user and by address. What is over a limit is refused before any work is
// done for it; nothing that moves money hangs on these counts.
#pragma once

#include "agent/identity/caller.hpp"
#include "config/settings.hpp"
#include "gateway/http/message.hpp"
#include "gateway/limits/rate_limiter.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser::api {

// The address that a request came from. Behind a proxy named in server.trusted_proxies it is the last address of
// X-Forwarded-For that is no such proxy; anybody else may write what he likes into that header.
std::string client_address(const http::Request& request, const std::vector<std::string>& trusted_proxies);

class RequestLimits {
 public:
  RequestLimits(RateLimiter& limiter, const LimitSettings& limits) : limiter_(limiter), limits_(limits) {}

  // Errors: rate_limited, with the whole seconds until the next try as `param`. The verdict is for the headers.
  Task<Result<RateVerdict>> by_address(std::string address);
  Task<Result<RateVerdict>> by_key(const Caller& caller);
  Task<Result<RateVerdict>> by_user(const TenantId& tenant, const UserId& user);
  // A wrong key was shown. Once an address has done that too often, nothing of it is looked at for a while.
  Task<Result<RateVerdict>> wrong_key(std::string address);

  // X-RateLimit-Limit-Requests and its fellows, as OpenAI's clients know them.
  void add_headers(const RateVerdict& verdict, http::Headers& headers) const;

 private:
  Task<Result<RateVerdict>> take(std::string key, std::int64_t per_minute);

  RateLimiter& limiter_;
  LimitSettings limits_;
};

}  // namespace purser::api
