// The Authorization header as a merchant may send it to the sandbox.
#include "gateway/sandbox/authorization.hpp"

#include "tests/fuzz/fuzz.hpp"

PURSER_FUZZ(bytes) {
  const auto read = purser::sandbox::parse_authorization(bytes);
  if (!read) return;
  // What was taken can be written again and is the same.
  const auto& a = *read;
  const auto again = purser::sandbox::parse_authorization(
      "WECHATPAY2-SHA256-RSA2048 signature=\"" + a.signature + "\",serial_no=\"" + a.serial_no + "\",timestamp=\"" +
      a.timestamp + "\",nonce_str=\"" + a.nonce_str + "\",mchid=\"" + a.mchid + "\"");
  purser::fuzz::require(again.ok() && again->mchid == a.mchid && again->signature == a.signature);
}
