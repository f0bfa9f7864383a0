// Signed tokens as a tenant's backend would make them.
#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace purser::test {

std::string base64url(std::string_view bytes);

// A key pair that signs tokens.
class TokenSigner {
 public:
  static TokenSigner rsa(int bits = 2048);
  static TokenSigner p256();

  std::string sign(std::string_view message) const;  // as RS256 and ES256 have it
  std::string public_pem() const;
  nlohmann::json jwk(const std::string& id) const;
  // header.payload.signature; the header's "alg" is the key's own unless it is given.
  std::string token(const nlohmann::json& claims, nlohmann::json header = nlohmann::json::object()) const;

 private:
  explicit TokenSigner(std::string pem, bool is_rsa) : pem_(std::move(pem)), is_rsa_(is_rsa) {}
  std::string pem_;  // the private key
  bool is_rsa_;
};

}  // namespace purser::test
