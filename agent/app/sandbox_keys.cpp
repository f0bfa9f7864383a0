#include "agent/app/sandbox_keys.hpp"

namespace purser {

Result<wechat::Keys> keys_of(const sandbox::SandboxCredentials& credentials) {
  auto platform = crypto::PublicKey::from_pem(credentials.public_key_pem);
  if (!platform) return platform.error();
  wechat::Keys keys;
  keys.merchant = credentials.merchant_key;
  keys.merchant_serial = credentials.merchant_certificate.serial();
  keys.apiv3 = credentials.apiv3_key;
  keys.platform.add(credentials.public_key_id, std::move(*platform));
  keys.platform.add(credentials.platform_certificate.serial(), credentials.platform_certificate.key());
  keys.wanted_serial = credentials.public_key_id;
  return keys;
}

}  // namespace purser
