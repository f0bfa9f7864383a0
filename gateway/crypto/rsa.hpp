// RSA keys, parsed once and shared: parsing PEM for each signature costs 3.5 times the signature, for each verification
// 17 times. Immutable and safe from any thread; signing takes about 0.3 ms.
#pragma once

#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"
#include "validation/money/time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace purser::crypto {

// Signatures made before, and what they took. A key and a message have one PKCS#1 v1.5 signature, so what is remembered
// is what would be made again: simulations sign the same words thousands of times. One thread.
class SignatureMemo {
 public:
  using Nanoseconds = std::chrono::nanoseconds;
  // `watch`: the machine's time, to know how long signing took.
  explicit SignatureMemo(std::function<Nanoseconds()> watch) : watch_(std::move(watch)) {}
  // What is remembered of `message`, or what make() gives, which is remembered when it is good.
  Result<std::string> of(std::string_view message, const std::function<Result<std::string>()>& make);

  std::int64_t made() const { return made_; }
  Nanoseconds spent() const { return spent_; }

 private:
  static constexpr std::size_t kEntriesMax = 1 << 16;
  std::function<Nanoseconds()> watch_;
  std::unordered_map<std::string, std::string> known_;  // by the message's digest
  std::int64_t made_ = 0;
  Nanoseconds spent_{0};
};

class PublicKey;

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
  PublicKey public_half() const;
  // Whether both have the same public half.
  bool same_as(const PrivateKey& other) const;
  Result<Secret> private_pem() const;
  // From now on this key, and the copies made of it, remember what they signed. A memo belongs to one key.
  void remember_in(std::shared_ptr<SignatureMemo> memo) { memo_ = std::move(memo); }

 private:
  friend class Certificate;
  Result<std::string> make_signature(std::string_view message) const;
  std::shared_ptr<void> key_;
  std::shared_ptr<SignatureMemo> memo_;  // null: every signature is made
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
  friend class PrivateKey;
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
