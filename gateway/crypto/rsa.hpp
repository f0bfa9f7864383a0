// RSA keys, parsed once and shared: parsing PEM for each signature costs 3.5 times the signature, for each verification
// 17 times. Immutable and safe from any thread; signing takes about 0.3 ms and belongs on the pool.
#pragma once

#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"
#include "validation/money/time.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace purser::crypto {

// RSA PKCS#1 v1.5 with SHA-256, Base64 with padding.
class PrivateKey {
 public:
  // PKCS#8 or PKCS#1 PEM, RSA of at least 2048 bits. Error: key_malformed.
  static Result<PrivateKey> from_pem(const Secret& pem);
  // Two primes take 40 to 400 ms. Three primes (RFC 8017) take 30 to 80 ms and sign the same way; they are for keys
  // that never leave this process, because not every library reads such a private key. The public half is like any
  // other.
  static Result<PrivateKey> generate(int bits = 2048, int primes = 2);
  Result<std::string> sign(std::string_view message) const;
  // RSA-OAEP with SHA-1 and MGF1-SHA-1, the rail's choice for sensitive fields. Error: decrypt_failed.
  Result<std::string> decrypt_oaep(std::string_view base64) const;
  Result<std::string> public_pem() const;
  Result<Secret> private_pem() const;

 private:
  friend class Certificate;
  std::shared_ptr<void> key_;
};

class PublicKey {
 public:
  // "-----BEGIN PUBLIC KEY-----". Error: key_malformed.
  static Result<PublicKey> from_pem(std::string_view pem);
  // ok, or signature_invalid; signature_probe when `base64` starts with WECHATPAY/SIGNTEST/. Never throws.
  Result<void> verify(std::string_view message, std::string_view base64) const;
  Result<std::string> encrypt_oaep(std::string_view plain) const;

 private:
  friend class Certificate;
  std::shared_ptr<void> key_;
};

class Certificate {
 public:
  static Result<Certificate> from_pem(std::string_view pem);
  // Self-signed, for the sandbox. `serial_hex` is upper-case hex.
  static Result<Certificate> self_signed(const PrivateKey& key, std::string_view common_name,
                                         std::string_view serial_hex, UtcTime not_before, UtcTime not_after);
  const PublicKey& key() const { return public_key_; }
  const std::string& serial() const { return serial_; }  // upper-case hex, leading zeros of the wire form kept
  const std::string& pem() const { return pem_; }
  UtcTime not_before() const { return not_before_; }
  UtcTime not_after() const { return not_after_; }

 private:
  PublicKey public_key_;
  std::string serial_;
  std::string pem_;
  UtcTime not_before_{};
  UtcTime not_after_{};
};

}  // namespace purser::crypto
