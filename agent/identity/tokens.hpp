// Signed tokens (JWT, RFC 7519) that stand for one user of a tenant: a tenant's backend signs them, and its Mini
// Program or page calls the API with them. What is taken is narrow on purpose (RFC 8725): RS256 and ES256 by keys we
// hold, the algorithm decided by the key; issuer, audience and end always checked; no key, address or certificate from
// the token.
#pragma once

#include "agent/identity/caller.hpp"
#include "config/settings.hpp"
#include "gateway/crypto/token_key.hpp"
#include "validation/money/time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace purser {

class Tokens {
 public:
  static constexpr std::size_t kBytesMax = 8192;
  // Clocks of two servers may differ by this much.
  static constexpr Millis kSkew{60'000};

  // No token_keys_file: no token is taken. Errors: config_unreadable, config_bad_value naming the key's place.
  static Result<Tokens> make(const AuthSettings& settings);

  static bool looks_like_one(std::string_view text);
  // Claims: iss, aud, exp, sub (the user's id); nbf; tenant unless the settings name it; openid; scope, words with
  // spaces between, without it threads:write intents:write refunds:read; never approvals or webhooks.
  // Error: unauthorized; the message says more only once the signature was found good.
  Result<Caller> read(std::string_view token, UtcTime now) const;
  bool empty() const { return keys_.empty(); }

 private:
  struct Key {
    std::string id;  // "kid"; empty: none
    crypto::TokenKey key;
  };

  Result<void> add_set(const std::string& path, std::string_view text);
  const Key* key_for(std::string_view algorithm, const std::string* id) const;
  Result<Caller> caller_of(std::string_view payload, UtcTime now) const;

  std::vector<Key> keys_;
  std::string issuer_;
  std::string audience_;
  std::string tenant_;
};

}  // namespace purser
