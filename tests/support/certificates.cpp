#include "tests/support/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <unistd.h>

namespace purser::test {
namespace {

using Key = std::shared_ptr<EVP_PKEY>;
using Certificate = std::shared_ptr<X509>;

constexpr long kDay = 24 * 3600;

void check(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("test certificate: ") + what);
}

Key new_key() {
  Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  check(key != nullptr, "key");
  return key;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  std::shared_ptr<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()),
                                            X509_EXTENSION_free);
  check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1, value.c_str());
}

struct Wish {
  std::string common_name;
  std::string names;  // empty: an authority
  long seconds_left = kDay;
};

// `issuer` null: signed by itself.
Certificate new_certificate(const Wish& wish, const Key& key, const X509* issuer, const Key& issuer_key) {
  static long serial = 1;
  Certificate certificate(X509_new(), X509_free);
  X509* x = certificate.get();
  X509_set_version(x, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
  X509_gmtime_adj(X509_getm_notBefore(x), -2 * kDay);
  X509_gmtime_adj(X509_getm_notAfter(x), wish.seconds_left);
  X509_set_pubkey(x, key.get());
  X509_NAME* name = X509_get_subject_name(x);
  const auto* text = reinterpret_cast<const unsigned char*>(wish.common_name.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0);
  X509_set_issuer_name(x, issuer != nullptr ? X509_get_subject_name(issuer) : name);
  if (wish.names.empty()) {
    add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(x, NID_key_usage, "critical,keyCertSign");
  } else {
    add_extension(x, NID_subject_alt_name, wish.names);
  }
  check(X509_sign(x, issuer_key.get(), EVP_sha256()) > 0, "signature");
  return certificate;
}

template <class Write>
std::string pem(Write write) {
  std::shared_ptr<BIO> out(BIO_new(BIO_s_mem()), BIO_free);
  check(write(out.get()) == 1, "PEM");
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string certificate_pem(X509* x) {
  return pem([&](BIO* out) { return PEM_write_bio_X509(out, x); });
}

Identity identity(X509* x, EVP_PKEY* key) {
  return {certificate_pem(x),
          pem([&](BIO* out) { return PEM_write_bio_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr); })};
}

}  // namespace

CertificateAuthority::CertificateAuthority() : key_(new_key()) {
  certificate_ = new_certificate({"Test Authority", "", kDay}, key_, nullptr, key_);
  std::string path = (std::filesystem::temp_directory_path() / "purser-ca-XXXXXX").string();
  const int fd = mkstemp(path.data());
  check(fd >= 0, "temporary file");
  close(fd);
  file_ = path;
  std::ofstream(file_) << certificate_pem(certificate_.get());
}

CertificateAuthority::~CertificateAuthority() {
  std::error_code ignored;
  std::filesystem::remove(file_, ignored);
}

Identity CertificateAuthority::issue(const std::string& names, bool expired) const {
  const Key key = new_key();
  const auto certificate = new_certificate({"leaf", names, expired ? -3600 : kDay}, key, certificate_.get(), key_);
  return identity(certificate.get(), key.get());
}

Identity self_signed(const std::string& names) {
  const Key key = new_key();
  const auto certificate = new_certificate({"self", names, kDay}, key, nullptr, key);
  return identity(certificate.get(), key.get());
}

std::unique_ptr<boost::asio::ssl::context> server_tls(const Identity& identity) {
  auto context = std::make_unique<boost::asio::ssl::context>(boost::asio::ssl::context::tls_server);
  context->use_certificate_chain(boost::asio::buffer(identity.certificate_pem));
  context->use_private_key(boost::asio::buffer(identity.key_pem), boost::asio::ssl::context::pem);
  return context;
}

}  // namespace purser::test
