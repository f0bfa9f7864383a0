// API keys, each of one tenant: those of the settings, which may do everything, and those of the key file. Only SHA-256
// digests are kept.
#pragma once

#include "agent/identity/caller.hpp"
#include "config/settings.hpp"
#include "validation/money/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace purser {

class ApiKeys {
 public:
  static constexpr std::size_t kLengthMin = 16;
  static constexpr std::size_t kLengthMax = 256;

  // auth.api_keys: lines or commas of "tenant:key", empty ones skipped; a tenant may have several keys. And the rows of
  // auth.keys_file. Errors: config_bad_value naming the entry's place, never its text; config_unreadable.
  static Result<ApiKeys> parse(const AuthSettings& settings);

  // Errors: unauthorized, also for a key that has ended (and says so: who shows it had it).
  Result<Caller> find(std::string_view key, UtcTime now) const;
  bool empty() const { return keys_.empty(); }

 private:
  struct Key {
    TenantId tenant;
    Scopes scopes;
    std::string id;
    std::optional<UtcTime> expires_at;
  };

  Result<void> add_settings(const AuthSettings& settings);
  Result<void> add_file(const std::string& path);

  // By digest. The time of a look-up tells at most about the digest of what was shown, and that tells nothing of a key.
  std::unordered_map<std::string, Key> keys_;
};

}  // namespace purser
