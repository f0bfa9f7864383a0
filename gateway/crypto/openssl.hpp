// Owners for OpenSSL's handles and the algorithms, fetched once. For the .cpp files of this folder only.
#pragma once

#include <climits>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

namespace purser::crypto {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};

using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using PkeyHandle = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freed<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;
using CertificateHandle = std::unique_ptr<X509, Freed<X509_free>>;

// A failed call leaves entries in the thread's error queue, and TLS on the same thread would read them as its own.
struct ErrorQueueGuard {
  ErrorQueueGuard() { ERR_clear_error(); }
  ~ErrorQueueGuard() { ERR_clear_error(); }
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
};

// OpenSSL has the digest, cipher or MAC or it is broken: std::runtime_error then. Looked up once, because a look-up by
// name takes a lock and a search each time.
const EVP_MD* sha256();
const EVP_MD* sha1();
const EVP_CIPHER* aes_256_gcm();
const EVP_CIPHER* aes_128_gcm();
EVP_MAC* hmac();

inline unsigned char* bytes(std::string& s) {
  return reinterpret_cast<unsigned char*>(s.data());
}
inline const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

// Everything written to a memory BIO.
std::string contents(BIO* bio);
// A BIO that reads `pem`, which outlives it; null when it is too long.
inline Bio reading(std::string_view pem) {
  return Bio(pem.size() <= INT_MAX ? BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())) : nullptr);
}
// OpenSSL asks on the terminal when an encrypted PEM comes without this.
inline int no_password(char*, int, int, void*) {
  return -1;
}

// Keys as the headers of this folder hold them, which do not know OpenSSL.
inline EVP_PKEY* raw(const std::shared_ptr<void>& key) {
  return static_cast<EVP_PKEY*>(key.get());
}
inline std::shared_ptr<void> shared(PkeyHandle key) {
  return {key.release(), [](void* p) { EVP_PKEY_free(static_cast<EVP_PKEY*>(p)); }};
}

}  // namespace purser::crypto
