// What a listener shows to those who connect, and whom it lets in: a certificate with its key, and authorities of
// clients. Made whole from files or not at all; a server changes from one to the next while it runs.
#pragma once

#include "config/settings.hpp"
#include "validation/money/result.hpp"

#include <boost/asio/ssl/context.hpp>

#include <string_view>

namespace purser::http {

struct ServerTls {
  boost::asio::ssl::context context{boost::asio::ssl::context::tls_server};
  UtcTime ends{};            // of the certificate
  bool asks_client = false;  // for a certificate
};

// TLS 1.2 and 1.3, HTTP/1.1 alone, forward secrecy. `section` is how the settings call it ("tls"); the error's param is
// the setting, its message says what is wrong with the file: config_unreadable when it is missing, too long or a key
// that others may read, key_malformed when it holds something else, when the key is not the certificate's, and when
// the certificate's time is over or has not come at `now`.
Result<std::shared_ptr<ServerTls>> load_server_tls(const TlsSettings& settings, std::string_view section, UtcTime now);

}  // namespace purser::http
