// HTTP/1.1 server, strict: see the refusals in server.cpp. Keep-alive, bounded in every direction; Beast stays inside.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/http/message.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace purser::http {

struct ServerLimits {
  std::size_t header_bytes_max = 8192;
  std::size_t header_count_max = 64;
  std::size_t target_bytes_max = 2048;
  std::size_t body_bytes_max = 1 << 20;
  std::size_t bodies_bytes_max = 64 << 20;  // of all requests that come or are being answered
  std::size_t connections_max = 4096;
  std::size_t connections_per_peer_max = 1024;
  std::vector<std::string> peers_of_many{};  // addresses of proxies: held to connections_max alone
  std::chrono::milliseconds header_time_max{10'000};
  std::chrono::milliseconds body_time_max{30'000};
  std::chrono::milliseconds idle_time_max{60'000};
  std::chrono::milliseconds write_time_max{30'000};
};

struct ServerTls;

class Server {
 public:
  // Lives on the one thread of `executor`, which is an io_context's own (std::invalid_argument when not) and outlives
  // the server, as does `clock`. Destroying it cuts every connection.
  Server(boost::asio::any_io_executor executor, Clock& clock, ServerLimits limits, Handler handler);
  ~Server();

  // "127.0.0.1:0", "[::1]:8080". Returns the port bound. Error: bind_failed naming address and cause.
  Result<std::uint16_t> listen(const std::string& address);
  // From now on who connects is greeted with it, and plain HTTP is refused; connections that are open go on as they
  // began. Never null.
  void use_tls(std::shared_ptr<ServerTls> tls);
  // Accepts until stop(); returns when every connection has ended. Run it in a task group. Canceled: cuts them all.
  Task<void> run();
  // Stops accepting and lets requests in flight finish; connections that are idle or streaming are closed at once.
  // After `grace` the rest is cut. Idempotent.
  Task<void> stop(Clock::duration grace);

  struct Counters {
    std::uint64_t connections_open = 0;
    std::uint64_t connections_total = 0;
    std::uint64_t requests_total = 0;
    std::uint64_t refused_total = 0;  // malformed or over a limit
    std::uint64_t handshakes_failed = 0;
  };
  Counters counters() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace purser::http
