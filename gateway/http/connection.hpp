// One outgoing connection, plain or TLS. Used by the client's pool alone. After any error, and after a cancellation,
// it is good for nothing but to be destroyed.
#pragma once

#include "gateway/http/client.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace purser::http {

using Endpoints = std::vector<asio::ip::tcp::endpoint>;

struct Exchange {
  Reply reply;
  bool reusable = false;  // both sides are at the end of the message and mean to go on
};

struct Piece {
  std::string bytes;      // may be empty
  bool last = false;      // the body ends with it
  bool reusable = false;  // as in Exchange, with the last one
};

class Connection {
 public:
  virtual ~Connection() = default;

  // Tries the endpoints in their order, then shakes hands. Errors: connect_failed, tls_failed, canceled.
  virtual Task<Result<void>> open(Endpoints endpoints) = 0;
  // Sends a whole request and reads its reply. Errors: connection_lost, reply_malformed, reply_too_large, canceled.
  virtual Task<Result<Exchange>> exchange(std::string request, bool is_head) = 0;
  // The same in steps: sends a whole request and reads the head of its reply, then the body piece by piece until the
  // last one.
  virtual Task<Result<Reply>> begin(std::string request) = 0;
  virtual Task<Result<Piece>> more() = 0;

  // Whether any byte of the answer to the last request has come.
  virtual bool answer_begun() const = 0;
  // Nothing has come while it lay idle: no end, no alert, no stray answer.
  virtual bool still_clean() = 0;
  // Ends what is under way with an error, from beside it.
  virtual void stop() = 0;
  // Tells the peer that it ends, without waiting.
  virtual void say_goodbye() = 0;
};

// `tls` is null for a plain connection; otherwise the peer must prove that it is `host`.
std::unique_ptr<Connection> make_connection(asio::any_io_executor executor, asio::ssl::context* tls, std::string host,
                                            const ClientLimits& limits);

// TLS 1.2 or newer; the peer's chain is always verified, against `ca_file` alone or else the system's trust store.
// Error: key_malformed when the file cannot be read.
Result<std::unique_ptr<asio::ssl::context>> make_client_tls(const std::string& ca_file);
// Error: key_malformed; `context` is not to be used then.
Result<void> use_identity(asio::ssl::context& context, const ClientIdentity& identity);

}  // namespace purser::http
