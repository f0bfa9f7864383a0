// Accepting and stopping; the life of one connection is in session.cpp, what is refused in request_head.cpp.
#include "gateway/http/server.hpp"

#include "gateway/async/completion.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/async/task_log.hpp"
#include "gateway/http/session.hpp"
#include "gateway/log.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

namespace purser::http {
namespace {

using tcp = asio::ip::tcp;
using error_code = boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

// How long accepting rests when the process has run out of files or memory.
constexpr std::chrono::milliseconds kAcceptPause{100};

asio::io_context::executor_type concrete(const asio::any_io_executor& executor) {
  const auto* plain = executor.target<asio::io_context::executor_type>();
  if (plain == nullptr) throw std::invalid_argument("an HTTP server lives on an io_context's own executor");
  return *plain;
}

Result<tcp::endpoint> parse_endpoint(const std::string& address) {
  const Error malformed(Errc::bind_failed, address + ": an address is written 127.0.0.1:8080 or [::1]:8080", address);
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return malformed;
  std::string host = address.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  error_code ec;
  const auto ip = asio::ip::make_address(host, ec);
  if (ec || ip.is_v6() != bracketed) return malformed;
  std::uint16_t port = 0;
  const char* end = address.data() + address.size();
  const auto read = std::from_chars(address.data() + colon + 1, end, port);
  if (read.ec != std::errc() || read.ptr != end) return malformed;
  return tcp::endpoint(ip, port);
}

// IPv4 in IPv6 clothes is the same peer.
std::string peer_of(const ServerSocket& socket, error_code& ec) {
  const auto endpoint = socket.remote_endpoint(ec);
  if (ec) return {};
  const auto ip = endpoint.address();
  if (ip.is_v6() && ip.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, ip.to_v6()).to_string();
  }
  return ip.to_string();
}

void log_accept_failed(const error_code& ec) {
  log::warn("http.accept_failed", {{"what", ec.message()}});
}

}  // namespace

struct Server::Impl {
  Impl(asio::any_io_executor executor, Clock& clock, ServerLimits limits, Handler handler)
      : shared(std::make_shared<ServerShared>(executor, clock, limits, std::move(handler))),
        acceptor(concrete(executor)),
        sessions(executor, clock, logged_as("http.task_failed")),
        helpers(executor, clock, logged_as("http.task_failed")) {}

  // One connection's place among those that are counted; given back when the connection's coroutine is gone.
  class Place {
   public:
    Place(std::shared_ptr<Impl> impl, std::shared_ptr<Session> session, std::string peer);
    Place(Place&& other) noexcept
        : impl_(std::move(other.impl_)), session_(std::move(other.session_)), peer_(std::move(other.peer_)) {}
    ~Place();
    const std::shared_ptr<Session>& session() const { return session_; }

   private:
    std::shared_ptr<Impl> impl_;
    std::shared_ptr<Session> session_;
    std::string peer_;
  };

  static Task<void> serve(Place place);
  static Task<void> run(std::shared_ptr<Impl> impl);
  static Task<void> stop(std::shared_ptr<Impl> impl, Clock::duration grace);
  static Task<void> accept(std::shared_ptr<Impl> impl);

  void take_in(const std::shared_ptr<Impl>& self, ServerSocket socket);
  void turn_away(ServerSocket socket);
  void stop_accepting();
  void cut_all();

  std::shared_ptr<ServerShared> shared;
  Acceptor acceptor;
  TaskGroup sessions;
  TaskGroup helpers;
  std::set<std::shared_ptr<Session>> open;
  std::map<std::string, std::size_t> open_of_peer;
};

Server::Impl::Place::Place(std::shared_ptr<Impl> impl, std::shared_ptr<Session> session, std::string peer)
    : impl_(std::move(impl)), session_(std::move(session)), peer_(std::move(peer)) {
  impl_->open.insert(session_);
  ++impl_->open_of_peer[peer_];
  ++impl_->shared->counters.connections_total;
  impl_->shared->counters.connections_open = impl_->open.size();
}

Server::Impl::Place::~Place() {
  if (!impl_) return;
  session_->cut();  // also when its coroutine was canceled: a read may still hold it
  impl_->open.erase(session_);
  impl_->shared->counters.connections_open = impl_->open.size();
  const auto count = impl_->open_of_peer.find(peer_);
  if (--count->second == 0) impl_->open_of_peer.erase(count);
}

Task<void> Server::Impl::serve(Place place) {
  co_await Session::serve(place.session());
}

Task<void> Server::Impl::run(std::shared_ptr<Impl> impl) {
  if (!impl->shared->stopping) (void)impl->helpers.spawn("time limits", impl->shared->times.run());
  co_await accept(impl);
  if (!impl->shared->stopping) impl->cut_all();  // run() itself was canceled
  co_await impl->sessions.join();
  co_await impl->helpers.stop(Clock::duration::zero());
}

Task<void> Server::Impl::accept(std::shared_ptr<Impl> impl) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  bool failing = false;
  while (impl->acceptor.is_open()) {
    auto [ec, socket] = co_await impl->acceptor.async_accept(kTuple);
    if (ec == asio::error::operation_aborted) co_return;
    if (!ec) {
      failing = false;
      impl->take_in(impl, std::move(socket));
      continue;
    }
    if (ec == asio::error::connection_aborted) continue;  // gone before it was accepted
    if (!failing) log_accept_failed(ec);
    failing = true;
    const auto at = impl->shared->clock.now() + kAcceptPause;
    (void)co_await impl->shared->clock.sleep_until(at);
  }
}

void Server::Impl::take_in(const std::shared_ptr<Impl>& self, ServerSocket socket) {
  error_code ec;
  std::string peer = peer_of(socket, ec);
  if (ec) return;
  const auto of_peer = open_of_peer.find(peer);
  const std::size_t count = of_peer == open_of_peer.end() ? 0 : of_peer->second;
  const ServerLimits& limits = shared->limits;
  const auto& of_many = limits.peers_of_many;
  const bool alone = std::find(of_many.begin(), of_many.end(), peer) == of_many.end();
  if (open.size() >= limits.connections_max || (alone && count >= limits.connections_per_peer_max)) {
    turn_away(std::move(socket));
    return;
  }
  socket.set_option(tcp::no_delay(true), ec);
  auto session = std::make_shared<Session>(shared, std::move(socket), peer);
  (void)sessions.spawn("connection", serve(Place(self, std::move(session), std::move(peer))));
}

// Said at once and only if the socket takes it at once: nobody waits for one who is not let in.
void Server::Impl::turn_away(ServerSocket socket) {
  ++shared->counters.refused_total;
  if (shared->tls) return;  // nothing can be said before the hands are shaken
  const Response full = overloaded("too many connections");
  HeadOptions last;
  last.keep_alive = false;
  const auto head = response_head(full, last, shared->date());
  const std::string bytes = *head + full.body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(bytes), ignored);
  socket.shutdown(asio::socket_base::shutdown_send, ignored);
}

void Server::Impl::stop_accepting() {
  shared->stopping = true;
  error_code ignored;
  acceptor.close(ignored);
}

void Server::Impl::cut_all() {
  stop_accepting();
  for (const auto& session : open) session->cut();
  sessions.cut();
  helpers.cut();
}

Task<void> Server::Impl::stop(std::shared_ptr<Impl> impl, Clock::duration grace) {
  impl->stop_accepting();
  for (const auto& session : impl->open) session->wind_down();
  co_await impl->sessions.stop(grace);
  co_await impl->helpers.stop(Clock::duration::zero());
}

Server::Server(asio::any_io_executor executor, Clock& clock, ServerLimits limits, Handler handler)
    : impl_(std::make_shared<Impl>(std::move(executor), clock, limits, std::move(handler))) {}

Server::~Server() {
  impl_->cut_all();
}

Result<std::uint16_t> Server::listen(const std::string& address) {
  auto endpoint = parse_endpoint(address);
  if (!endpoint) return endpoint.error();
  Acceptor& acceptor = impl_->acceptor;
  try {
    acceptor.open(endpoint->protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    acceptor.bind(*endpoint);
    acceptor.listen();
    return acceptor.local_endpoint().port();
  } catch (const boost::system::system_error& e) {
    error_code ignored;
    acceptor.close(ignored);
    return Error(Errc::bind_failed, address + ": " + e.code().message(), address);
  }
}

void Server::use_tls(std::shared_ptr<ServerTls> tls) {
  impl_->shared->tls = std::move(tls);
}

Task<void> Server::run() {
  return Impl::run(impl_);
}

Task<void> Server::stop(Clock::duration grace) {
  return Impl::stop(impl_, grace);
}

Server::Counters Server::counters() const {
  return impl_->shared->counters;
}

}  // namespace purser::http
