// The file of API keys: {"keys":[{"id","tenant","sha256","scopes","created_at","expires_at"?}]}. It holds digests
// alone, so whoever reads it cannot call the API with it. A key has 190 bits of randomness, so a plain SHA-256 is
// enough.
#pragma once

#include "agent/identity/caller.hpp"
#include "gateway/crypto/mint.hpp"
#include "validation/money/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

struct ApiKeyRow {
  std::string id;  // "key_" and 12 characters: names the key in logs and in `purser keys`
  TenantId tenant;
  std::string sha256;  // lower-case hex
  Scopes scopes;
  UtcTime created_at{};
  std::optional<UtcTime> expires_at;
};

// The file's text. Errors: config_bad_value, with the place as in "keys[2].scopes" and the rule.
Result<std::vector<ApiKeyRow>> parse_key_file(std::string_view text);
std::string key_file_text(const std::vector<ApiKeyRow>& rows);

// As above, from the file. A file that is not there is config_unreadable.
Result<std::vector<ApiKeyRow>> read_key_file(const std::string& path);
// Replaces the file in one step, readable by its owner alone: a reader sees the old list or the new one.
Result<void> write_key_file(const std::string& path, const std::vector<ApiKeyRow>& rows);

struct NewApiKey {
  ApiKeyRow row;
  std::string key;  // "sk_..."; shown once, kept nowhere
};
NewApiKey make_api_key(Mint& mint, TenantId tenant, Scopes scopes, UtcTime now, std::optional<UtcTime> expires_at);

}  // namespace purser
