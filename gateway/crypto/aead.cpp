#include "gateway/crypto/aead.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/crypto/openssl.hpp"

#include <climits>
#include <openssl/crypto.h>

namespace purser::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;

bool fits_int(std::string_view s) {
  return s.size() <= INT_MAX;
}

// Null when the key has no length that AES-GCM is used with here.
const EVP_CIPHER* cipher_for(std::string_view key) {
  if (key.size() == kKeyBytes) return aes_256_gcm();
  if (key.size() == 16) return aes_128_gcm();
  return nullptr;
}

Result<void> check_key(const Secret& key) {
  if (key.reveal().size() == kKeyBytes) return success();
  return Error(Errc::key_malformed, "an AES-256-GCM key has exactly 32 bytes");
}

}  // namespace

namespace detail {

Result<std::string> gcm_open_raw(std::string_view key, std::string_view nonce, std::string_view aad,
                                 std::string_view sealed) {
  const EVP_CIPHER* cipher = cipher_for(key);
  if (cipher == nullptr) return Error(Errc::key_malformed, "an AES-GCM key has 16 or 32 bytes");
  if (nonce.size() != kNonceBytes || sealed.size() < kTagBytes || !fits_int(sealed) || !fits_int(aad)) {
    return Errc::decrypt_failed;
  }
  ErrorQueueGuard guard;
  CipherContext context(EVP_CIPHER_CTX_new());
  const std::string_view body = sealed.substr(0, sealed.size() - kTagBytes);
  std::string tag(sealed.substr(body.size()));
  std::string plain(body.size(), '\0');
  int written = 0;
  const bool decrypted =
      context && EVP_DecryptInit_ex2(context.get(), cipher, bytes(key), bytes(nonce), nullptr) == 1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, bytes(aad), static_cast<int>(aad.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), bytes(plain), &written, bytes(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1;
  // The tag is checked here. Until it held, `plain` is an attacker's text and must not leave this function.
  unsigned char rest[kTagBytes];
  if (!decrypted || EVP_DecryptFinal_ex(context.get(), rest, &written) != 1) {
    OPENSSL_cleanse(plain.data(), plain.size());
    return Errc::decrypt_failed;
  }
  return plain;
}

}  // namespace detail

Result<std::string> aes_gcm_open(const Secret& key, std::string_view nonce, std::string_view aad,
                                 std::string_view base64) {
  if (auto good = check_key(key); !good) return good.error();
  auto sealed = base64_decode(base64);
  if (!sealed) return Errc::decrypt_failed;
  return detail::gcm_open_raw(key.reveal(), nonce, aad, *sealed);
}

Result<std::string> aes_gcm_seal(const Secret& key, std::string_view nonce, std::string_view aad,
                                 std::string_view plain) {
  if (auto good = check_key(key); !good) return good.error();
  if (nonce.size() != kNonceBytes) return Error(Errc::crypto_failed, "an AES-GCM nonce has exactly 12 bytes here");
  if (!fits_int(plain) || !fits_int(aad)) return Error(Errc::crypto_failed, "too long to seal at once");
  ErrorQueueGuard guard;
  CipherContext context(EVP_CIPHER_CTX_new());
  std::string sealed(plain.size() + kTagBytes, '\0');
  int written = 0;
  const bool ok =
      context && EVP_EncryptInit_ex2(context.get(), aes_256_gcm(), bytes(key.reveal()), bytes(nonce), nullptr) == 1 &&
      EVP_EncryptUpdate(context.get(), nullptr, &written, bytes(aad), static_cast<int>(aad.size())) == 1 &&
      EVP_EncryptUpdate(context.get(), bytes(sealed), &written, bytes(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(context.get(), bytes(sealed) + plain.size(), &written) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, sealed.data() + plain.size()) == 1;
  if (!ok) return Errc::crypto_failed;
  return base64_encode(sealed);
}

}  // namespace purser::crypto
