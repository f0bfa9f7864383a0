#include "agent/replay/loopback_wire.hpp"

#include "agent/replay/run.hpp"
#include "gateway/log.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <stdexcept>

namespace purser::replay {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds kQuiet{40};
// After each piece of a model's answer, so that it is read before the next one comes.
constexpr std::chrono::milliseconds kBetweenPieces{2};
constexpr std::chrono::seconds kCallTimeMax{30};

void report_task(std::string_view name, std::exception_ptr) {
  log::error("replay.client_threw", {{"task", name}});
}

// The events of one thread as they arrive, each told as {"type", "data"}; heartbeats and comments are none.
struct SocketFollower final : http::ReplySink {
  explicit SocketFollower(std::function<void(json)> on_event) : tell(std::move(on_event)) {}
  void head(int, const http::Headers&) override {}
  bool piece(std::string_view bytes) override {
    rest.append(bytes);
    for (auto end = rest.find("\n\n"); end != rest.npos; end = rest.find("\n\n")) {
      take(rest.substr(0, end + 1));
      rest.erase(0, end + 2);
    }
    return true;
  }
  Clock::time_point limit() const override { return Clock::time_point::max(); }
  void take(const std::string& block) {
    const auto field = [&](const std::string& name) {
      const auto at = block.find(name + ": ");
      if (at == block.npos) return std::string();
      const auto from = at + name.size() + 2;
      return block.substr(from, block.find('\n', from) - from);
    };
    if (field("event").empty()) return;
    tell({{"type", field("event")}, {"data", json::parse(field("data"), nullptr, false)}});
  }
  std::function<void(json)> tell;
  std::string rest;
};

}  // namespace

SocketWire::SocketWire(const Script& script, const std::string& program)
    : script_(script),
      group_(loop_.get_executor(), clock_, report_task),
      model_(loop_.get_executor(), clock_, http::ServerLimits(),
             [this](http::Request request) { return asked(std::move(request)); }) {
  auto client = http::make_client(loop_.get_executor(), clock_, http::ClientLimits(), "");
  if (!client) throw std::runtime_error(client.error().message);
  client_ = std::move(*client);
  auto port = model_.listen("127.0.0.1:0");
  if (!port) throw std::runtime_error(port.error().message);
  const bool scripted = script.root.value("given", json::object()).value("model", "scripted") == "scripted";
  daemon_ = std::make_unique<Process>(program, world_options(script).settings, scripted ? *port : std::uint16_t{0});
  (void)group_.spawn("model", model_.run());
  const json ready = json::parse(now("GET", daemon_->admin + "/readyz", json()).body, nullptr, false);
  rail_ = ready.value("sandbox_url", "");
}

SocketWire::~SocketWire() {
  bool ended = false;
  asio::co_spawn(loop_, end(), [&ended](std::exception_ptr) { ended = true; });
  until([&ended] { return ended; });
}

void SocketWire::fail_at(std::size_t step, const std::string& what) {
  const bool behind = step >= script_.where.size();
  failures_.push_back(script_.where[behind ? script_.where.size() - 1 : step] +
                      ": over sockets: " + (behind ? "behind the last step: " : "") + what);
}

Task<http::Response> SocketWire::asked(http::Request request) {
  auto ex = co_await asio::this_coro::executor;
  Question question;
  question.body = json::parse(request.body, nullptr, false);
  question.slot = std::make_shared<OneShot<http::Response>>(ex);
  auto slot = question.slot;
  for (const std::string& fault : model_request_faults(question.body, request.body, said_)) fail(fault);
  questions_.push_back(std::move(question));
  models_asked_ += 1;
  stirred();
  auto answer = co_await slot->get();
  if (answer) co_return std::move(*answer);
  http::Response gone;
  gone.drop = true;
  co_return gone;
}

http::Response SocketWire::response_of(SystemClock& clock, Served served, bool in_pieces) {
  http::Response out;
  out.status = served.reply.status;
  out.headers = std::move(served.reply.headers);
  if (!served.cut && !in_pieces) {
    out.body = std::move(served.reply.body);
    return out;
  }
  if (!in_pieces) served.ends = {served.reply.body.size()};
  auto whole = std::make_shared<const Served>(std::move(served));
  out.stream = [&clock, whole](http::StreamSink sink) { return send_pieces(clock, whole, std::move(sink)); };
  out.stream_ends = true;
  return out;
}

Task<void> SocketWire::send_pieces(SystemClock& clock, std::shared_ptr<const Served> served, http::StreamSink sink) {
  std::size_t from = 0;
  for (const std::size_t end : served->ends) {
    std::string piece = served->reply.body.substr(from, end - from);
    auto written = co_await sink(std::move(piece));
    if (!written) co_return;
    from = end;
    const auto until = clock.now() + kBetweenPieces;
    auto slept = co_await clock.sleep_until(until);
    if (!slept) co_return;
  }
  // As one that is canceled: the connection is closed before the body has ended.
  if (served->cut) throw boost::system::system_error(asio::error::operation_aborted);
}

Task<void> SocketWire::exchange(http::Call call, SocketAnswerPtr answer) {
  const Deadline deadline{clock_.now() + kCallTimeMax};
  auto reply = co_await client_->send(std::move(call), deadline);
  answer->come = true;
  answer->status = reply ? reply->status : 0;
  answer->body = reply ? reply->body : reply.error().message;
  stirred();
}

Task<void> SocketWire::follow(std::string thread) {
  http::Call call = call_to("GET", daemon_->url + "/v1/threads/" + thread + "/events");
  call.headers.emplace_back("Accept", "text/event-stream");
  call.headers.emplace_back("Last-Event-ID", "0");
  SocketFollower sink([this, thread](json event) {
    heard_.push_back({thread, std::move(event)});
    stirred();
  });
  const Deadline never{Clock::time_point::max()};
  auto ended = co_await client_->stream(std::move(call), sink, never);
  (void)ended;
}

Task<void> SocketWire::end() {
  for (Question& question : questions_) question.slot->set(Errc::connection_lost);
  daemon_.reset();
  co_await model_.stop(Clock::duration::zero());
  co_await group_.stop(Clock::duration::zero());
}

http::Call SocketWire::call_to(const std::string& method, const std::string& url) {
  const auto query = std::min(url.find('?'), url.size());
  auto origin = http::Origin::parse(url.substr(0, query));
  if (!origin) throw std::runtime_error(url + ": " + origin.error().message);
  const std::string target = (origin->base_path.empty() ? "/" : origin->base_path) + url.substr(query);
  http::Call call(std::move(*origin), method, target);
  call.headers.emplace_back("Authorization", "Bearer " + std::string(kApiKey));
  return call;
}

SocketAnswerPtr SocketWire::ask(const std::string& method, const std::string& url, const json& body,
                                const std::string& key, const std::string& as) {
  http::Call call = call_to(method, url);
  if (as == "nobody") call.headers.clear();
  if (as == "other") call.headers[0].second = "Bearer " + std::string(kOtherApiKey);
  if (!key.empty()) call.headers.emplace_back("Idempotency-Key", key);
  if (!body.is_null()) {
    call.headers.emplace_back("Content-Type", "application/json");
    call.body = body.dump();
  }
  said_.add(url);
  said_.add(call.body);
  auto answer = std::make_shared<SocketAnswer>();
  answer->asked = method + " " + call.target;
  answer->step = at_;
  answer->own = as == "own";
  (void)group_.spawn("client", exchange(std::move(call), answer));
  return answer;
}

SocketAnswer SocketWire::now(const std::string& method, const std::string& url, const json& body,
                             const std::string& key) {
  const SocketAnswerPtr answer = ask(method, url, body, key);
  until([&] { return answer->come; });
  return *answer;
}

SocketAnswer SocketWire::control(const std::string& path, const json& body) {
  const SocketAnswer done = now("POST", rail_ + path, body);
  if (done.status >= 300 || done.status == 0) fail(path + " answers " + std::to_string(done.status) + " " + done.body);
  return done;
}

void SocketWire::follow_thread(const std::string& id) {
  (void)group_.spawn("events", follow(id));
}

void SocketWire::settle() {
  until([&] {
    const bool open = std::any_of(calls_.begin(), calls_.end(), [](const SocketAnswerPtr& one) { return !one->come; });
    return (!open || !questions_.empty()) && clock_.now() - last_ > kQuiet;
  });
}

}  // namespace purser::replay
