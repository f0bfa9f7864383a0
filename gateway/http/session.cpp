#include "gateway/http/session.hpp"

#include "gateway/async/completion.hpp"
#include "gateway/log.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <openssl/err.h>
#include <openssl/sslerr.h>

#include <algorithm>
#include <charconv>

namespace purser::http {
namespace {

constexpr std::size_t kReadBytes = 4096;
constexpr std::size_t kBodyReadBytes = 64 << 10;
constexpr std::size_t kFirstBodyReadBytes = 4 << 10;
// How long, and for how much, one who was told that the connection ends may go on sending: closing a socket that holds
// unread bytes resets it, and the reset can overtake the answer.
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::size_t kLingerBytesMax = 4 << 20;
constexpr std::size_t kStreamNoiseBytesMax = 64 << 10;

const Refusal kSpeaksPlain{400, "this port speaks HTTPS: the request came in plain HTTP", {}};
const Refusal kTooSlow{408, "the request did not arrive in time", {}};

Request make_request(RequestHead& head, std::string body, const std::string& peer) {
  Request request;
  const auto query = std::min(head.target.find('?'), head.target.size());
  request.path = head.target.substr(0, query);
  request.query = head.target.substr(std::min(query + 1, head.target.size()));
  request.method = head.method == "HEAD" ? "GET" : head.method;
  request.target = head.target;
  request.headers = std::move(head.headers);
  request.body = std::move(body);
  request.peer = peer;
  return request;
}

Response failure() {
  return error_response(500, "server_error", "internal", "the request could not be answered");
}

// A stream has no length and no end that its head could tell of.
Response only_to_be_read() {
  Response response = error_response(405, "invalid_request_error", "method_not_allowed", "a stream can only be read");
  response.headers.emplace_back("Allow", "GET");
  return response;
}

void log_failure(std::string_view event, const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& e) {
    log::error(event, {{"what", e.what()}});
  } catch (...) {
    log::error(event, {{"what", "not a std::exception"}});
  }
}

void log_unsendable(const Error& error) {
  log::error("http.answer_unsendable", {{"header", error.param}});
}

Task<void> run_producer(const std::function<Task<void>(StreamSink)>& produce, StreamSink sink) {
  co_await produce(std::move(sink));
}

std::string hex(std::size_t n) {
  std::array<char, 16> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), n, 16).ptr;
  return {text.data(), end};
}

}  // namespace

std::string_view ServerShared::date() {
  const UtcTime now = clock.wall();
  if (to_seconds(now) != date_second_) {
    date_second_ = to_seconds(now);
    date_ = http_date(now);
  }
  return date_;
}

Response overloaded(std::string_view what) {
  Response response = error_response(503, "server_error", "overloaded", std::string(what));
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Session::Session(std::shared_ptr<ServerShared> shared, ServerSocket socket, std::string peer)
    : shared_(std::move(shared)), socket_(std::move(socket)), peer_(std::move(peer)) {
  if (shared_->tls) tls_ = std::make_unique<TlsStream>(socket_, shared_->tls->context);
}

Task<void> Session::serve(std::shared_ptr<Session> self) {
  Session& s = *self;
  // A fresh connection has the time of a head, not that of a pause between requests; shaking hands is part of it.
  s.allow(s.shared_->limits.header_time_max);
  bool more = co_await s.shake_hands();
  while (more) {
    auto head = co_await s.next_head();
    if (!head) break;
    auto body = co_await s.read_body(*head);
    if (!body) break;
    more = co_await answer(self, std::move(*head), std::move(*body));
    if (s.producer_) {
      co_await stream(self);
      break;
    }
    if (more) s.await_request();
  }
  if (s.refused_ || !s.received_.empty()) {
    co_await s.linger();
  }
  s.say_goodbye();
  s.cut();
}

void Session::wind_down() {
  const bool subscription = phase_ == Phase::streaming && !stream_ends_;
  if (phase_ == Phase::idle || subscription || phase_ == Phase::lingering) cut();
}

void Session::cut() {
  cut_ = true;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void Session::allow(Clock::duration time) {
  expired_ = false;
  shared_->times.set(*this, time);
}

void Session::time_is_up() {
  expired_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

// --- TLS ---

Task<bool> Session::shake_hands() {
  if (!tls_) co_return true;
  auto [ec] = co_await tls_->async_handshake(asio::ssl::stream_base::server, kTuple);
  if (!ec) co_return true;
  ++shared_->counters.handshakes_failed;
  tls_.reset();
  const bool of_tls = ec.category() == asio::error::get_ssl_category();
  if (of_tls && ERR_GET_REASON(static_cast<unsigned long>(ec.value())) == SSL_R_HTTP_REQUEST) {
    co_await refuse(kSpeaksPlain);
  }
  co_return false;
}

// The peer learns that this is the end and that nothing was cut off. It is sent, its answer not awaited.
void Session::say_goodbye() {
  if (!tls_ || cut_) return;
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
  tls_->shutdown(ignored);
  tls_.reset();
}

Task<Session::Read> Session::read_some(asio::mutable_buffer into) {
  if (tls_) return tls_->async_read_some(into, kTuple);
  return socket_.async_read_some(into, kTuple);
}

// --- from bytes to a request ---

void Session::await_request() {
  const ServerLimits& limits = shared_->limits;
  phase_ = received_.empty() ? Phase::idle : Phase::receiving;
  allow(received_.empty() ? limits.idle_time_max : limits.header_time_max);
}

Task<std::optional<RequestHead>> Session::next_head() {
  const ServerLimits& limits = shared_->limits;
  HeadScan scan(limits.header_bytes_max);
  for (;;) {
    if (closing() && received_.empty()) co_return std::nullopt;
    const auto seen = scan.look(received_);
    if (const auto* refusal = std::get_if<Refusal>(&seen)) {
      co_await refuse(*refusal);
      co_return std::nullopt;
    }
    if (const auto* whole = std::get_if<HeadScan::Whole>(&seen)) {
      auto verdict = admit(std::string_view(received_).substr(0, whole->size), limits);
      received_.erase(0, whole->size);
      if (auto* head = std::get_if<RequestHead>(&verdict)) co_return std::move(*head);
      co_await refuse(std::get<Refusal>(verdict));
      co_return std::nullopt;
    }
    bool more = co_await read_more();
    if (!more) {
      co_await missed();
      co_return std::nullopt;
    }
    if (phase_ == Phase::idle) {
      phase_ = Phase::receiving;
      allow(limits.header_time_max);
    }
  }
}

Task<std::optional<std::string>> Session::read_body(const RequestHead& head) {
  phase_ = Phase::receiving;
  std::string body;
  const auto wanted = static_cast<std::size_t>(head.body_bytes);
  if (head.expects_continue && wanted > 0 && received_.empty()) {
    const Parts go_on{asio::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25)};
    bool written = co_await write(go_on);
    if (!written) co_return std::nullopt;
  }
  allow(shared_->limits.body_time_max);
  const std::size_t here = std::min(wanted, received_.size());
  body.assign(received_, 0, here);
  received_.erase(0, here);
  bool room = hold_body(here);
  // Grows with what has come: a claimed length alone takes hardly any memory. What is held is what is taken of it, also
  // for bytes that may never come.
  while (room && body.size() < wanted) {
    const std::size_t old = body.size();
    const std::size_t most = std::clamp(old, kFirstBodyReadBytes, kBodyReadBytes);
    const std::size_t whole = old + std::min(wanted - old, most);
    room = hold_body(whole);
    if (!room) break;
    body.resize(whole);
    auto [ec, got] = co_await read_some(asio::buffer(body.data() + old, whole - old));
    body.resize(old + got);
    if (!ec) continue;
    co_await missed();
    co_return std::nullopt;
  }
  if (!room) {
    Response full = overloaded("too many requests with large bodies at once");
    co_await refuse(std::move(full));
    co_return std::nullopt;
  }
  shared_->times.clear(*this);
  co_return std::move(body);
}

bool Session::hold_body(std::size_t bytes) {
  const std::size_t more = bytes - std::min(bytes, body_bytes_);
  if (more > shared_->limits.bodies_bytes_max - shared_->body_bytes) return false;
  shared_->body_bytes += more;
  body_bytes_ += more;
  return true;
}

void Session::release_body() {
  shared_->body_bytes -= body_bytes_;
  body_bytes_ = 0;
}

Task<bool> Session::read_more() {
  const std::size_t old = received_.size();
  received_.resize(old + kReadBytes);
  auto [ec, got] = co_await read_some(asio::buffer(received_.data() + old, kReadBytes));
  received_.resize(old + got);
  co_return !ec;
}

// Reading failed. Who is slow is told so; who has gone, or said nothing at all, is not.
Task<void> Session::missed() {
  if (!expired_ || cut_ || phase_ == Phase::idle) co_return;
  co_await refuse(kTooSlow);
}

Task<void> Session::refuse(Refusal refusal) {
  return refuse(
      error_response(refusal.status, "invalid_request_error", "request_malformed", refusal.rule, refusal.param));
}

Task<void> Session::refuse(Response response) {
  ++shared_->counters.refused_total;
  received_.clear();
  release_body();
  HeadOptions last;
  last.keep_alive = false;
  refused_ = co_await send(std::move(response), last, true);
}

// --- from a request to bytes ---

Task<bool> Session::answer(std::shared_ptr<Session> self, RequestHead head, std::string body) {
  Session& s = *self;
  ++s.shared_->counters.requests_total;
  s.phase_ = Phase::handling;
  const bool with_body = head.method != "HEAD";
  Request request = make_request(head, std::move(body), s.peer_);
  request.client_left = [weak = std::weak_ptr(self)] { return client_left(weak); };
  Response response = co_await s.ask_handler(std::move(request));
  s.release_body();
  if (response.drop) co_return false;
  if (response.stream && !with_body) response = only_to_be_read();
  if (response.stream && with_body) {
    co_await s.begin_stream(std::move(response), head.http_1_0);
    co_return false;
  }
  HeadOptions options;
  options.http_1_0 = head.http_1_0;
  options.keep_alive = head.keep_alive && !s.closing() && !header_has_word(response.headers, "Connection", "close");
  bool written = co_await s.send(std::move(response), options, with_body);
  co_return written&& options.keep_alive;
}

Task<Response> Session::ask_handler(Request request) {
  std::exception_ptr error;
  try {
    co_return co_await shared_->handler(std::move(request));
  } catch (...) {
    error = std::current_exception();
  }
  auto state = co_await asio::this_coro::cancellation_state;
  if (is_canceled(state)) std::rethrow_exception(error);
  log_failure("http.handler_failed", error);
  co_return failure();
}

Task<bool> Session::send(Response response, HeadOptions options, bool with_body) {
  auto head = response_head(response, options, shared_->date());
  if (!head) {
    log_unsendable(head.error());
    response = failure();
    head = response_head(response, options, shared_->date());
  }
  Parts parts{asio::buffer(*head)};
  if (with_body && may_have_body(response.status)) parts[1] = asio::buffer(response.body);
  co_return co_await write(parts);
}

Task<Session::Read> Session::write_all(Parts parts) {
  if (tls_) return asio::async_write(*tls_, parts, kTuple);
  return asio::async_write(socket_, parts, kTuple);
}

Task<bool> Session::write(Parts parts) {
  if (cut_) co_return false;
  allow(shared_->limits.write_time_max);
  auto [ec, n] = co_await write_all(parts);
  shared_->times.clear(*this);
  if (ec) cut();
  co_return !ec;
}

// --- streams, and the end ---

Task<void> Session::begin_stream(Response response, bool http_1_0) {
  HeadOptions options;
  options.keep_alive = false;
  options.framing = http_1_0 ? Framing::until_close : Framing::chunked;
  chunked_ = !http_1_0;
  stream_ends_ = response.stream_ends;
  auto produce = std::move(response.stream);
  response.stream = nullptr;
  bool started = co_await send(std::move(response), options, false);
  if (started && !closing()) producer_ = std::move(produce);
}

// Ten thousand of these may be idle at once: what waits here for hours holds as little as it can. The producer alone is
// a task of its own, since it is canceled alone; the listening beside it is a read and its handler.
Task<void> Session::stream(std::shared_ptr<Session> self) {
  Session& s = *self;
  s.phase_ = Phase::streaming;
  std::string().swap(s.received_);  // it asks for nothing more; assigning an empty string would keep the room
  auto ex = co_await asio::this_coro::executor;
  auto reading = co_await s.reading_.lock();
  if (!reading) co_return;
  listen(self, std::move(*reading), kStreamNoiseBytesMax);
  // Weak: who keeps the sink keeps no connection.
  StreamSink sink = [weak = std::weak_ptr(self)](std::string piece) { return write_piece(weak, std::move(piece)); };
  // Who cancels this coroutine cancels the producer, by the same signal as the listener.
  auto state = co_await asio::this_coro::cancellation_state;
  auto cancel = state.slot();
  if (cancel.is_connected()) cancel.assign([&s](asio::cancellation_type_t) { s.send_producer_home(); });
  s.producing_ = true;
  auto producing = asio::co_spawn(ex, run_producer(s.producer_, std::move(sink)),
                                  asio::bind_cancellation_slot(s.leaving_.slot(), kTuple));
  auto [error] = co_await std::move(producing);
  s.producing_ = false;
  s.producer_ = nullptr;
  if (error && !is_canceled(error)) log_failure("http.stream_failed", error);
  // A stream that broke off is not closed as if it were whole.
  if (!s.client_gone_ && !error && s.chunked_) {
    const Parts end{asio::buffer("0\r\n\r\n", 5)};
    (void)co_await s.write(end);
  }
  boost::system::error_code ignored;
  s.socket_.cancel(ignored);
  (void)co_await s.reading_.lock();  // the read is over: TLS lets nothing be said about the end before
}

void Session::listen(std::shared_ptr<Session> self, AsyncMutex::Guard reading, std::size_t bytes_max) {
  static std::array<char, 256> noise;  // of all sessions: nobody looks at it
  Session& s = *self;
  // The guard is let go before the session is.
  auto heard = [self = std::move(self), reading = std::move(reading), bytes_max](const boost::system::error_code& ec,
                                                                                 std::size_t got) mutable {
    if (!ec && got <= bytes_max && self->producing_) {
      listen(std::move(self), std::move(reading), bytes_max - got);
      return;
    }
    self->client_gone_ = self->producing_;
    self->send_producer_home();
  };
  if (s.tls_) {
    s.tls_->async_read_some(asio::buffer(noise), std::move(heard));
  } else {
    s.socket_.async_read_some(asio::buffer(noise), std::move(heard));
  }
}

void Session::send_producer_home() {
  // Never after its end: before Boost 1.83 the signal would reach what is no more.
  if (producing_) leaving_.emit(asio::cancellation_type::terminal);
}

Task<Result<void>> Session::write_piece(std::weak_ptr<Session> weak, std::string piece) {
  const auto self = weak.lock();
  if (!self) co_return Error(Errc::connection_lost, "the stream is over");
  if (piece.empty()) co_return success();  // as a chunk it would end the body
  Session& s = *self;
  auto turn = co_await s.stream_turn_.lock();
  if (!turn) co_return turn.error();
  if (s.phase_ != Phase::streaming) co_return Error(Errc::connection_lost, "the stream is over");
  const std::string size = hex(piece.size()) + "\r\n";
  Parts parts{asio::buffer(piece)};
  if (s.chunked_) parts = Parts{asio::buffer(size), asio::buffer(piece), asio::buffer("\r\n", 2)};
  bool written = co_await s.write(parts);
  if (!written) co_return Error(Errc::connection_lost, "the client of the stream has gone");
  co_return success();
}

// Looks at what comes and reads none of it.
Task<void> Session::client_left(std::weak_ptr<Session> weak) {
  const auto self = weak.lock();
  if (!self || self->cut_) co_return;
  auto ex = co_await asio::this_coro::executor;
  asio::steady_timer for_ever(ex, asio::steady_timer::time_point::max());
  if (self->tls_) {
    // Whether the next request has come or the end, only reading tells.
    bool more = co_await self->read_more();
    if (more) (void)co_await for_ever.async_wait(kTuple);
    co_return;
  }
  auto [ec] = co_await self->socket_.async_wait(asio::socket_base::wait_read, kTuple);
  char byte = 0;
  boost::system::error_code end;
  if (ec || self->socket_.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, end) == 0) co_return;
  // The next request waits already: there is somebody, and nothing more to be learned from the socket.
  (void)co_await for_ever.async_wait(kTuple);
}

// Reads what nobody asked for until the peer closes, and not without end.
Task<void> Session::discard_input(std::size_t bytes_max) {
  std::array<char, 256> noise;
  for (std::size_t total = 0; total <= bytes_max;) {
    auto [ec, got] = co_await read_some(asio::buffer(noise));
    if (ec) co_return;
    total += got;
  }
}

Task<void> Session::linger() {
  if (closing()) co_return;
  say_goodbye();
  phase_ = Phase::lingering;
  boost::system::error_code ignored;
  socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  allow(kLingerTime);
  co_await discard_input(kLingerBytesMax);
}

}  // namespace purser::http
