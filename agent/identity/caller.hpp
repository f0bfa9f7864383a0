// Who is asking, and what they may do: what a key or a token stands for once it was found good.
#pragma once

#include "validation/money/ids.hpp"
#include "validation/money/result.hpp"
#include "validation/money/time.hpp"

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

enum class Scope : std::uint8_t {
  threads_read,
  threads_write,  // threads, turns, chat completions: what can lead to a payment
  intents_read,
  intents_write,  // cancel, renew
  refunds_read,
  refunds_write,  // send one that did not arrive to another account
  approvals_read,
  approvals_write,  // decide
  webhooks_read,
  webhooks_write,
};
inline constexpr std::size_t kScopeCount = 10;

// "threads:write"
std::string_view to_string(Scope scope);

// A set of scopes. Whoever may write may read.
class Scopes {
 public:
  static Scopes all();
  // Words as to_string() writes them, and "*" for all. Error: malformed_text naming the word.
  static Result<Scopes> parse(const std::vector<std::string>& words);
  // Without what no single user of a tenant may do: decide approvals, send money to an account he names, place
  // webhooks.
  Scopes of_a_user() const;
  bool allows(Scope scope) const { return set_.test(static_cast<std::size_t>(scope)); }
  // {"*"} for all, else each word, in the order of the list above.
  std::vector<std::string> words() const;

  friend bool operator==(const Scopes&, const Scopes&) = default;

 private:
  std::bitset<kScopeCount> set_;
};

struct Caller {
  TenantId tenant;
  Scopes scopes;
  std::string name;  // of the key, or of the token's issuer: for logs and limits, never the secret
  // A token may stand for one user of the tenant: no other user's thread, payment or refund exists for it.
  std::optional<UserId> user;
  std::string openid;            // of that user, as the tenant's backend states it; may be empty
  std::optional<UtcTime> until;  // when what he showed ends

  bool may_see(const TenantId& of, const UserId& whose) const { return tenant == of && (!user || *user == whose); }
};

}  // namespace purser
