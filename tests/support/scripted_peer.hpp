// A server that does exactly what its script says, byte for byte, for tests of a client on the same Loop. It listens on
// a free loopback port; each connection, in order of arrival, plays the next script, and after its last step stays
// until the client closes. A connection without a script is closed at once.
//
//   ScriptedPeer peer(loop);
//   peer.play({Step::request(), Step::send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")});
//   ... the client sends ...
//   EXPECT_EQ(peer.requests(), ...);
#pragma once

#include "gateway/async/task_group.hpp"
#include "tests/support/loop.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace purser::test {

class Step {
 public:
  enum class Kind { request, send, drip, close, reset, stall };

  // Reads one request, its body by its Content-Length, and records it.
  static Step request() { return Step(Kind::request, {}); }
  static Step send(std::string bytes) { return Step(Kind::send, std::move(bytes)); }
  // One byte a write.
  static Step drip(std::string bytes) { return Step(Kind::drip, std::move(bytes)); }
  // Closes in the regular way; over TLS with its goodbye.
  static Step close() { return Step(Kind::close, {}); }
  static Step reset() { return Step(Kind::reset, {}); }
  // Does nothing until the client closes. As the first step of a TLS peer: not even a handshake.
  static Step stall() { return Step(Kind::stall, {}); }

  Kind kind() const { return kind_; }
  const std::string& bytes() const { return bytes_; }

 private:
  Step(Kind kind, std::string bytes) : kind_(kind), bytes_(std::move(bytes)) {}
  Kind kind_;
  std::string bytes_;
};

using Script = std::vector<Step>;

// "HTTP/1.1 200 OK" with a length and this body.
std::string ok_reply(const std::string& body, const std::string& headers = "");

class ScriptedPeer {
 public:
  // `tls` null: plain.
  explicit ScriptedPeer(Loop& loop, std::unique_ptr<asio::ssl::context> tls = nullptr);
  ~ScriptedPeer();
  ScriptedPeer(const ScriptedPeer&) = delete;
  ScriptedPeer& operator=(const ScriptedPeer&) = delete;

  void play(Script script);
  std::uint16_t port() const;
  // "http://127.0.0.1:PORT", or https.
  std::string url(const std::string& host = "127.0.0.1") const;

  // What has been recorded, over all connections.
  const std::vector<std::string>& requests() const;
  std::size_t connections() const;       // accepted so far
  std::size_t connections_open() const;  // not yet closed by either side
  std::size_t handshakes_failed() const;
  const std::string& server_name() const;  // what the last TLS client asked for

 private:
  struct State;
  static Task<void> accept(std::shared_ptr<State> state);
  static Task<void> serve_plain(std::shared_ptr<State> state, asio::ip::tcp::socket socket, Script script);
  static Task<void> serve_tls(std::shared_ptr<State> state, asio::ip::tcp::socket socket, Script script);

  std::shared_ptr<State> state_;
};

}  // namespace purser::test
