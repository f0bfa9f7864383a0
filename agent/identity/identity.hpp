// The one place that says who is asking: "Authorization: Bearer" and an API key or a signed token.
#pragma once

#include "agent/identity/api_keys.hpp"
#include "agent/identity/tokens.hpp"
#include "gateway/http/message.hpp"

namespace purser {

class Identity {
 public:
  // Errors: those of ApiKeys and Tokens.
  static Result<Identity> make(const AuthSettings& settings);
  Identity(ApiKeys keys, Tokens tokens) : keys_(std::move(keys)), tokens_(std::move(tokens)) {}

  // The header stands exactly once. Error: unauthorized; the same for every cause but the end of something that was
  // good, and what is wrong with a token whose signature holds.
  Result<Caller> authenticate(const http::Headers& headers, UtcTime now) const;

 private:
  ApiKeys keys_;
  Tokens tokens_;
};

}  // namespace purser
