#include "gateway/crypto/openssl.hpp"

#include <stdexcept>

namespace purser::crypto {
namespace {

template <class T>
T* present(T* algorithm, const char* name) {
  if (algorithm == nullptr) throw std::runtime_error(std::string("OpenSSL does not offer ") + name);
  return algorithm;
}

}  // namespace

// Never freed: the handles live as long as the process, and other statics may still need them while it ends.
const EVP_MD* sha256() {
  static const EVP_MD* md = present(EVP_MD_fetch(nullptr, "SHA256", nullptr), "SHA256");
  return md;
}

const EVP_MD* sha1() {
  static const EVP_MD* md = present(EVP_MD_fetch(nullptr, "SHA1", nullptr), "SHA1");
  return md;
}

const EVP_CIPHER* aes_256_gcm() {
  static const EVP_CIPHER* cipher = present(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr), "AES-256-GCM");
  return cipher;
}

const EVP_CIPHER* aes_128_gcm() {
  static const EVP_CIPHER* cipher = present(EVP_CIPHER_fetch(nullptr, "AES-128-GCM", nullptr), "AES-128-GCM");
  return cipher;
}

EVP_MAC* hmac() {
  static EVP_MAC* mac = present(EVP_MAC_fetch(nullptr, "HMAC", nullptr), "HMAC");
  return mac;
}

std::string contents(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

}  // namespace purser::crypto
