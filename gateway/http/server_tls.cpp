#include "gateway/http/server_tls.hpp"

#include "config/secret_file.hpp"
#include "gateway/http/certificates.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

namespace purser::http {
namespace {

constexpr std::uintmax_t kPemBytesMax = 1 << 20;
constexpr int kSecurityLevelMin = 2;
// Key exchanges that a stolen key does not open later, and ciphers that authenticate. TLS 1.3 has no others.
constexpr char kCiphersOfTls12[] = "ECDHE+AESGCM:ECDHE+CHACHA20";

// What was tried leaves nothing for the next user of this thread's queue.
struct CleanErrorQueue {
  CleanErrorQueue() { ERR_clear_error(); }
  ~CleanErrorQueue() { ERR_clear_error(); }
  CleanErrorQueue(const CleanErrorQueue&) = delete;
  CleanErrorQueue& operator=(const CleanErrorQueue&) = delete;
};

// Nobody is asked for a passphrase at the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
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
    // Keys of 112 bits (RSA 2048) and no SHA-1, in our chain and in clients', whatever the system is set to.
    SSL_CTX_set_security_level(raw(), std::max(kSecurityLevelMin, SSL_CTX_get_security_level(raw())));
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
    if (const std::string fault = fault_of_chain(chain, now_); !fault.empty()) return wrong("certificate_file", fault);
    made_->ends = end_of(chain.front().get());
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
    if (authorities.empty())
      return wrong("client_ca_file", "holds no certificates in PEM: " + settings_.client_ca_file);
    const std::string fault = fault_of_authorities(authorities, now_, SSL_CTX_get_security_level(raw()));
    if (!fault.empty()) return wrong("client_ca_file", fault);
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
