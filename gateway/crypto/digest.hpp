// Digests, MACs, encodings, comparison and randomness: OpenSSL behind plain functions.
#pragma once

#include "gateway/crypto/mint.hpp"
#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"

#include <string>
#include <string_view>

namespace purser::crypto {

std::string sha256_hex(std::string_view bytes);  // lower case
std::string sha256_raw(std::string_view bytes);
std::string hmac_sha256_raw(std::string_view key, std::string_view bytes);
std::string sha1_hex(std::string_view bytes);                      // bills only: the rail's choice
bool constant_time_equal(std::string_view a, std::string_view b);  // false at once when the lengths differ

std::string base64_encode(std::string_view bytes);
// Standard alphabet, padding required, no white space. Error: malformed_text.
Result<std::string> base64_decode(std::string_view text);
// The alphabet for URLs and no padding, as tokens have it (RFC 7515). Error: malformed_text, also for bits that no
// encoder sets.
Result<std::string> base64url_decode(std::string_view text);
std::string hex_lower(std::string_view bytes);
std::string hex_upper(std::string_view bytes);

// Cryptographic randomness of the system.
std::string random_bytes(std::size_t count);

// Ids from the system's randomness, numbers from HMAC under `merchant_secret`.
class SystemMint final : public Mint {
 public:
  explicit SystemMint(Secret merchant_secret) : secret_(std::move(merchant_secret)) {}
  std::string token(std::size_t length) override;
  OutTradeNo out_trade_no(const TenantId& tenant, const IntentId& intent) const override;
  OutRefundNo out_refund_no(const TenantId& tenant, const IntentId& intent, const std::string& origin) const override;
  ThreadId thread_of(const TenantId& tenant, const std::string& what) const override;
  std::string seal(const std::string& text) const override;

 private:
  Secret secret_;
};

}  // namespace purser::crypto
