// The keys of a merchant account, loaded and checked before the daemon takes traffic.
#pragma once

#include "config/settings.hpp"
#include "gateway/crypto/rsa.hpp"
#include "gateway/http/client.hpp"
#include "gateway/pay/wechat/verifier.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace purser::wechat {

struct Keys {
  crypto::PrivateKey merchant;
  std::optional<crypto::PublicKey> merchant_public;  // of the merchant's certificate, where that is configured
  std::string merchant_serial;                       // upper-case hex
  Secret apiv3;                                      // 32 bytes
  KeySet platform;
  std::string wanted_serial;  // the key the rail is asked to sign with; empty: it chooses
  // The merchant's certificate with its key, for hosts that ask for it in the handshake: some of the rail's add-on APIs
  // do. The certificate is empty when none is configured.
  http::ClientIdentity shown;
  // When certificates among them end; a public key has no end.
  std::map<std::string, UtcTime> ends;
};

// `keys` is complete when `mistakes` is empty. Every mistake is there at once, with the setting as its param:
// config_bad_value, config_unreadable. No message holds any part of a key.
struct LoadedKeys {
  Keys keys;
  std::vector<Error> mistakes;
};
LoadedKeys load_keys(const WechatSettings& settings);

}  // namespace purser::wechat
