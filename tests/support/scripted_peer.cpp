#include "tests/support/scripted_peer.hpp"

#include "gateway/async/completion.hpp"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <type_traits>

namespace purser::test {
namespace {

using tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;

std::size_t whole_request(const std::string& received) {
  const auto end = received.find("\r\n\r\n");
  if (end == std::string::npos) return std::string::npos;
  const auto length = received.find("\r\nContent-Length: ");
  if (length == std::string::npos || length > end) return end + 4;
  return end + 4 + std::stoul(received.substr(length + 18, 12));
}

// The rest of the connection is of no interest.
template <class Stream>
Task<void> read_until_closed(Stream& stream) {
  std::array<char, 1024> noise;
  for (;;) {
    auto [ec, n] = co_await stream.async_read_some(asio::buffer(noise), kTuple);
    if (ec) co_return;
  }
}

template <class Stream>
Task<bool> read_request(Stream& stream, std::string& received, std::vector<std::string>& requests) {
  std::array<char, 4096> piece;
  while (whole_request(received) > received.size()) {
    auto [ec, n] = co_await stream.async_read_some(asio::buffer(piece), kTuple);
    received.append(piece.data(), n);
    if (ec) co_return false;
  }
  const std::size_t size = whole_request(received);
  requests.push_back(received.substr(0, size));
  received.erase(0, size);
  co_return true;
}

template <class Stream>
Task<bool> write(Stream& stream, std::string bytes) {
  auto [ec, n] = co_await asio::async_write(stream, asio::buffer(bytes), kTuple);
  co_return !ec;
}

template <class Stream>
Task<bool> drip(Stream& stream, std::string bytes) {
  for (const char c : bytes) {
    bool written = co_await write(stream, std::string(1, c));
    if (!written) co_return false;
  }
  co_return true;
}

template <class Stream>
Task<void> say_goodbye(Stream& stream) {
  if constexpr (std::is_same_v<Stream, TlsStream>) {
    // Sends the alert at once and does not wait for the client's: the socket does not block here.
    stream.next_layer().non_blocking(true);
    boost::system::error_code ignored;
    stream.shutdown(ignored);
  }
  co_return;
}

template <class Stream>
Task<void> play(Stream& stream, tcp::socket& socket, Script script, std::vector<std::string>& requests) {
  std::string received;
  for (const Step& step : script) {
    bool going_on = true;
    switch (step.kind()) {
      case Step::Kind::request:
        going_on = co_await read_request(stream, received, requests);
        break;
      case Step::Kind::send:
        going_on = co_await write(stream, step.bytes());
        break;
      case Step::Kind::drip:
        going_on = co_await drip(stream, step.bytes());
        break;
      case Step::Kind::close:
        co_await say_goodbye(stream);
        socket.close();
        co_return;
      case Step::Kind::reset:
        socket.set_option(asio::socket_base::linger(true, 0));
        socket.close();
        co_return;
      case Step::Kind::stall:
        co_await read_until_closed(socket);
        co_return;
    }
    if (!going_on) co_return;
  }
  co_await read_until_closed(stream);
}

}  // namespace

struct ScriptedPeer::State {
  State(Loop& loop, std::unique_ptr<asio::ssl::context> t)
      : tls(std::move(t)),
        acceptor(loop.ioc, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        port(acceptor.local_endpoint().port()),
        tasks(loop.executor(), loop.clock, {}) {}

  std::unique_ptr<asio::ssl::context> tls;
  tcp::acceptor acceptor;
  std::uint16_t port;
  TaskGroup tasks;
  std::deque<Script> scripts;
  std::vector<std::string> requests;
  std::size_t connections = 0;
  std::size_t open = 0;
  std::size_t handshakes_failed = 0;
  std::string server_name;
};

ScriptedPeer::ScriptedPeer(Loop& loop, std::unique_ptr<asio::ssl::context> tls)
    : state_(std::make_shared<State>(loop, std::move(tls))) {
  (void)state_->tasks.spawn("accept", accept(state_));
}

ScriptedPeer::~ScriptedPeer() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->tasks.cut();
}

Task<void> ScriptedPeer::accept(std::shared_ptr<State> state) {
  for (;;) {
    auto [ec, socket] = co_await state->acceptor.async_accept(kTuple);
    if (ec) co_return;
    ++state->connections;
    if (state->scripts.empty()) continue;
    Script script = std::move(state->scripts.front());
    state->scripts.pop_front();
    ++state->open;
    auto task = state->tls ? serve_tls(state, std::move(socket), std::move(script))
                           : serve_plain(state, std::move(socket), std::move(script));
    (void)state->tasks.spawn("connection", std::move(task));
  }
}

Task<void> ScriptedPeer::serve_plain(std::shared_ptr<State> state, tcp::socket socket, Script script) {
  co_await test::play(socket, socket, std::move(script), state->requests);
  --state->open;
}

Task<void> ScriptedPeer::serve_tls(std::shared_ptr<State> state, tcp::socket socket, Script script) {
  TlsStream stream(std::move(socket), *state->tls);
  if (!script.empty() && script.front().kind() == Step::Kind::stall) {
    co_await read_until_closed(stream.next_layer());
    --state->open;
    co_return;
  }
  auto [ec] = co_await stream.async_handshake(asio::ssl::stream_base::server, kTuple);
  const char* name = SSL_get_servername(stream.native_handle(), TLSEXT_NAMETYPE_host_name);
  state->server_name = name != nullptr ? name : "";
  if (ec) {
    ++state->handshakes_failed;
  } else {
    co_await test::play(stream, stream.next_layer(), std::move(script), state->requests);
  }
  --state->open;
}

void ScriptedPeer::play(Script script) {
  state_->scripts.push_back(std::move(script));
}
std::uint16_t ScriptedPeer::port() const {
  return state_->port;
}
std::string ScriptedPeer::url(const std::string& host) const {
  return (state_->tls ? "https://" : "http://") + host + ":" + std::to_string(state_->port);
}
const std::vector<std::string>& ScriptedPeer::requests() const {
  return state_->requests;
}
std::size_t ScriptedPeer::connections() const {
  return state_->connections;
}
std::size_t ScriptedPeer::connections_open() const {
  return state_->open;
}
std::size_t ScriptedPeer::handshakes_failed() const {
  return state_->handshakes_failed;
}
const std::string& ScriptedPeer::server_name() const {
  return state_->server_name;
}

std::string ok_reply(const std::string& body, const std::string& headers) {
  return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace purser::test
