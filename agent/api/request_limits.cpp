#include "agent/api/request_limits.hpp"

#include "validation/money/ascii.hpp"

#include <algorithm>

namespace purser::api {
namespace {

constexpr Millis kMinute{60'000};

std::int64_t whole_seconds(Millis time) {
  return std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(time).count());
}

}  // namespace

std::string client_address(const http::Request& request, const std::vector<std::string>& trusted_proxies) {
  const auto trusted = [&](std::string_view address) {
    return std::find(trusted_proxies.begin(), trusted_proxies.end(), address) != trusted_proxies.end();
  };
  if (!trusted(request.peer)) return request.peer;
  std::string way;  // all such headers are one list
  for (const auto& [name, value] : request.headers)
    if (http::equals_ignoring_case(name, "X-Forwarded-For")) way += (way.empty() ? "" : ",") + value;
  std::string_view rest = way;
  while (!rest.empty()) {
    const auto comma = rest.rfind(',');
    const std::string_view last = ascii::trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
    if (!last.empty() && !trusted(last)) return std::string(last);
    rest = comma == std::string_view::npos ? std::string_view() : rest.substr(0, comma);
  }
  return request.peer;
}

Task<Result<RateVerdict>> RequestLimits::take(std::string key, std::int64_t per_minute) {
  const Rate rate{per_minute, kMinute};
  const RateVerdict verdict = co_await limiter_.take(std::move(key), rate);
  if (verdict.allowed) co_return verdict;
  const std::string wait = std::to_string(whole_seconds(verdict.retry_after));
  co_return Error(Errc::rate_limited, "too many requests; try again in " + wait + " s", wait);
}

Task<Result<RateVerdict>> RequestLimits::by_address(std::string address) {
  return take("address " + address, limits_.requests_per_address);
}

Task<Result<RateVerdict>> RequestLimits::by_key(const Caller& caller) {
  std::string key = "key " + caller.tenant.str() + " " + caller.name;
  if (caller.user) key += " " + caller.user->str();
  return take(std::move(key), limits_.requests_per_key);
}

Task<Result<RateVerdict>> RequestLimits::by_user(const TenantId& tenant, const UserId& user) {
  return take("user " + tenant.str() + " " + user.str(), limits_.turns_per_user);
}

Task<Result<RateVerdict>> RequestLimits::wrong_key(std::string address) {
  return take("wrong " + address, limits_.wrong_keys_per_address);
}

void RequestLimits::add_headers(const RateVerdict& verdict, http::Headers& headers) const {
  if (limits_.requests_per_key == 0) return;
  headers.emplace_back("X-RateLimit-Limit-Requests", std::to_string(limits_.requests_per_key));
  headers.emplace_back("X-RateLimit-Remaining-Requests", std::to_string(verdict.remaining));
  headers.emplace_back("X-RateLimit-Reset-Requests", std::to_string(verdict.full_after.count()) + "ms");
}

}  // namespace purser::api
