#pragma once

#include "gateway/pay/wechat/keys.hpp"
#include "gateway/sandbox/credentials.hpp"

namespace purser {

// The merchant's side of the embedded sandbox: both ways of verification, the public key asked for. Error:
// key_malformed.
Result<wechat::Keys> keys_of(const sandbox::SandboxCredentials& credentials);

}  // namespace purser
