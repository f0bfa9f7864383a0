#include "tests/support/tokens.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/crypto/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <stdexcept>

namespace purser::test {
namespace {

using namespace crypto;

using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
constexpr int kCoordinate = 32;

std::string text_of(EVP_PKEY* key, int (*write)(BIO*, EVP_PKEY*)) {
  const Bio out(BIO_new(BIO_s_mem()));
  if (key == nullptr || write(out.get(), key) != 1) throw std::runtime_error("no key");
  return contents(out.get());
}

int write_private(BIO* out, EVP_PKEY* key) {
  return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr);
}
int write_public(BIO* out, EVP_PKEY* key) {
  return PEM_write_bio_PUBKEY(out, key);
}

PkeyHandle key_of(const std::string& pem) {
  const Bio in = reading(pem);
  return PkeyHandle(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, nullptr));
}

std::string number(EVP_PKEY* key, const char* name, int size) {
  BIGNUM* found = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &found) != 1) throw std::runtime_error(name);
  const Number owned(found);
  std::string out(static_cast<std::size_t>(size == 0 ? BN_num_bytes(found) : size), '\0');
  BN_bn2binpad(found, bytes(out), static_cast<int>(out.size()));
  return out;
}

}  // namespace

std::string base64url(std::string_view text) {
  std::string out = base64_encode(text);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.erase(std::find(out.begin(), out.end(), '='), out.end());
  return out;
}

TokenSigner TokenSigner::rsa(int bits) {
  const PkeyHandle key(EVP_RSA_gen(static_cast<unsigned>(bits)));
  return TokenSigner(text_of(key.get(), write_private), true);
}

TokenSigner TokenSigner::p256() {
  const PkeyHandle key(EVP_EC_gen("P-256"));
  return TokenSigner(text_of(key.get(), write_private), false);
}

std::string TokenSigner::sign(std::string_view message) const {
  const PkeyHandle key = key_of(pem_);
  const DigestContext context(EVP_MD_CTX_new());
  std::string out(1024, '\0');
  std::size_t size = out.size();
  if (EVP_DigestSignInit(context.get(), nullptr, sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), bytes(out), &size, bytes(message), message.size()) != 1)
    throw std::runtime_error("no signature");
  out.resize(size);
  if (is_rsa_) return out;
  const unsigned char* der = bytes(std::string_view(out));
  const Signature pair(d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(out.size())));
  std::string sides(2 * kCoordinate, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), bytes(sides), kCoordinate);
  BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), bytes(sides) + kCoordinate, kCoordinate);
  return sides;
}

std::string TokenSigner::public_pem() const {
  const PkeyHandle key = key_of(pem_);
  return text_of(key.get(), write_public);
}

nlohmann::json TokenSigner::jwk(const std::string& id) const {
  const PkeyHandle key = key_of(pem_);
  if (is_rsa_) {
    return {{"kty", "RSA"},
            {"kid", id},
            {"use", "sig"},
            {"n", base64url(number(key.get(), OSSL_PKEY_PARAM_RSA_N, 0))},
            {"e", base64url(number(key.get(), OSSL_PKEY_PARAM_RSA_E, 0))}};
  }
  return {{"kty", "EC"},
          {"crv", "P-256"},
          {"kid", id},
          {"x", base64url(number(key.get(), OSSL_PKEY_PARAM_EC_PUB_X, kCoordinate))},
          {"y", base64url(number(key.get(), OSSL_PKEY_PARAM_EC_PUB_Y, kCoordinate))}};
}

std::string TokenSigner::token(const nlohmann::json& claims, nlohmann::json header) const {
  if (!header.contains("alg")) header["alg"] = is_rsa_ ? "RS256" : "ES256";
  const std::string body = base64url(header.dump()) + "." + base64url(claims.dump());
  return body + "." + base64url(sign(body));
}

}  // namespace purser::test
