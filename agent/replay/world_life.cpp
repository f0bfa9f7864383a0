#include "agent/replay/model_wire.hpp"
#include "agent/replay/world_impl.hpp"
#include "config/loader.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <stdexcept>

namespace purser::replay {
namespace {

// Names, not addresses: nobody listens there. The loopback makes the daemon say on every card that this is a sandbox.
constexpr const char* kDaemonUrl = "http://127.0.0.1:7000";
constexpr const char* kRailUrl = "http://127.0.0.1:7001";
constexpr const char* kModelUrl = "http://127.0.0.1:7002/v1";
constexpr Millis kWebhookAnswerMax{5'000};
constexpr Millis kLate{4'000};

std::string path_of(const std::string& url) {
  const auto path = url.find('/', url.find("://") + 3);
  return path == url.npos ? "/" : url.substr(path);
}

http::Request request_of(const ClientCall& call) {
  http::Request out;
  out.method = call.method;
  out.target = call.target;
  out.path = call.target.substr(0, call.target.find('?'));
  if (out.path.size() < call.target.size()) out.query = call.target.substr(out.path.size() + 1);
  out.headers = call.headers;
  out.body = call.body;
  out.peer = "127.0.0.1";
  return out;
}

}  // namespace

json catalogue_json(const json& given) {
  if (given.contains("items")) return given;
  json items = json::array();
  for (const auto& [sku, item] : given.items()) {
    json row{{"sku", sku},
             {"name", item.value("name", json{{"zh", sku}, {"en", sku}})},
             {"unit_price_fen", item.at("unit_price_fen")},
             {"currency", item.value("currency", "CNY")}};
    for (const char* key :
         {"description", "aliases", "quantity_prices", "quantity_max", "on_sale", "tolerance_per_mille"})
      if (item.contains(key)) row[key] = item[key];
    items.push_back(std::move(row));
  }
  return {{"version", "script"}, {"items", std::move(items)}};
}

// --- life and death -----------------------------------------------------------------------------------------------

void World::Impl::logged(std::string line) {
  if (const std::string secret = secret_in(line, said); !secret.empty()) mirror.blame("O7", "the log shows " + secret);
  if (line.starts_with("error replay.") || line.find("task.threw") != line.npos || line.find("work.threw") != line.npos)
    mirror.blame("bug", line);
  if (line.starts_with("warn") || line.starts_with("error")) note("log", brief(line, 240));
}

bool World::Impl::strikes(CrashPoint::Place place, CrashPoint::When when, std::int64_t nth, const std::string& name) {
  if (!armed || armed->place != place || armed->when != when) return false;
  if (armed->name.empty() ? armed->nth != nth : armed->name != name || --armed->nth > 0) return false;
  armed.reset();
  note("run", std::string("killed ") + (when == CrashPoint::When::before ? "before " : "after ") + name);
  daemon->life->up = false;
  return true;
}

bool World::Impl::before_commit(const std::string& name) {
  commit_names.push_back(name);
  return strikes(CrashPoint::Place::commit, CrashPoint::When::before, static_cast<std::int64_t>(commit_names.size()),
                 name);
}

bool World::Impl::after_commit(const Batch& batch, const Receipt& receipt) {
  const std::size_t lines = mirror.ledger.size();
  mirror.apply(batch, receipt);
  for (const StreamEvent& event : receipt.events) {
    note("event", event.type + " " + brief(event.data_json));
    if (const std::string secret = secret_in(event.data_json, said); !secret.empty() && event.type != "card")
      mirror.blame("O7", "an event shows " + secret);
  }
  for (std::size_t i = lines; i < mirror.ledger.size(); ++i)
    note("ledger", mirror.ledger[i].kind + " " + mirror.ledger[i].amount.display());
  return strikes(CrashPoint::Place::commit, CrashPoint::When::after, static_cast<std::int64_t>(commit_names.size()),
                 batch.name);
}

std::string api_keys() {
  return std::string(kTenant) + ":" + std::string(kApiKey) + ",other_shop:" + std::string(kOtherApiKey);
}

Settings World::Impl::settings() const {
  SettingsSources sources;
  sources.sets = options.settings;
  LoadedSettings loaded = load_settings(sources);
  if (!loaded.ok()) throw std::runtime_error("settings: " + report_text(loaded));
  Settings out = std::move(loaded.settings);
  ground.put_merchant(out);
  out.wechat.base_url = kRailUrl;
  out.server.public_url = kDaemonUrl;
  out.auth.api_keys = Secret(api_keys());
  if (options.scripted_model) {
    out.model.base_url = kModelUrl;
    out.model.api_key = Secret("sk_model_replay");
  }
  if (!options.catalogue.is_null())
    out.catalogue.file = ground.fresh_file("catalogue.json", catalogue_json(options.catalogue).dump());
  return out;
}

Result<void> World::Impl::start() {
  daemon = std::make_unique<Incarnation>(now() + wall_off, stood);
  Incarnation& run = *daemon;
  auto opened = ground.open(database, run.clock);
  if (!opened) return opened.error();
  GateStore::Hooks hooks;
  hooks.before = [this](const std::string& name) { return before_commit(name); };
  hooks.after = [this](const Batch& batch, const Receipt& receipt) { return after_commit(batch, receipt); };
  if (options.shuffle) hooks.delay = [this] { return schedule.roll(4); };
  Surroundings around;
  around.client = std::make_unique<Net>(*this, run);
  around.store = std::make_unique<GateStore>(std::move(*opened), run.life, std::move(hooks));
  around.make_mint = [this](const Secret& secret) -> std::unique_ptr<Mint> {
    return std::make_unique<ReplayMint>(dice, secret);
  };
  around.load_keys = [this](const WechatSettings& from) { return ground.load_keys(from); };
  around.alone = true;
  around.listens = false;
  auto made = Daemon::make(run.loop.get_executor(), run.clock, settings(), DaemonOptions(), std::move(around));
  if (!made) return made.error();
  run.daemon = std::move(*made);
  Result<void> started = Error(Errc::internal, "the daemon's start does not end");
  asio::co_spawn(run.loop, run.daemon->start(), [&started](std::exception_ptr bug, Result<void> done) {
    started = bug ? Error(Errc::internal, "the daemon's start threw") : std::move(done);
  });
  run.clock.settle(run.loop);
  note("run", "the daemon is up");
  return run.life->up ? started : success();
}

Task<void> World::Impl::end(Incarnation& of) {
  co_await of.clients.stop(Clock::duration::zero());
  co_await of.daemon->stop();
  of.ended = true;
}

// Takes a dead daemon apart. Nothing it still does leaves it: store and network are gone for it, and its time is not
// the world's.
void World::Impl::bury() {
  stood = elapsed();
  std::unique_ptr<Incarnation> dead = std::move(daemon);
  dead->life->up = false;
  armed.reset();
  for (auto* queue : {&models, &rails}) {
    const std::vector<Parked> open = std::move(*queue);
    queue->clear();
    for (const Parked& one : open) one.slot->set(Errc::connection_lost);
  }
  for (const ClientCallPtr& call : calls) {
    call->lost = true;
    lost.push_back(call);
  }
  calls.clear();
  for (const Flight& flight : flights) rail.report(flight.delivery, "connection_lost", moment());
  flights.clear();
  if (!dead->daemon) return;
  asio::co_spawn(dead->loop, end(*dead), [this](std::exception_ptr bug) {
    if (bug) mirror.blame("bug", "a dying daemon threw");
  });
  for (int i = 0; i < 100 && !dead->ended; ++i) dead->clock.advance(dead->loop, std::chrono::seconds(10));
  if (dead->ended) return;
  mirror.blame("bug", "a daemon does not stop");
  (void)dead.release();  // its coroutines still stand on it
}

// --- clients ------------------------------------------------------------------------------------------------------

void World::Impl::launch(const ClientCallPtr& call) {
  call->lost = false;
  call->response.reset();
  for (const std::string* text : {&call->target, &call->body}) {
    said.add(*text);
    heard.add(*text);
  }
  if (!daemon || !daemon->life->up) {
    call->lost = true;
    lost.push_back(call);
    return;
  }
  calls.push_back(call);
  (void)daemon->clients.spawn("client", serve(*daemon->daemon, daemon->life, call));
}

Task<void> World::Impl::serve(Daemon& of, std::shared_ptr<Life> life, ClientCallPtr call) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  if (!life->up) co_return;
  http::Request request = request_of(*call);
  http::Response response = co_await of.answer(std::move(request));
  if (!life->up) co_return;
  if (response.stream) {
    const auto body = response.stream;
    std::erase(calls, call);  // it may stay for ever
    call->response = response;
    http::StreamSink sink = [this, life, call](std::string piece) { return take_piece(life, call, std::move(piece)); };
    auto streaming = body(std::move(sink));
    co_await std::move(streaming);
    call->ended = true;
    co_return;
  }
  call->response = std::move(response);
  std::erase(calls, call);
}

Task<Result<void>> World::Impl::take_piece(std::shared_ptr<Life> life, ClientCallPtr call, std::string piece) {
  if (!life->up || call->hung_up) co_return Errc::connection_lost;
  for (auto at = piece.find("id: "); at != piece.npos; at = piece.find("\nid: ", at + 1)) {
    call->events_seen += 1;
    if (call->drop_after_events == 0 || call->events_seen <= call->drop_after_events) continue;
    call->streamed += piece.substr(0, at);
    co_return Errc::connection_lost;
  }
  call->streamed += piece;
  co_return success();
}

// --- time ---------------------------------------------------------------------------------------------------------

// The rail's side of a moment: what it wants to tell is sent, and what became of it is noted. True: something moved.
bool World::Impl::pump() {
  bool moved = false;
  std::vector<sandbox::Delivery> leaving;
  for (auto& [at, delivery] : held)
    if (at <= now()) leaving.push_back(std::move(delivery));
  std::erase_if(held, [this](const auto& one) { return one.first <= now(); });
  for (auto& delivery : rail.take_deliveries(moment())) {
    moved = true;
    const bool first = ++deliveries[delivery.notice_id] == 1;
    if (webhook_twist == "dropped" && first) {
      rail.report(delivery, "connect_failed", moment());
      continue;
    }
    const bool swapped = webhook_twist == "swapped" && first;
    if ((webhook_twist == "late" && first) || (swapped && held.empty())) {
      held.emplace_back(now() + kLate, std::move(delivery));
      continue;
    }
    if (webhook_twist == "doubled") {
      sandbox::Delivery twin = delivery;
      twin.reports = false;
      leaving.push_back(std::move(twin));
    }
    leaving.push_back(std::move(delivery));
    if (!swapped) continue;
    for (auto& [at, earlier] : held) leaving.push_back(std::move(earlier));
    held.clear();
  }
  for (auto& delivery : leaving) {
    moved = true;
    auto call = std::make_shared<ClientCall>("POST", path_of(delivery.url));
    call->headers = delivery.headers;
    call->body = delivery.body;
    if (!daemon || !daemon->life->up) {
      rail.report(delivery, "connect_failed", moment());
      continue;
    }
    (void)daemon->clients.spawn("webhook", serve(*daemon->daemon, daemon->life, call));
    flights.push_back({std::move(delivery), std::move(call), now()});
  }
  for (std::size_t i = 0; i < flights.size();) {
    Flight& flight = flights[i];
    const bool late = now() - flight.since >= kWebhookAnswerMax;
    if (!flight.call->response && !late) {
      ++i;
      continue;
    }
    const std::string result = flight.call->response ? std::to_string(flight.call->response->status) : "timed_out";
    note("rail", "webhook: " + result);
    rail.report(flight.delivery, result, moment());
    flights.erase(flights.begin() + static_cast<std::ptrdiff_t>(i));
    moved = true;
  }
  return moved;
}

std::optional<Nanos> World::Impl::next_happening() const {
  std::optional<Nanos> next;
  const auto earlier = [&](Nanos at) { next = next ? std::min(*next, at) : at; };
  if (daemon) {
    const auto wake = daemon->clock.next_wake();
    if (wake) earlier(daemon->began + (*wake - daemon->began_clock));
  }
  if (const auto due = rail.next_due()) earlier(*due - options.start);
  for (const auto& [at, delivery] : held) earlier(at - options.start);
  for (const Flight& flight : flights) earlier(flight.since + kWebhookAnswerMax - options.start);
  return next;
}

void World::Impl::move_to(Nanos at) {
  const Nanos by = std::max(Nanos(0), at - elapsed());
  if (daemon) {
    daemon->clock.advance(daemon->loop, by);
  } else {
    stood += by;
  }
}

}  // namespace purser::replay
