#include "tests/support/rail_signer.hpp"

#include "gateway/crypto/aead.hpp"
#include "gateway/pay/wechat/signing.hpp"

#include <nlohmann/json.hpp>

namespace purser::test {
namespace {

crypto::PrivateKey make_key() {
  return crypto::PrivateKey::generate(2048, 3).value();
}

// With two primes, as every merchant's key is: with three a signature takes half as long again.
crypto::PrivateKey make_merchant_key() {
  return crypto::PrivateKey::generate(2048, 2).value();
}

crypto::PublicKey public_half(const crypto::PrivateKey& key) {
  return crypto::PublicKey::from_pem(key.public_pem().value()).value();
}

}  // namespace

const crypto::PrivateKey& RailSigner::public_mode_key() {
  static const auto key = make_key();
  return key;
}

const crypto::PrivateKey& RailSigner::certificate_mode_key() {
  static const auto key = make_key();
  return key;
}

const crypto::PrivateKey& RailSigner::merchant_key() {
  static const auto key = make_merchant_key();
  return key;
}

const crypto::Certificate& RailSigner::certificate() {
  static const auto certificate =
      crypto::Certificate::self_signed(certificate_mode_key(), "Tenpay.com sign",
                                       "7132D72A03E93CDDF8C03BBD1F37EEDF00000001", from_millis(1'700'000'000'000),
                                       from_millis(1'900'000'000'000))
          .value();
  return certificate;
}

wechat::Keys RailSigner::keys() {
  wechat::Keys keys;
  keys.merchant = merchant_key();
  keys.merchant_serial = kMerchantSerial;
  keys.apiv3 = Secret(std::string(kApiv3));
  keys.platform.add(std::string(kPublicKeyId), public_half(public_mode_key()));
  keys.platform.add(certificate().serial(), certificate().key());
  keys.wanted_serial = kPublicKeyId;
  return keys;
}

http::Headers RailSigner::headers(std::string_view body, UtcTime at, const crypto::PrivateKey& key,
                                  std::string_view serial) {
  const std::string timestamp = std::to_string(to_seconds(at));
  const std::string nonce = "c5ac7061fccab6bf3e254dcf98995b8c";
  const std::string signature = key.sign(wechat::answer_text(timestamp, nonce, body)).value();
  return {{"Wechatpay-Timestamp", timestamp},
          {"Wechatpay-Nonce", nonce},
          {"Wechatpay-Signature", signature},
          {"Wechatpay-Serial", std::string(serial)},
          {"Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048"}};
}

http::Reply RailSigner::reply(int status, std::string body, UtcTime at) {
  http::Reply reply;
  reply.status = status;
  reply.headers = headers(body, at);
  reply.headers.emplace_back("Request-ID", "req-1-0");
  reply.body = std::move(body);
  return reply;
}

http::Reply RailSigner::unsigned_reply(int status, std::string body) {
  http::Reply reply;
  reply.status = status;
  reply.headers.emplace_back("Request-ID", "req-2-268435461");
  reply.body = std::move(body);
  return reply;
}

std::string RailSigner::envelope(std::string_view event_type, std::string_view plain, std::string_view aad,
                                 std::string_view nonce) {
  nlohmann::json body;
  body["id"] = "EV-2018022511223320873";
  body["create_time"] = "2026-01-05T18:00:00+08:00";
  body["resource_type"] = "encrypt-resource";
  body["event_type"] = event_type;
  body["summary"] = "支付成功";
  body["resource"]["algorithm"] = "AEAD_AES_256_GCM";
  body["resource"]["original_type"] = aad;
  body["resource"]["associated_data"] = aad;
  body["resource"]["nonce"] = nonce;
  body["resource"]["ciphertext"] = crypto::aes_gcm_seal(Secret(std::string(kApiv3)), nonce, aad, plain).value();
  return body.dump();
}

RawNotification RailSigner::notification(std::string body, UtcTime at) {
  RawNotification raw;
  raw.headers = headers(body, at);
  raw.body = std::move(body);
  return raw;
}

}  // namespace purser::test
