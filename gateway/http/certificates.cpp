#include "gateway/http/certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <utility>

namespace purser::http {
namespace {

UtcTime utc_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return UtcTime(std::chrono::seconds(timegm(&parts)));
}

// Nobody is asked for a passphrase at the terminal.
int no_passphrase_here(char*, int, int, void*) {
  return -1;
}

std::string name_of(const X509* certificate) {
  std::array<char, 256> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
  return text.data();
}

// What a root says of itself is believed for other reasons than its signature.
bool is_weakly_signed(X509* certificate) {
  constexpr int kBitsMin = 80;  // SHA-1 has 63
  int bits = 0;
  if ((X509_get_extension_flags(certificate) & EXFLAG_SS) != 0) return false;
  return X509_get_signature_info(certificate, nullptr, nullptr, &bits, nullptr) == 1 && bits < kBitsMin;
}

std::string curve_of(const EVP_PKEY* key) {
  std::array<char, 64> name{};
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1 ? name.data() : "of its own making";
}

// Clients take the signature of no other key; a server that has one starts, and fails at each handshake.
std::string fault_of_key(const EVP_PKEY* key) {
  const std::string known = "; clients take RSA, P-256, P-384, P-521 and Ed25519";
  if (key == nullptr) return "is of a key that cannot be read" + known;
  const int kind = EVP_PKEY_get_base_id(key);
  if (kind == EVP_PKEY_EC) {
    const std::string curve = curve_of(key);
    if (curve == SN_X9_62_prime256v1 || curve == SN_secp384r1 || curve == SN_secp521r1) return {};
    return "is of a key on the curve " + curve + known;
  }
  const bool taken = kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS || kind == EVP_PKEY_ED25519 ||  //
                     kind == EVP_PKEY_ED448;
  return taken ? std::string() : "is of a key that TLS does not sign with" + known;
}

bool has_issued(X509* issuer, X509* certificate) {
  return X509_check_issued(issuer, certificate) == X509_V_OK && X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;
}

// The first that vouches neither for the server's own nor for one that does; nullptr: none. Their order is no matter,
// as clients have it since TLS 1.3.
const X509* stray_in(const Certificates& chain) {
  std::vector<X509*> belong{chain.front().get()};
  std::vector<X509*> left;
  for (std::size_t i = 1; i < chain.size(); ++i) left.push_back(chain[i].get());
  for (std::size_t at = 0; at < belong.size(); ++at) {
    X509* vouched_for = belong[at];
    const auto rest =
        std::stable_partition(left.begin(), left.end(), [&](X509* one) { return has_issued(one, vouched_for); });
    belong.insert(belong.end(), left.begin(), rest);
    left.erase(left.begin(), rest);
  }
  return left.empty() ? nullptr : left.front();
}

struct Finding {
  int code = X509_V_OK;
  std::string about;  // the certificate that it is of
};

// Whether a client of `authority` could come in by `trusted`, as OpenSSL will find then.
Finding finding_about(X509* authority, X509_STORE* trusted, UtcTime now, int security_level) {
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              X509_STORE_CTX_free);
  if (!check || X509_STORE_CTX_init(check.get(), trusted, authority, nullptr) != 1)
    return {X509_V_ERR_UNSPECIFIED, name_of(authority)};
  X509_STORE_CTX_set_time(check.get(), 0, to_seconds(now));
  X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(check.get()), security_level);
  if (X509_verify_cert(check.get()) == 1) return {X509_V_OK, {}};
  const X509* about = X509_STORE_CTX_get_current_cert(check.get());
  return {X509_STORE_CTX_get_error(check.get()), name_of(about == nullptr ? authority : about)};
}

std::string fault_told(const Finding& finding) {
  switch (finding.code) {
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
      return "holds an authority whose key is too weak (RSA has 2048 bits or more): " + finding.about;
    case X509_V_ERR_CA_MD_TOO_WEAK:
      return "holds an authority with a SHA-1 or weaker signature: " + finding.about;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
      return "holds an authority without the root that vouches for it: " + finding.about;
    default:
      return "holds an authority that lets nobody in (" + std::string(X509_verify_cert_error_string(finding.code)) +
             "): " + finding.about;
  }
}

}  // namespace

Certificates certificates_in(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      BIO_free);
  Certificates out;
  for (;;) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase_here, nullptr), X509_free);
    if (!next) return out;
    out.push_back(std::move(next));
  }
}

UtcTime end_of(const X509* certificate) {
  return utc_of(X509_get0_notAfter(certificate));
}

std::string fault_of_chain(const Certificates& chain, UtcTime now) {
  X509* first = chain.front().get();
  if (end_of(first) <= now) return "has expired at " + format_time(end_of(first));
  const UtcTime begins = utc_of(X509_get0_notBefore(first));
  if (begins > now) return "is not valid before " + format_time(begins);
  if ((X509_get_extended_key_usage(first) & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0)
    return "is not for servers: its extended key usage leaves serverAuth out";
  if (std::string fault = fault_of_key(X509_get0_pubkey(first)); !fault.empty()) return fault;
  for (const Certificate& one : chain)
    if (is_weakly_signed(one.get()))
      return "holds a certificate with a SHA-1 or weaker signature: " + name_of(one.get());
  const X509* stray = stray_in(chain);
  if (stray == nullptr) return {};
  return "holds a certificate that is no part of the chain of " + name_of(first) + ": " + name_of(stray);
}

std::string fault_of_authorities(const Certificates& authorities, UtcTime now, int security_level) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> trusted(X509_STORE_new(), X509_STORE_free);
  for (const Certificate& one : authorities) {
    if (X509_check_ca(one.get()) == 0) return "holds a certificate that is no authority's: " + name_of(one.get());
    if (X509_check_purpose(one.get(), X509_PURPOSE_SSL_CLIENT, 1) == 0)
      return "holds an authority that vouches for no clients: its extended key usage leaves clientAuth out: " +
             name_of(one.get());
    X509_STORE_add_cert(trusted.get(), one.get());
  }
  // One that has ended beside its successor is how authorities change; with none left nobody could come in.
  bool some = false;
  for (const Certificate& one : authorities) {
    const Finding finding = finding_about(one.get(), trusted.get(), now, security_level);
    const bool out_of_time =
        finding.code == X509_V_ERR_CERT_HAS_EXPIRED || finding.code == X509_V_ERR_CERT_NOT_YET_VALID;
    if (finding.code == X509_V_OK) some = true;
    if (finding.code != X509_V_OK && !out_of_time) return fault_told(finding);
  }
  return some ? std::string() : "holds no authority that is valid now: each has expired, or is not valid yet";
}

}  // namespace purser::http
