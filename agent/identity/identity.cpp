#include "agent/identity/identity.hpp"

#include "gateway/http/message.hpp"

namespace purser {
namespace {

constexpr std::string_view kScheme = "Bearer ";

// What stands behind the scheme; empty when the header is missing, stands twice, or is of another scheme.
std::string_view shown_in(const http::Headers& headers) {
  std::string_view shown;
  int count = 0;
  for (const auto& [name, value] : headers) {
    if (!http::equals_ignoring_case(name, "Authorization")) continue;
    count += 1;
    shown = value;
  }
  if (count != 1 || !http::equals_ignoring_case(shown.substr(0, kScheme.size()), kScheme)) return {};
  return shown.substr(kScheme.size());
}

}  // namespace

Result<Identity> Identity::make(const AuthSettings& settings) {
  auto keys = ApiKeys::parse(settings);
  if (!keys) return keys.error();
  auto tokens = Tokens::make(settings);
  if (!tokens) return tokens.error();
  return Identity(std::move(*keys), std::move(*tokens));
}

Result<Caller> Identity::authenticate(const http::Headers& headers, UtcTime now) const {
  const std::string_view shown = shown_in(headers);
  if (shown.empty()) return Errc::unauthorized;
  auto caller = keys_.find(shown, now);
  if (caller || tokens_.empty() || !Tokens::looks_like_one(shown)) return caller;
  return tokens_.read(shown, now);
}

}  // namespace purser
