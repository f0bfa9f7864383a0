// The five Wechatpay-* headers over a response or a callback, right or wrong in a chosen way.
#pragma once

#include "gateway/crypto/mint.hpp"
#include "gateway/http/message.hpp"
#include "gateway/sandbox/credentials.hpp"

#include <string>
#include <string_view>

namespace purser::sandbox {

// How a signature is spoilt on purpose.
enum class Twist { none, absent, wrong, probe, stale, unknown_serial };

// Headers over TIMESTAMP\nNONCE\nBODY\n, with a fresh nonce. `serial` names the key: the public key's id or the
// platform certificate's serial number.
http::Headers signature_headers(const SandboxCredentials& credentials, std::string_view serial, std::string_view body,
                                UtcTime wall, Mint& mint, Twist twist);

// Letters and digits of other alphabets out of the mint's tokens.
std::string digits(Mint& mint, std::size_t count);
std::string hex(Mint& mint, std::size_t count);

}  // namespace purser::sandbox
