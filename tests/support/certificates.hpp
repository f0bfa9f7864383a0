// Certificates made on the spot, for TLS peers in tests. EC P-256, valid around the real present.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <openssl/types.h>

#include <memory>
#include <string>

namespace purser::test {

struct Identity {
  std::string certificate_pem;
  std::string key_pem;
};

class CertificateAuthority {
 public:
  CertificateAuthority();

  // `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1". Valid for a day, or until an hour ago.
  Identity issue(const std::string& names, bool expired = false) const;
  // What a client trusts: a PEM file, removed with this object.
  const std::string& file() const { return file_; }
  ~CertificateAuthority();
  CertificateAuthority(const CertificateAuthority&) = delete;
  CertificateAuthority& operator=(const CertificateAuthority&) = delete;

 private:
  std::shared_ptr<EVP_PKEY> key_;
  std::shared_ptr<X509> certificate_;
  std::string file_;
};

// Signed by itself: nobody's certificate.
Identity self_signed(const std::string& names);

std::unique_ptr<boost::asio::ssl::context> server_tls(const Identity& identity);

}  // namespace purser::test
