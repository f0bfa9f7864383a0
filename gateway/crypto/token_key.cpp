#include "gateway/crypto/token_key.hpp"

#include "gateway/crypto/openssl.hpp"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <utility>

namespace purser::crypto {
namespace {

constexpr int kRsaBitsMin = 2048;
constexpr std::size_t kCoordinate = 32;
constexpr std::string_view kRs256 = "RS256";
constexpr std::string_view kEs256 = "ES256";

using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Freed<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Freed<OSSL_PARAM_free>>;

Number number_of(std::string_view big_endian) {
  if (big_endian.size() > INT_MAX) return nullptr;
  return Number(BN_bin2bn(bytes(big_endian), static_cast<int>(big_endian.size()), nullptr));
}

std::shared_ptr<void> key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return shared(PkeyHandle(key));
}

bool is_p256(EVP_PKEY* key) {
  char group[32] = {};
  return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
         std::string_view(group) == "prime256v1";
}

bool point_is_good(EVP_PKEY* key) {
  const PkeyContext context(EVP_PKEY_CTX_new(key, nullptr));
  return context && EVP_PKEY_public_check(context.get()) == 1;
}

// r and s side by side become the DER that OpenSSL reads; empty when they cannot.
std::string der_of(std::string_view sides) {
  if (sides.size() != 2 * kCoordinate) return {};
  Number r = number_of(sides.substr(0, kCoordinate));
  Number s = number_of(sides.substr(kCoordinate));
  const Signature pair(ECDSA_SIG_new());
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return {};
  r.release();
  s.release();
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  if (size <= 0) return {};
  std::string der(reinterpret_cast<const char*>(out), static_cast<std::size_t>(size));
  OPENSSL_free(out);
  return der;
}

}  // namespace

Result<TokenKey> TokenKey::of(std::shared_ptr<void> key) {
  TokenKey made;
  if (!key) return Error(Errc::key_malformed, "not a public key");
  if (EVP_PKEY_is_a(raw(key), "RSA") == 1) {
    if (EVP_PKEY_get_bits(raw(key)) < kRsaBitsMin)
      return Error(Errc::key_malformed, "an RSA key of fewer than 2048 bits");
    made.algorithm_ = kRs256;
  } else if (is_p256(raw(key)) && point_is_good(raw(key))) {
    made.algorithm_ = kEs256;
  } else {
    return Error(Errc::key_malformed, "neither an RSA key nor one on P-256");
  }
  made.key_ = std::move(key);
  return made;
}

Result<TokenKey> TokenKey::from_pem(std::string_view pem) {
  const ErrorQueueGuard guard;
  const Bio from = reading(pem);
  PkeyHandle key(from ? PEM_read_bio_PUBKEY(from.get(), nullptr, no_password, nullptr) : nullptr);
  return of(key ? shared(std::move(key)) : nullptr);
}

Result<TokenKey> TokenKey::rsa(std::string_view n, std::string_view e) {
  const ErrorQueueGuard guard;
  const Number modulus = number_of(n);
  const Number exponent = number_of(e);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (n.empty() || e.empty() || !modulus || !exponent || !builder ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return Error(Errc::key_malformed, "an RSA key is a modulus and an exponent");
  return of(key_from("RSA", builder.get()));
}

Result<TokenKey> TokenKey::p256(std::string_view x, std::string_view y) {
  const ErrorQueueGuard guard;
  if (x.size() != kCoordinate || y.size() != kCoordinate)
    return Error(Errc::key_malformed, "a point of P-256 is 32 bytes for x and for y");
  constexpr char kUncompressed = 4;
  const std::string point = kUncompressed + std::string(x) + std::string(y);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return Error(Errc::key_malformed, "not a point of P-256");
  return of(key_from("EC", builder.get()));
}

Result<void> TokenKey::verify(std::string_view message, std::string_view signature) const {
  const ErrorQueueGuard guard;
  std::string wire(signature);
  if (algorithm_ == kEs256) wire = der_of(signature);
  const DigestContext context(EVP_MD_CTX_new());
  if (wire.empty() || !context || EVP_DigestVerifyInit(context.get(), nullptr, sha256(), nullptr, raw(key_)) != 1 ||
      EVP_DigestVerify(context.get(), bytes(std::string_view(wire)), wire.size(), bytes(message), message.size()) != 1)
    return Errc::signature_invalid;
  return success();
}

}  // namespace purser::crypto
