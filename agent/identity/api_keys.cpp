#include "agent/identity/api_keys.hpp"

#include "agent/identity/key_file.hpp"
#include "gateway/crypto/digest.hpp"
#include "validation/money/ascii.hpp"

#include <algorithm>

namespace purser {
namespace {

// What a key of the settings is called: it has no id.
constexpr std::size_t kNameDigits = 12;

Error bad_entry(std::size_t place, std::string_view rule) {
  return {Errc::config_bad_value, "entry " + std::to_string(place) + ": " + std::string(rule), "auth.api_keys"};
}

}  // namespace

Result<ApiKeys> ApiKeys::parse(const AuthSettings& settings) {
  ApiKeys parsed;
  if (auto added = parsed.add_settings(settings); !added) return added.error();
  if (settings.keys_file.empty()) return parsed;
  if (auto added = parsed.add_file(settings.keys_file); !added) return added.error();
  return parsed;
}

Result<void> ApiKeys::add_settings(const AuthSettings& settings) {
  std::string_view rest = settings.api_keys.reveal();
  for (std::size_t place = 1; !rest.empty(); ++place) {
    const auto end = std::min(rest.find_first_of(",\n"), rest.size());
    const std::string_view entry = ascii::trimmed(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (entry.empty()) continue;
    const auto colon = entry.find(':');
    if (colon == std::string_view::npos) return bad_entry(place, "write tenant:key");
    auto tenant = TenantId::parse(entry.substr(0, colon));
    if (!tenant) return bad_entry(place, "the tenant is 1 to 64 of letters, digits and -_.");
    const std::string_view key = entry.substr(colon + 1);
    if (key.size() < kLengthMin || key.size() > kLengthMax || !ascii::is_visible(key)) {
      return bad_entry(place, "a key is 16 to 256 visible characters without a space");
    }
    const std::string digest = crypto::sha256_hex(key);
    Key kept{std::move(*tenant), Scopes::all(), "settings_" + digest.substr(0, kNameDigits), std::nullopt};
    if (!keys_.emplace(digest, std::move(kept)).second) return bad_entry(place, "this key stands there already");
  }
  return success();
}

Result<void> ApiKeys::add_file(const std::string& path) {
  auto rows = read_key_file(path);
  if (!rows) return rows.error();
  for (ApiKeyRow& row : *rows) {
    Key kept{std::move(row.tenant), row.scopes, row.id, row.expires_at};
    if (!keys_.emplace(std::move(row.sha256), std::move(kept)).second)
      return Error(Errc::config_bad_value, path + ": " + row.id + " stands in auth.api_keys too", "auth.keys_file");
  }
  return success();
}

Result<Caller> ApiKeys::find(std::string_view key, UtcTime now) const {
  const auto found = keys_.find(crypto::sha256_hex(key));
  if (found == keys_.end()) return Errc::unauthorized;
  const Key& row = found->second;
  if (row.expires_at && now >= *row.expires_at)
    return Error(Errc::unauthorized, "the API key " + row.id + " has ended");
  Caller caller;
  caller.tenant = row.tenant;
  caller.scopes = row.scopes;
  caller.name = row.id;
  caller.until = row.expires_at;
  return caller;
}

}  // namespace purser
