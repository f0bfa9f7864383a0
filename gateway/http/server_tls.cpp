#include "gateway/http/server_tls.hpp"

#include "config/secret_file.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace purser::http {
namespace {

constexpr std::uintmax_t kPemBytesMax = 1 << 20;
// Key exchanges that a stolen key does not open later, and ciphers that authenticate. TLS 1.3 has no others.
constexpr char kCiphersOfTls12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// What was tried leaves nothing for the next user of this thread's queue.
struct CleanErrorQueue {
  CleanErrorQueue() { ERR_clear_error(); }
  ~CleanErrorQueue() { ERR_clear_error(); }
  CleanErrorQueue(const CleanErrorQueue&) = delete;
  CleanErrorQueue& operator=(const CleanErrorQueue&) = delete;
};

UtcTime utc_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return UtcTime(std::chrono::seconds(timegm(&parts)));
}

// Nobody is asked for a passphrase at the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Certificates = std::vector<Certificate>;

// In their order, up to the first place that is none.
Certificates certificates_in(const std::string& pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      BIO_free);
  Certificates out;
  for (;;) {
    Certificate next(PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr), X509_free);
    if (!next) return out;
    out.push_back(std::move(next));
  }
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

// Who offers protocols and not ours would not understand our answers.
int choose_http_1_1(SSL*, const unsigned char** chosen, unsigned char* length, const unsigned char* offered,
                    unsigned int offered_length, void*) {
  constexpr unsigned char kOurs[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(&found, length, kOurs, sizeof kOurs, offered, offered_length);
  *chosen = found;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

class TlsLoading {
 public:
  TlsLoading(const TlsSettings& settings, std::string_view section, UtcTime now)
      : settings_(settings), section_(section), now_(now) {}

  Result<std::shared_ptr<ServerTls>> run() {
    const CleanErrorQueue guard;
    limit_to_what_is_sound();
    Result<void> done = take_certificate();
    if (done) done = take_key();
    if (done && !settings_.client_ca_file.empty()) done = ask_clients();
    if (!done) return done.error();
    return made_;
  }

 private:
  Error wrong(std::string_view setting, const std::string& what, Errc code = Errc::key_malformed) const {
    const std::string key = section_ + "." + std::string(setting);
    return {code, key + " " + what, key};
  }
  SSL_CTX* raw() { return made_->context.native_handle(); }

  void limit_to_what_is_sound() {
    SSL_CTX_set_min_proto_version(raw(), TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(raw(), kCiphersOfTls12);
    SSL_CTX_set_options(raw(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                   SSL_OP_PRIORITIZE_CHACHA);
    // The chain is what the file holds: authorities of clients are nobody's to be shown.
    SSL_CTX_set_mode(raw(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
    SSL_CTX_set_default_passwd_cb(raw(), no_passphrase);
    SSL_CTX_set_alpn_select_cb(raw(), choose_http_1_1, nullptr);
  }

  Result<std::string> read(std::string_view setting, const std::string& path) const {
    std::error_code ec;
    // A pipe would keep the whole daemon waiting for its writer.
    const bool file = std::filesystem::is_regular_file(path, ec);
    if (!file) return wrong(setting, "names no file that can be read: " + path, Errc::config_unreadable);
    if (std::filesystem::file_size(path, ec) > kPemBytesMax)
      return wrong(setting, "names a file of more than 1 MiB: " + path, Errc::config_unreadable);
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in.bad() || text.empty())
      return wrong(setting, "names a file that cannot be read: " + path, Errc::config_unreadable);
    return text;
  }

  Result<void> take_certificate() {
    const auto pem = read("certificate_file", settings_.certificate_file);
    if (!pem) return pem.error();
    const Certificates chain = certificates_in(*pem);
    if (chain.empty()) return wrong("certificate_file", "holds no certificate in PEM: " + settings_.certificate_file);
    X509* first = chain.front().get();
    made_->ends = utc_of(X509_get0_notAfter(first));
    if (made_->ends <= now_) return wrong("certificate_file", "has expired at " + format_time(made_->ends));
    const UtcTime begins = utc_of(X509_get0_notBefore(first));
    if (begins > now_) return wrong("certificate_file", "is not valid before " + format_time(begins));
    if ((X509_get_extended_key_usage(first) & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0)
      return wrong("certificate_file", "is not for servers: its extended key usage leaves serverAuth out");
    for (const Certificate& one : chain)
      if (is_weakly_signed(one.get()))
        return wrong("certificate_file", "holds a certificate with a SHA-1 or weaker signature: " + name_of(one.get()));
    boost::system::error_code ec;
    made_->context.use_certificate_chain(boost::asio::buffer(*pem), ec);
    if (ec) return wrong("certificate_file", "cannot be used: " + ec.message());
    return success();
  }

  Result<void> take_key() {
    const auto pem = read_secret_file(settings_.key_file);
    if (!pem) return wrong("key_file", "cannot be taken: " + pem.error().message, pem.code());
    boost::system::error_code ec;
    made_->context.use_private_key(boost::asio::buffer(pem->reveal()), boost::asio::ssl::context::pem, ec);
    // OpenSSL compares at once when the certificate is there already.
    const bool other = ec && ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == X509_R_KEY_VALUES_MISMATCH;
    if (other || (!ec && SSL_CTX_check_private_key(raw()) != 1))
      return wrong("key_file", "is not the key of " + section_ + ".certificate_file");
    if (ec) return wrong("key_file", "holds no usable private key in PEM without a passphrase: " + settings_.key_file);
    return success();
  }

  Result<void> ask_clients() {
    const auto pem = read("client_ca_file", settings_.client_ca_file);
    if (!pem) return pem.error();
    const Certificates authorities = certificates_in(*pem);
    for (const Certificate& one : authorities)
      if (X509_check_ca(one.get()) == 0)
        return wrong("client_ca_file", "holds a certificate that is no authority's: " + name_of(one.get()));
    // One that has ended beside its successor is how authorities change; with none left nobody could come in.
    const auto has_ended = [this](const Certificate& one) { return utc_of(X509_get0_notAfter(one.get())) <= now_; };
    if (!authorities.empty() && std::all_of(authorities.begin(), authorities.end(), has_ended))
      return wrong("client_ca_file", "holds no authority that has not expired: " + settings_.client_ca_file);
    STACK_OF(X509_NAME)* names = SSL_load_client_CA_file(settings_.client_ca_file.c_str());
    if (names == nullptr || SSL_CTX_load_verify_file(raw(), settings_.client_ca_file.c_str()) != 1) {
      sk_X509_NAME_pop_free(names, X509_NAME_free);
      return wrong("client_ca_file", "holds no certificates in PEM: " + settings_.client_ca_file);
    }
    SSL_CTX_set_client_CA_list(raw(), names);  // which takes them over
    SSL_CTX_set_verify(raw(), SSL_VERIFY_PEER | (settings_.client_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       nullptr);
    // Each connection proves anew who it is: a ticket would outlive the authority that vouched for its holder.
    SSL_CTX_set_session_cache_mode(raw(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(raw(), 0);
    SSL_CTX_set_options(raw(), SSL_OP_NO_TICKET);
    made_->asks_client = true;
    return success();
  }

  const TlsSettings& settings_;
  const std::string section_;
  const UtcTime now_;
  const std::shared_ptr<ServerTls> made_ = std::make_shared<ServerTls>();
};

}  // namespace

Result<std::shared_ptr<ServerTls>> load_server_tls(const TlsSettings& settings, std::string_view section, UtcTime now) {
  return TlsLoading(settings, section, now).run();
}

}  // namespace purser::http
