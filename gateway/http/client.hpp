// Port and pool of outgoing HTTP: keep-alive per origin, TLS that verifies chain and host name with no switch to turn
// that off, bounded sizes and times. The error says whether anything left the machine: connect_failed, tls_failed,
// expired_before_start are definite (nothing was sent); connection_lost, timed_out, reply_malformed, reply_too_large
// are not, and mean unknown when money is concerned.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/http/message.hpp"
#include "validation/money/secret.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace purser::http {

// "https://api.example.com:8443/v1" taken apart. http and https only.
struct Origin {
  std::string scheme;
  std::string host;
  std::string port;
  std::string base_path;  // without a trailing '/'
  static Result<Origin> parse(std::string_view url);
};

struct Call {
  Call(Origin where, std::string verb, std::string path_and_query)
      : origin(std::move(where)), method(std::move(verb)), target(std::move(path_and_query)) {}
  Origin origin;
  std::string method;
  std::string target;  // sent as is; base_path is not added
  Headers headers;     // Host, Content-Length and Connection are set by the client
  std::string body;
  bool once = false;  // never sent a second time, whatever the method
};

struct Reply {
  int status = 0;
  Headers headers;
  std::string body;  // raw bytes as received, after de-chunking
};

// What we show a peer that asks who we are (mTLS).
struct ClientIdentity {
  std::string certificate_pem;  // with its chain
  Secret key_pem;
};

struct ClientLimits {
  std::size_t reply_bytes_max = 4 << 20;
  std::size_t reply_header_bytes_max = 32 << 10;
  std::size_t idle_connections_per_origin_max = 64;
  std::size_t connections_per_origin_max = 64;
  // Connects to addresses of the public internet alone, however their name or number is written: for URLs that others
  // choose. The address that was judged is the one connected to.
  bool public_addresses_only = false;
  std::chrono::milliseconds connect_time_max{5'000};
  std::chrono::milliseconds idle_time_max{60'000};
};

// Takes the body of a reply while it comes.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // The head has come, and no byte of the body yet.
  virtual void head(int status, const Headers& headers) = 0;
  // The next bytes of the body. False: nothing more is wanted.
  virtual bool piece(std::string_view bytes) = 0;
  // Until when the head, then each next piece, is waited for. Asked before every wait.
  virtual Clock::time_point limit() const = 0;
};

class Client {
 public:
  virtual ~Client() = default;
  // One attempt, never a retry of its own, but for a pooled connection that turned out to be closed before any byte of
  // an answer came and only when `Call::method` is GET and it is not `once`. Cancellation closes the connection.
  virtual Task<Result<Reply>> send(Call call, Deadline deadline) = 0;
  // From now on connections to this origin, and to no other, show this identity where they are asked for one. May be
  // called again with another one: idle connections end, those in use end as they began. Error: key_malformed, also
  // when the key is not the certificate's; what was shown before stays then.
  virtual Result<void> present(const Origin& origin, ClientIdentity identity);
  // The same with the body handed to `sink` as it comes; the reply that is returned has none. Errors as send(), also
  // after pieces have been handed out: then the body was cut. A limit of the sink that passes is timed_out. Unless
  // overridden, the body is handed over in one piece.
  virtual Task<Result<Reply>> stream(Call call, ReplySink& sink, Deadline deadline);
};

// `ca_file` empty: the system's trust store. Error: key_malformed when it cannot be read.
Result<std::unique_ptr<Client>> make_client(boost::asio::any_io_executor executor, Clock& clock, ClientLimits limits,
                                            const std::string& ca_file);

}  // namespace purser::http
