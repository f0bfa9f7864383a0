// The pool: one list of idle connections and one number of places an origin.
#include "gateway/http/client.hpp"

#include "gateway/async/mutex.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/async/task_log.hpp"
#include "gateway/async/with_timeout.hpp"
#include "gateway/http/connection.hpp"
#include "gateway/http/public_address.hpp"
#include "gateway/http/time_limits.hpp"
#include "gateway/log.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <optional>

namespace purser::http {
namespace {

using tcp = asio::ip::tcp;

bool set_by_client(std::string_view name) {
  constexpr std::array<std::string_view, 5> kOwn{"Host", "Content-Length", "Transfer-Encoding", "Connection",
                                                 "Keep-Alive"};
  return std::any_of(kOwn.begin(), kOwn.end(), [&](std::string_view own) { return equals_ignoring_case(own, name); });
}

std::string host_header(const Origin& origin) {
  const bool v6 = origin.host.find(':') != std::string::npos;
  const std::string host = v6 ? "[" + origin.host + "]" : origin.host;
  return origin.port == (origin.scheme == "https" ? "443" : "80") ? host : host + ":" + origin.port;
}

// What is read of a stream whose caller has enough.
constexpr std::chrono::seconds kTailTimeMax{1};
constexpr int kTailPiecesMax = 8;

Deadline sooner(Deadline deadline, const ReplySink& sink) {
  return {std::min(deadline.at, sink.limit())};
}

// Error: internal, when it could not be sent as one request.
Result<std::string> serialise(const Call& call) {
  const bool one_line =
      std::all_of(call.target.begin(), call.target.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!is_header_name(call.method) || call.target.empty() || call.target[0] != '/' || !one_line) {
    return Error(Errc::internal, "a request line that cannot be sent", "target");
  }
  std::string out = call.method + " " + call.target + " HTTP/1.1\r\nHost: " + host_header(call.origin) + "\r\n";
  for (const auto& [name, value] : call.headers) {
    if (!is_header_name(name) || !is_header_value(value)) {
      return Error(Errc::internal, "a header that cannot be sent", name);
    }
    if (!set_by_client(name)) out.append(name).append(": ").append(value).append("\r\n");
  }
  const bool takes_body = call.method == "POST" || call.method == "PUT" || call.method == "PATCH";
  if (takes_body || !call.body.empty())
    out.append("Content-Length: ").append(std::to_string(call.body.size())).append("\r\n");
  return out.append("\r\n").append(call.body);
}

// Connections to one origin. Those in use and those idle are never more than the places: a new one is made only when
// none is idle.
struct OriginPool {
  explicit OriginPool(std::size_t connections_max) : places(connections_max) {}

  struct Idle {
    Idle(std::unique_ptr<Connection> c, Clock::time_point u) : connection(std::move(c)), until(u) {}
    std::unique_ptr<Connection> connection;
    Clock::time_point until;
  };

  Semaphore places;
  std::deque<Idle> idle;  // the one used last is at the back, and is used first
  // What is shown to this origin, and the context that shows it; null until it is needed.
  std::optional<ClientIdentity> identity;
  std::unique_ptr<asio::ssl::context> tls;
};

// Stops a connection when the time of its reply is up. Cheaper than a race for each piece of a stream.
class ReplyWatch final : public TimeLimits::Subject {
 public:
  explicit ReplyWatch(Connection& connection) : connection_(connection) {}
  void time_is_up() override {
    up_ = true;
    connection_.stop();
  }
  bool up() const { return up_; }
  // Why nothing came: what was stopped from here ended in whatever way it did.
  Error reason(Error error, asio::cancellation_state state) const {
    if (is_canceled(state)) return Errc::canceled;
    return up_ ? Error(Errc::timed_out) : std::move(error);
  }

 private:
  Connection& connection_;
  bool up_ = false;
};

class Pool {
 public:
  Pool(asio::any_io_executor executor, Clock& clock, ClientLimits limits, std::string ca_file,
       std::unique_ptr<asio::ssl::context> tls)
      : executor_(executor),
        clock_(clock),
        limits_(limits),
        ca_file_(std::move(ca_file)),
        tls_(std::move(tls)),
        times_(executor, clock),
        tasks_(std::move(executor), clock, logged_as("http.task_failed")) {}

  static Task<Result<Reply>> send(std::shared_ptr<Pool> self, Call call, Deadline deadline);
  static Task<Result<Reply>> stream(std::shared_ptr<Pool> self, Call call, ReplySink& sink, Deadline deadline);
  Result<void> present(const Origin& origin, ClientIdentity identity);
  void close();

 private:
  OriginPool& of(const Origin& origin);
  std::unique_ptr<Connection> take_idle(OriginPool& pool);
  static void give_back(const std::shared_ptr<Pool>& self, OriginPool& pool, std::unique_ptr<Connection> connection);
  Task<Result<Semaphore::Guard>> place_in(OriginPool& pool, std::string host, Deadline deadline);
  static Task<void> read_to_end(std::shared_ptr<Pool> self, OriginPool& pool, Semaphore::Guard place,
                                std::unique_ptr<Connection> connection);

  Task<Result<std::unique_ptr<Connection>>> connect(Origin origin, Deadline deadline);
  Task<Result<std::unique_ptr<Connection>>> open(Origin origin);
  Result<asio::ssl::context*> tls_for(const Origin& origin);
  Task<Result<Endpoints>> resolve(std::string host, std::string port);
  static Task<void> look_up(asio::any_io_executor executor, Clock& clock, std::string host, std::string port,
                            std::shared_ptr<OneShot<Endpoints>> found);
  // False when that moment has passed.
  bool allow(ReplyWatch& watch, Deadline limit);
  static Task<void> watch_times(std::shared_ptr<Pool> self);
  static Task<void> expire_idle(std::weak_ptr<Pool> weak);
  Clock::time_point drop_expired();

  asio::any_io_executor executor_;
  Clock& clock_;
  const ClientLimits limits_;
  const std::string ca_file_;
  std::unique_ptr<asio::ssl::context> tls_;  // for origins that are shown nothing
  std::map<std::string, OriginPool> origins_;
  TimeLimits times_;
  TaskGroup tasks_;
  bool watching_ = false;
  bool expiring_ = false;
  bool closed_ = false;
};

OriginPool& Pool::of(const Origin& origin) {
  const std::string key = origin.scheme + "://" + origin.host + ":" + origin.port;
  return origins_.try_emplace(key, limits_.connections_per_origin_max).first->second;
}

std::unique_ptr<Connection> Pool::take_idle(OriginPool& pool) {
  while (!pool.idle.empty()) {
    auto connection = std::move(pool.idle.back().connection);
    const bool in_time = clock_.now() < pool.idle.back().until;
    pool.idle.pop_back();
    if (in_time && connection->still_clean()) return connection;
  }
  return nullptr;
}

void Pool::give_back(const std::shared_ptr<Pool>& self, OriginPool& pool, std::unique_ptr<Connection> connection) {
  if (self->closed_ || pool.idle.size() >= self->limits_.idle_connections_per_origin_max) {
    connection->say_goodbye();
    return;
  }
  pool.idle.emplace_back(std::move(connection), self->clock_.now() + self->limits_.idle_time_max);
  if (!std::exchange(self->expiring_, true)) (void)self->tasks_.spawn("idle connections", expire_idle(self));
}

Task<Result<Reply>> Pool::send(std::shared_ptr<Pool> self, Call call, Deadline deadline) {
  Pool& p = *self;
  auto request = serialise(call);
  if (!request) co_return request.error();
  OriginPool& pool = p.of(call.origin);
  auto place = co_await p.place_in(pool, call.origin.host, deadline);
  if (!place) co_return place.error();

  auto connection = p.take_idle(pool);
  for (bool pooled = connection != nullptr;; pooled = false) {
    if (!pooled) {
      auto made = co_await p.connect(call.origin, deadline);
      if (!made) co_return made.error();
      connection = std::move(*made);
    }
    auto done = co_await with_timeout(p.clock_, connection->exchange(*request, call.method == "HEAD"), deadline);
    if (done) {
      if (done->reusable) give_back(self, pool, std::move(connection));
      co_return std::move(done->reply);
    }
    const bool stale = pooled && done.code() == Errc::connection_lost && !connection->answer_begun();
    if (!stale || call.once || call.method != "GET") co_return done.error();
  }
}

// A place among the connections to one origin.
Task<Result<Semaphore::Guard>> Pool::place_in(OriginPool& pool, std::string host, Deadline deadline) {
  if (!pool.places.locked()) co_return co_await pool.places.lock();
  auto place = co_await with_timeout(clock_, pool.places.lock(), deadline);
  if (!place && place.code() == Errc::timed_out)
    co_return Error(Errc::expired_before_start, host + ": no connection became free in time");
  co_return std::move(place);
}

Task<Result<Reply>> Pool::stream(std::shared_ptr<Pool> self, Call call, ReplySink& sink, Deadline deadline) {
  Pool& p = *self;
  auto request = serialise(call);
  if (!request) co_return request.error();
  OriginPool& pool = p.of(call.origin);
  auto place = co_await p.place_in(pool, call.origin.host, deadline);
  if (!place) co_return place.error();
  auto connection = p.take_idle(pool);
  if (!connection) {
    auto made = co_await p.connect(call.origin, sooner(deadline, sink));
    if (!made) co_return made.error();
    connection = std::move(*made);
  }
  if (!std::exchange(p.watching_, true)) (void)p.tasks_.spawn("time limits", watch_times(self));
  ReplyWatch watch(*connection);
  if (!p.allow(watch, sooner(deadline, sink))) co_return Error(Errc::expired_before_start);
  auto head = co_await connection->begin(std::move(*request));
  auto state = co_await asio::this_coro::cancellation_state;
  if (!head) co_return watch.reason(head.error(), state);
  sink.head(head->status, head->headers);
  for (bool wanted = true; wanted;) {
    if (!p.allow(watch, sooner(deadline, sink))) co_return Error(Errc::timed_out);
    auto piece = co_await connection->more();
    auto now = co_await asio::this_coro::cancellation_state;
    if (!piece) co_return watch.reason(piece.error(), now);
    wanted = (piece->bytes.empty() || sink.piece(piece->bytes)) && !piece->last;
    p.times_.clear(watch);
    if (piece->reusable && !watch.up()) give_back(self, pool, std::move(connection));
    if (piece->last) co_return std::move(head);
  }
  // What ends the body mostly follows at once; the caller does not wait for it, the connection's next user gains by it.
  auto rest = read_to_end(self, pool, std::move(*place), std::move(connection));
  (void)p.tasks_.spawn("end of a stream", std::move(rest));
  co_return std::move(head);
}

Task<void> Pool::read_to_end(std::shared_ptr<Pool> self, OriginPool& pool, [[maybe_unused]] Semaphore::Guard place,
                             std::unique_ptr<Connection> connection) {
  const Deadline limit = Deadline::after(self->clock_, kTailTimeMax);
  for (int pieces = 0; pieces < kTailPiecesMax; ++pieces) {
    auto piece = co_await with_timeout(self->clock_, connection->more(), limit);
    if (!piece) co_return;
    if (piece->reusable) give_back(self, pool, std::move(connection));
    if (piece->last) co_return;
  }
}

Task<Result<std::unique_ptr<Connection>>> Pool::connect(Origin origin, Deadline deadline) {
  const std::string where = origin.host + ":" + origin.port;
  const Deadline limit = deadline.sooner(clock_, limits_.connect_time_max);
  auto connection = co_await with_timeout(clock_, open(std::move(origin)), limit);
  if (!connection && connection.code() == Errc::timed_out) {
    co_return Error(Errc::connect_failed, where + ": no connection within the time limit");
  }
  co_return std::move(connection);
}

Task<Result<std::unique_ptr<Connection>>> Pool::open(Origin origin) {
  auto endpoints = co_await resolve(origin.host, origin.port);
  if (!endpoints) co_return endpoints.error();
  if (limits_.public_addresses_only) {
    std::erase_if(*endpoints, [](const tcp::endpoint& one) { return !is_public(one.address()); });
    if (endpoints->empty())
      co_return Error(Errc::connect_failed, origin.host + ": not an address of the public internet");
  }
  auto tls = tls_for(origin);
  if (!tls) co_return tls.error();
  auto connection = make_connection(executor_, *tls, origin.host, limits_);
  auto opened = co_await connection->open(std::move(*endpoints));
  if (!opened) co_return opened.error();
  co_return std::move(connection);
}

// The system's trust store takes 80 ms to read: not at the start, and not where all is plain.
Result<asio::ssl::context*> Pool::tls_for(const Origin& origin) {
  asio::ssl::context* none = nullptr;
  if (origin.scheme != "https") return none;
  OriginPool& pool = of(origin);
  auto& tls = pool.identity ? pool.tls : tls_;
  if (!tls) {
    auto made = make_client_tls(ca_file_);
    if (!made) return Error(Errc::tls_failed, made.error().message);
    if (pool.identity) {
      if (auto used = use_identity(**made, *pool.identity); !used) return Error(Errc::tls_failed, used.error().message);
    }
    tls = std::move(*made);
  }
  return tls.get();
}

Result<void> Pool::present(const Origin& origin, ClientIdentity identity) {
  asio::ssl::context tried(asio::ssl::context::tls_client);
  if (auto good = use_identity(tried, identity); !good) return good;
  OriginPool& pool = of(origin);
  pool.identity = std::move(identity);
  pool.tls.reset();  // connections in use hold on to what they need of it
  for (auto& idle : pool.idle) idle.connection->say_goodbye();
  pool.idle.clear();
  return success();
}

// A look-up cannot be canceled once it has begun; it runs beside, so that the caller keeps its deadline.
Task<Result<Endpoints>> Pool::resolve(std::string host, std::string port) {
  boost::system::error_code not_literal;
  const auto address = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    Endpoints one(1, tcp::endpoint(address, static_cast<std::uint16_t>(std::stoi(port))));
    co_return std::move(one);
  }
  auto found = std::make_shared<OneShot<Endpoints>>(executor_);
  auto task = look_up(executor_, clock_, std::move(host), std::move(port), found);
  auto started = tasks_.spawn("name look-up", std::move(task));
  if (!started) co_return started.error();
  co_return co_await found->get();
}

Task<void> Pool::look_up(asio::any_io_executor executor, Clock& clock, std::string host, std::string port,
                         std::shared_ptr<OneShot<Endpoints>> found) {
  tcp::resolver resolver(executor);
  clock.real_work(+1);
  auto [ec, results] = co_await resolver.async_resolve(host, port, kTuple);
  clock.real_work(-1);
  if (ec) {
    found->set(Error(Errc::connect_failed, host + ": " + ec.message()));
    co_return;
  }
  Endpoints endpoints;
  for (const auto& entry : results) endpoints.push_back(entry.endpoint());
  found->set(std::move(endpoints));
}

bool Pool::allow(ReplyWatch& watch, Deadline limit) {
  const auto now = clock_.now();
  if (limit.at <= now) return false;
  if (limit.at < Clock::time_point::max()) times_.set(watch, limit.at - now);
  return true;
}

// Until the pool is closed.
Task<void> Pool::watch_times(std::shared_ptr<Pool> self) {
  co_await self->times_.run();
}

// Closes connections when their idle time ends. Runs while any is idle, and keeps no pool alive.
Task<void> Pool::expire_idle(std::weak_ptr<Pool> weak) {
  for (;;) {
    auto pool = weak.lock();
    if (!pool) co_return;
    const auto next = pool->drop_expired();
    if (next == Clock::time_point::max()) {
      pool->expiring_ = false;
      co_return;
    }
    Clock& clock = pool->clock_;
    pool.reset();
    (void)co_await clock.sleep_until(next);
  }
}

// Returns when the next one expires.
Clock::time_point Pool::drop_expired() {
  auto next = Clock::time_point::max();
  for (auto& [key, pool] : origins_) {
    while (!pool.idle.empty() && pool.idle.front().until <= clock_.now()) {
      pool.idle.front().connection->say_goodbye();
      pool.idle.pop_front();
    }
    if (!pool.idle.empty()) next = std::min(next, pool.idle.front().until);
  }
  return next;
}

void Pool::close() {
  closed_ = true;
  for (auto& [key, pool] : origins_) {
    for (auto& idle : pool.idle) idle.connection->say_goodbye();
    pool.idle.clear();
  }
  tasks_.cut();
}

class PooledClient final : public Client {
 public:
  explicit PooledClient(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}
  ~PooledClient() override { pool_->close(); }

  Task<Result<Reply>> send(Call call, Deadline deadline) override {
    return Pool::send(pool_, std::move(call), deadline);
  }
  Result<void> present(const Origin& origin, ClientIdentity identity) override {
    return pool_->present(origin, std::move(identity));
  }
  Task<Result<Reply>> stream(Call call, ReplySink& sink, Deadline deadline) override {
    return Pool::stream(pool_, std::move(call), sink, deadline);
  }

 private:
  std::shared_ptr<Pool> pool_;
};

}  // namespace

Result<void> Client::present(const Origin&, ClientIdentity) {
  return Error(Errc::internal, "this client has no connections of its own to show a certificate on");
}

Task<Result<Reply>> Client::stream(Call call, ReplySink& sink, Deadline deadline) {
  const Deadline limit{std::min(deadline.at, sink.limit())};
  auto reply = co_await send(std::move(call), limit);
  if (!reply) co_return reply.error();
  sink.head(reply->status, reply->headers);
  if (!reply->body.empty()) (void)sink.piece(reply->body);
  reply->body.clear();
  co_return std::move(reply);
}

Result<std::unique_ptr<Client>> make_client(asio::any_io_executor executor, Clock& clock, ClientLimits limits,
                                            const std::string& ca_file) {
  std::unique_ptr<asio::ssl::context> tls;
  if (!ca_file.empty()) {
    auto made = make_client_tls(ca_file);
    if (!made) return made.error();
    tls = std::move(*made);
  }
  auto pool = std::make_shared<Pool>(std::move(executor), clock, limits, ca_file, std::move(tls));
  return std::unique_ptr<Client>(std::make_unique<PooledClient>(std::move(pool)));
}

}  // namespace purser::http
