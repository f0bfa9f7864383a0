// Who is asking: API keys, each of one tenant. Only their SHA-256 digests are kept, and a key that is shown is compared
// with every one of them in constant time.
#pragma once

#include "config/settings.hpp"
#include "gateway/http/message.hpp"
#include "validation/money/ids.hpp"

#include <string>
#include <vector>

namespace purser {

class ApiKeys {
 public:
  static constexpr std::size_t kLengthMin = 16;
  static constexpr std::size_t kLengthMax = 256;

  // Lines or commas of "tenant:key", empty ones skipped; a tenant may have several keys. Error: config_bad_value naming
  // the entry's place, never its text.
  static Result<ApiKeys> parse(const AuthSettings& settings);

  // The tenant of "Authorization: Bearer <key>". The header stands exactly once. Error: unauthorized, the same for
  // every cause.
  Result<TenantId> authenticate(const http::Headers& headers) const;
  bool empty() const { return keys_.empty(); }

 private:
  struct Key {
    std::string digest;  // raw bytes
    TenantId tenant;
  };
  std::vector<Key> keys_;
};

}  // namespace purser
