#include "gateway/pay/wechat/certificates.hpp"

#include "gateway/crypto/aead.hpp"
#include "gateway/http/message.hpp"
#include "gateway/pay/wechat/json_reader.hpp"

#include <string>

namespace purser::wechat {
namespace {

// More than a rail that rotates its keys ever has in use.
constexpr std::size_t kCertificatesMax = 32;

Result<crypto::Certificate> open_one(const JsonFields& entry, const Secret& apiv3_key) {
  const std::string serial = entry.text("serial_no");
  const JsonFields sealed = entry.object("encrypt_certificate");
  if (sealed.text("algorithm") != "AEAD_AES_256_GCM") return Error(Errc::decrypt_failed, "an unknown algorithm");
  auto pem =
      crypto::aes_gcm_open(apiv3_key, sealed.text("nonce"), sealed.text("associated_data"), sealed.text("ciphertext"));
  if (!pem) return pem.error();
  auto certificate = crypto::Certificate::from_pem(*pem);
  if (!certificate) return certificate.error();
  if (!http::equals_ignoring_case(certificate->serial(), serial))
    return Error(Errc::reply_malformed, "a certificate under another serial number than its own", "serial_no");
  return certificate;
}

}  // namespace

Result<std::vector<crypto::Certificate>> read_certificates(std::string_view body, const Secret& apiv3_key) {
  const auto document = JsonDocument::parse(body);
  if (!document) return Error(Errc::reply_malformed, document.error().message);
  std::vector<crypto::Certificate> out;
  for (const JsonFields& entry : document->root().objects("data")) {
    if (out.size() == kCertificatesMax) return Error(Errc::reply_malformed, "more certificates than a rail has");
    auto certificate = open_one(entry, apiv3_key);
    if (!certificate) return certificate.error();
    out.push_back(std::move(*certificate));
  }
  if (auto good = document->check(); !good) return Error(Errc::reply_malformed, good.error().message);
  return out;
}

}  // namespace purser::wechat
