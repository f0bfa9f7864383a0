// AES-256-GCM as the rail uses it: a key of 32 raw bytes, a nonce of exactly 12 bytes, Base64(ciphertext ‖ 16-byte
// tag).
#pragma once

#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"

#include <string>
#include <string_view>

namespace purser::crypto {

// Error: decrypt_failed for every cause (nonce length, Base64, length below 16, tag); nothing of the plaintext is
// returned before the tag held. Any key length other than 32: key_malformed.
Result<std::string> aes_gcm_open(const Secret& key, std::string_view nonce, std::string_view aad,
                                 std::string_view base64);
Result<std::string> aes_gcm_seal(const Secret& key, std::string_view nonce, std::string_view aad,
                                 std::string_view plain);

namespace detail {
// Below the key-length check: 16 or 32 bytes, because public vectors of the rail use 16. `sealed` is raw, not Base64.
Result<std::string> gcm_open_raw(std::string_view key, std::string_view nonce, std::string_view aad,
                                 std::string_view sealed);
}  // namespace detail

}  // namespace purser::crypto
