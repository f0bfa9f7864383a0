#include "agent/identity/caller.hpp"

#include <algorithm>
#include <array>

namespace purser {
namespace {

constexpr std::array<std::string_view, kScopeCount> kWords{
    "threads:read",  "threads:write",  "intents:read",    "intents:write", "refunds:read",
    "refunds:write", "approvals:read", "approvals:write", "webhooks:read", "webhooks:write"};

constexpr std::string_view kAll = "*";

}  // namespace

std::string_view to_string(Scope scope) {
  return kWords[static_cast<std::size_t>(scope)];
}

Scopes Scopes::all() {
  Scopes scopes;
  scopes.set_.set();
  return scopes;
}

Result<Scopes> Scopes::parse(const std::vector<std::string>& words) {
  Scopes scopes;
  for (const std::string& word : words) {
    if (word == kAll) return all();
    const auto found = std::find(kWords.begin(), kWords.end(), word);
    if (found == kWords.end()) return Error(Errc::malformed_text, "no such scope: " + word, "scopes");
    const auto place = static_cast<std::size_t>(found - kWords.begin());
    scopes.set_.set(place);
    // Each ":write" stands behind its ":read".
    if (word.ends_with(":write")) scopes.set_.set(place - 1);
  }
  return scopes;
}

Scopes Scopes::of_a_user() const {
  Scopes left = *this;
  for (const Scope scope : {Scope::refunds_write, Scope::approvals_read, Scope::approvals_write, Scope::webhooks_read,
                            Scope::webhooks_write})
    left.set_.reset(static_cast<std::size_t>(scope));
  return left;
}

std::vector<std::string> Scopes::words() const {
  if (set_.all()) return {std::string(kAll)};
  std::vector<std::string> out;
  for (std::size_t i = 0; i < kWords.size(); ++i)
    if (set_.test(i)) out.emplace_back(kWords[i]);
  return out;
}

}  // namespace purser
