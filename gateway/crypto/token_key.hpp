// Public keys that signed tokens are verified with: RSA for RS256 and P-256 for ES256 (RFC 7518). The key decides the
// algorithm; what a token says of it is only compared. Immutable and safe from any thread.
#pragma once

#include "validation/money/result.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace purser::crypto {

class TokenKey {
 public:
  // "-----BEGIN PUBLIC KEY-----": RSA of at least 2048 bits, or P-256. Error: key_malformed.
  static Result<TokenKey> from_pem(std::string_view pem);
  // Modulus and exponent, big-endian. Error: key_malformed.
  static Result<TokenKey> rsa(std::string_view n, std::string_view e);
  // A point of P-256, 32 bytes each. Error: key_malformed, also for a point that is not on the curve.
  static Result<TokenKey> p256(std::string_view x, std::string_view y);

  // "RS256" or "ES256".
  std::string_view algorithm() const { return algorithm_; }
  // `signature` as the token carries it, decoded: PKCS#1 v1.5, or r and s of 32 bytes each. Error: signature_invalid.
  Result<void> verify(std::string_view message, std::string_view signature) const;

 private:
  static Result<TokenKey> of(std::shared_ptr<void> key);

  std::shared_ptr<void> key_;
  std::string_view algorithm_;
};

}  // namespace purser::crypto
