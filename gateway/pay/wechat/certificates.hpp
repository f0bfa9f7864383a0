// The answer to GET /v3/certificates, read. It need not be signed with a key that is known here: each certificate is
// sealed with the APIv3 key, and what does not open or does not carry the serial number it claims spoils the list.
// Pure.
#pragma once

#include "gateway/crypto/rsa.hpp"
#include "validation/money/result.hpp"
#include "validation/money/secret.hpp"

#include <string_view>
#include <vector>

namespace purser::wechat {

inline constexpr std::string_view kCertificatesPath = "/v3/certificates";

// Errors: reply_malformed, decrypt_failed, key_malformed. An empty list is fine.
Result<std::vector<crypto::Certificate>> read_certificates(std::string_view body, const Secret& apiv3_key);

}  // namespace purser::wechat
