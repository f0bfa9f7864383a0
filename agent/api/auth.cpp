#include "agent/api/auth.hpp"

#include "agent/api/request.hpp"
#include "gateway/crypto/digest.hpp"

#include <algorithm>

namespace purser {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

Error bad_entry(std::size_t place, std::string_view rule) {
  return {Errc::config_bad_value, "entry " + std::to_string(place) + ": " + std::string(rule), "auth.api_keys"};
}

}  // namespace

Result<ApiKeys> ApiKeys::parse(const AuthSettings& settings) {
  ApiKeys parsed;
  std::string_view rest = settings.api_keys.reveal();
  for (std::size_t place = 1; !rest.empty(); ++place) {
    const auto end = std::min(rest.find_first_of(",\n"), rest.size());
    const std::string_view entry = trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (entry.empty()) continue;
    const auto colon = entry.find(':');
    if (colon == std::string_view::npos) return bad_entry(place, "write tenant:key");
    auto tenant = TenantId::parse(entry.substr(0, colon));
    if (!tenant) return bad_entry(place, "the tenant is 1 to 64 of letters, digits and -_.");
    const std::string_view key = entry.substr(colon + 1);
    if (key.size() < kLengthMin || key.size() > kLengthMax || !api::is_visible(key)) {
      return bad_entry(place, "a key is 16 to 256 visible characters without a space");
    }
    Key kept{crypto::sha256_raw(key), std::move(*tenant)};
    const bool known = std::any_of(parsed.keys_.begin(), parsed.keys_.end(), [&](const Key& other) {
      return crypto::constant_time_equal(other.digest, kept.digest);
    });
    if (known) return bad_entry(place, "this key stands there already");
    parsed.keys_.push_back(std::move(kept));
  }
  return parsed;
}

Result<TenantId> ApiKeys::authenticate(const http::Headers& headers) const {
  constexpr std::string_view kScheme = "Bearer ";
  auto value = api::single_header(headers, "Authorization");
  if (!value || !value->has_value()) return Errc::unauthorized;
  const std::string_view shown = **value;
  if (!http::equals_ignoring_case(shown.substr(0, kScheme.size()), kScheme)) return Errc::unauthorized;
  const std::string digest = crypto::sha256_raw(shown.substr(kScheme.size()));
  const Key* found = nullptr;
  // No early end: the time must not tell how far down the list a key stands.
  for (const Key& key : keys_) {
    if (crypto::constant_time_equal(key.digest, digest)) found = &key;
  }
  if (found == nullptr) return Errc::unauthorized;
  return found->tenant;
}

}  // namespace purser
