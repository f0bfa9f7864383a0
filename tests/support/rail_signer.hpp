// WeChat Pay's side of the signatures, for tests without a server: keys, signed answers, sealed webhooks.
#pragma once

#include "gateway/http/client.hpp"
#include "gateway/pay/payment_channel.hpp"
#include "gateway/pay/wechat/keys.hpp"

#include <string>
#include <string_view>

namespace purser::test {

class RailSigner {
 public:
  static constexpr std::string_view kMchid = "1900000001";
  static constexpr std::string_view kAppid = "wxd678efh567hg6787";
  static constexpr std::string_view kPublicKeyId = "PUB_KEY_ID_0000000000000024101100397200000006";
  static constexpr std::string_view kMerchantSerial = "0A1B2C3D4E5F60718293A4B5C6D7E8F901234567";
  static constexpr std::string_view kApiv3 = "0123456789abcdef0123456789ABCDEF";

  // Two keys for the whole program, one per mode: making one takes a tenth of a second.
  static const crypto::PrivateKey& public_mode_key();
  static const crypto::PrivateKey& certificate_mode_key();
  static const crypto::PrivateKey& merchant_key();
  static const crypto::Certificate& certificate();

  // What a merchant is configured with: both keys of the rail.
  static wechat::Keys keys();

  static http::Headers headers(std::string_view body, UtcTime at, const crypto::PrivateKey& key = public_mode_key(),
                               std::string_view serial = kPublicKeyId);
  // With Request-ID "req-1-0".
  static http::Reply reply(int status, std::string body, UtcTime at);
  // Status and body alone: what anybody could say.
  static http::Reply unsigned_reply(int status, std::string body);

  // A webhook's body around the sealed resource.
  static std::string envelope(std::string_view event_type, std::string_view plain, std::string_view aad = "transaction",
                              std::string_view nonce = "abcdefghijkl");
  static RawNotification notification(std::string body, UtcTime at);
};

}  // namespace purser::test
