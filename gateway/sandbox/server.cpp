#include "gateway/sandbox/server.hpp"

#include "gateway/async/completion.hpp"
#include "gateway/async/task_log.hpp"
#include "gateway/log.hpp"

namespace purser::sandbox {
namespace {

// What a client on the same machine has to dial: an address that means "any" is none to connect to.
std::string url_of(const std::string& listen, std::uint16_t port) {
  auto host = listen.substr(0, listen.rfind(':'));
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "[::]") host = "[::1]";
  return "http://" + host + ":" + std::to_string(port);
}

// The path of an absolute address, as it stands.
std::string target_of(const std::string& url) {
  auto path = url.find('/', url.find("://") + 3);
  return path == url.npos ? "/" : url.substr(path);
}

}  // namespace

Sandbox::Sandbox(asio::any_io_executor executor, Clock& clock, http::Client& client, Mint& mint,
                 SandboxCredentials credentials, SandboxOptions options)
    : clock_(clock),
      client_(client),
      options_(std::move(options)),
      rail_(std::move(credentials), options_.settings, mint),
      control_(rail_, {[this](Millis by) { advance(by); }, [this] { shift_ = Millis(0); }}),
      due_changed_(executor, clock),
      released_(executor, clock),
      deliveries_(executor, clock, logged_as("sandbox.task_failed")),
      server_(executor, clock, http::ServerLimits(),
              [this](http::Request request) { return answer(std::move(request)); }) {}

Result<void> Sandbox::listen() {
  auto port = server_.listen(options_.listen);
  if (!port) return port.error();
  base_url_ = url_of(options_.listen, *port);
  return success();
}

Task<void> Sandbox::run() {
  if (auto good = deliveries_.spawn("sandbox callbacks", deliver_what_falls_due()); !good) co_return;
  co_await server_.run();
}

Task<void> Sandbox::stop(Clock::duration grace) {
  released_.notify();
  co_await server_.stop(grace);
  co_await deliveries_.stop(Clock::duration::zero());
}

Result<void> Sandbox::pay(std::string_view out_trade_no, std::string_view openid) {
  auto paid = rail_.pay(out_trade_no, openid, now());
  due_changed_.notify();
  return paid;
}

Result<void> Sandbox::decline(std::string_view out_trade_no) {
  return rail_.decline(out_trade_no, now());
}

void Sandbox::advance(Millis by) {
  if (options_.advance) {
    options_.advance(by);
  } else {
    shift_ += by;
  }
  due_changed_.notify();
}

Task<http::Response> Sandbox::answer(http::Request request) {
  if (request.path == "/") {
    http::Response to_page;
    to_page.status = 302;
    to_page.headers.emplace_back("Location", "/sandbox/");
    co_return to_page;
  }
  if (Control::owns(request.path)) {
    auto shown = control_.handle(request, now());
    due_changed_.notify();
    co_return std::move(shown);
  }
  auto handled = rail_.handle(request, now());
  due_changed_.notify();
  const auto& seen = rail_.traffic().back();
  log::debug("sandbox.request", {{"call", seen.call},
                                 {"verdict", seen.verdict},
                                 {"status", seen.status},
                                 {"fault", seen.fault},
                                 {"request_id", seen.request_id}});
  const auto time = handled.hangs ? rail_.settings().hang_max : handled.delay;
  co_await hold(time);
  if (handled.hangs) handled.response.drop = true;
  if (handled.drip > Millis(0)) {
    handled.response.stream = [this, body = handled.response.body, gap = handled.drip](http::StreamSink sink) {
      return drip(body, gap, std::move(sink));
    };
  }
  co_return std::move(handled.response);
}

Task<void> Sandbox::drip(std::string body, Millis gap, http::StreamSink sink) {
  for (const char byte : body) {
    co_await hold(gap);
    std::string piece(1, byte);
    auto sent = co_await sink(std::move(piece));
    if (!sent) co_return;
  }
}

Task<void> Sandbox::hold(Millis time) {
  if (time <= Millis(0) || released_.count() > 0) co_return;
  auto limit = Deadline::after(clock_, time);
  (void)co_await released_.wait_since(0, limit);
}

Task<void> Sandbox::deliver_what_falls_due() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  while (true) {
    const auto seen = due_changed_.count();
    start_due_deliveries();
    auto limit = next_wake();
    auto woken = co_await due_changed_.wait_since(seen, limit);
    if (!woken && woken.code() == Errc::canceled) co_return;
  }
}

void Sandbox::start_due_deliveries() {
  for (auto& delivery : rail_.take_deliveries(now())) {
    (void)deliveries_.spawn("sandbox callback", deliver(std::move(delivery)));
  }
}

Deadline Sandbox::next_wake() const {
  auto due = rail_.next_due();
  if (!due) return {Clock::time_point::max()};
  return Deadline::after(clock_, *due - now().life);
}

Task<void> Sandbox::deliver(Delivery delivery) {
  auto result = co_await post(delivery);
  rail_.report(delivery, result, now());
  log::debug("sandbox.callback", {{"id", delivery.notice_id}, {"result", result}});
  due_changed_.notify();
}

Task<std::string> Sandbox::post(const Delivery& delivery) {
  auto origin = http::Origin::parse(delivery.url);
  if (!origin) co_return std::string(code_of(origin.error().code));
  http::Call call(std::move(*origin), "POST", target_of(delivery.url));
  call.headers = delivery.headers;
  call.body = delivery.body;
  auto limit = Deadline::after(clock_, rail_.settings().webhook_answer_max);
  auto reply = co_await client_.send(std::move(call), limit);
  if (!reply) co_return std::string(code_of(reply.error().code));
  co_return std::to_string(reply->status);
}

}  // namespace purser::sandbox
