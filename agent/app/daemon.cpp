#include "agent/app/daemon.hpp"

#include "agent/api/admin.hpp"
#include "agent/api/api.hpp"
#include "agent/api/own_host.hpp"
#include "agent/app/access.hpp"
#include "agent/app/api_client.hpp"
#include "agent/app/due_work.hpp"
#include "agent/app/goods.hpp"
#include "agent/app/key_reload.hpp"
#include "agent/app/listener_tls.hpp"
#include "agent/app/metric_zeros.hpp"
#include "agent/app/process.hpp"
#include "agent/app/provider.hpp"
#include "agent/app/sandbox_keys.hpp"
#include "agent/console/demo_chat.hpp"
#include "config/text_rules.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/async/threads_for.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/http/server.hpp"
#include "gateway/llm/fallback.hpp"
#include "gateway/llm/prompts.hpp"
#include "gateway/llm/rules/rule_engine.hpp"
#include "gateway/log.hpp"
#include "gateway/metrics.hpp"
#include "gateway/pay/metered_channel.hpp"
#include "gateway/pay/wechat/channel.hpp"
#include "gateway/sandbox/server.hpp"
#include "gateway/store/failpoint_store.hpp"
#include "gateway/store/metered_store.hpp"
#include "gateway/store/open/open.hpp"
#include "tools/cashier/cashier.hpp"
#include "tools/tool.hpp"

#include <boost/asio/thread_pool.hpp>

namespace purser {
namespace {

// Two signatures at once keep both cores of a small machine busy; the loop's thread stays free.
constexpr std::size_t kSigners = 2;
// The rule engine answers in microseconds; this leaves it and the rest of the turn their time when a model uses all of
// its own.
constexpr Millis kRulesReserve{2'000};

void log_child(std::string_view name, std::exception_ptr error) {
  log::error("task.threw", {{"task", name}, {"what", what_of(error)}});
}

std::unique_ptr<Mint> system_mint(const Secret& merchant_secret) {
  return std::make_unique<crypto::SystemMint>(
      Secret(crypto::hmac_sha256_raw(merchant_secret.reveal(), "purser order numbers")));
}

Error all_of(const std::vector<Error>& mistakes) {
  std::string text;
  for (const Error& mistake : mistakes) text += (text.empty() ? "" : "; ") + mistake.message;
  return {Errc::config_bad_value, std::move(text), mistakes.front().param};
}

}  // namespace

// Everything the daemon is made of, in the order it is made; destroyed in the reverse order.
struct Daemon::Parts {
  Parts(asio::any_io_executor e, Clock& c, Settings s, DaemonOptions o, Surroundings a)
      : executor(std::move(e)),
        clock(c),
        settings(std::move(s)),
        options(std::move(o)),
        around(std::move(a)),
        on_sandbox(settings.wechat.mchid.empty() || is_loopback_url(settings.wechat.base_url)),
        work(executor, clock, log_child),
        servers(executor, clock, log_child),
        loops(executor, clock, log_child) {}

  Result<void> make();
  Result<void> make_rail();
  Result<void> make_embedded_sandbox();
  Result<void> make_outbound();
  Result<void> make_model();
  Result<void> make_agent();
  Result<void> make_doors();
  void make_demo_chat();

  Task<http::Response> answer(http::Request request);
  Result<void> start_sharing();

  asio::any_io_executor executor;
  Clock& clock;
  Settings settings;
  DaemonOptions options;
  Surroundings around;
  const bool on_sandbox;  // a rail on this machine is a simulator, whoever started it

  // Runs what must not hold up the loop: signatures.
  asio::thread_pool signers{threads_for(clock, kSigners)};
  // Writes down what models cost; its waits for the disk hold up no signature.
  asio::thread_pool journal_writer{threads_for(clock, 1)};
  // Background coroutines and turns that go on without their client.
  TaskGroup work;
  // What runs until it is told to stop: the listeners, and the loop over due work.
  TaskGroup servers;
  TaskGroup loops;
  Metrics metrics;
  // Ids and order numbers; made from the merchant's secret, so a second daemon mints the same numbers.
  std::unique_ptr<Mint> mint;
  // Who is told of spans; null: nobody. Before all that makes them.
  std::unique_ptr<trace::Exporter> traces;
  // All that goes out: the rail, the model, the sandbox's webhooks.
  std::unique_ptr<http::Client> client;
  // Whom it tells of events. Before the memory, which writes down what is to be told.
  std::unique_ptr<Outbound> outbound;
  // The memory. Opened before anything listens: a daemon without it must not say it is ready.
  FileLock lock;
  std::unique_ptr<Store> store;
  const MeteredStore* metered = nullptr;  // the part of it that counts
  // The public listener's port must be known before orders name their notify_url.
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::Server> admin_server;
  // What they show when they speak TLS.
  std::optional<ListenerTls> tls;
  std::optional<ListenerTls> admin_tls;
  std::unique_ptr<http::Client> own_door;  // of the embedded sandbox then
  std::string url;
  std::string admin_url;
  // The rail: the simulator when there is no merchant, and the channel to it or to WeChat Pay.
  std::unique_ptr<sandbox::Sandbox> sandbox;
  std::unique_ptr<PaymentChannel> channel;
  wechat::WechatChannel* wechat_channel = nullptr;  // the same, as what it is: its keys change while it runs
  // Who answers: the rule engine, or a model with it behind.
  std::unique_ptr<Model> rules;
  std::unique_ptr<Model> provider;
  std::unique_ptr<Model> fallback;
  Model* model = nullptr;
  std::vector<std::string> acknowledged;  // tenants whose users read a first sentence at once
  DirectDoor::Models direct;              // what backends may ask beside their conversations
  Conversations::Terms terms;             // what holds for the words of models
  // What can be bought, and what the model is told.
  Goods goods;
  const Catalogue& catalogue = goods.catalogue();
  Conversations::Prompts prompts;
  // The agent: the cashier, the tools, the conversations, and the work that falls due.
  std::unique_ptr<Cashier> cashier;
  std::unique_ptr<ToolRegistry> tools;
  std::unique_ptr<Conversations> conversations;
  std::unique_ptr<WebhookInbox> webhooks;
  std::unique_ptr<DueWork> due_work;
  // The doors, and how often they may be knocked at.
  std::optional<Access> access;
  std::unique_ptr<Api> api;
  std::unique_ptr<Admin> admin;
  // The demo's page: a client of the door beside it, with a key of its own, that also pays at the sandbox.
  std::unique_ptr<ApiClient> to_sandbox;
  std::unique_ptr<DemoChat> demo_chat;
  http::Handler show_page;
  bool stopped = false;
};

Result<void> Daemon::Parts::make() {
  show_zeros(metrics);
  auto exporter = make_traces(settings.telemetry, executor, clock, metrics);
  if (!exporter) return exporter.error();
  traces = std::move(*exporter);
  if (around.client) {
    client = std::move(around.client);
  } else {
    auto made_client = http::make_client(executor, clock, http::ClientLimits(), settings.wechat.ca_file);
    if (!made_client) return made_client.error();
    client = std::move(*made_client);
  }
  if (around.store) {
    store = std::move(around.store);
  } else {
    // A daemon keeps state of its turns in memory: two on one file would talk past each other.
    if (const auto path = parse_sqlite_url(settings.store.url.reveal())) {
      auto held = FileLock::take(*path + ".lock");
      if (!held) return held.error();
      lock = std::move(*held);
    }
    auto opened = open_store(settings.store, clock);
    if (!opened) return opened.error();
    store = std::move(*opened);
  }
  if (!options.failpoint.empty()) {
    if (!on_sandbox)
      return Error(Errc::config_bad_value, "PURSER_FAILPOINT is for sandbox daemons only", "PURSER_FAILPOINT");
    auto points = parse_failpoints(options.failpoint);
    if (!points) return points.error();
    store = std::make_unique<FailpointStore>(std::move(store), std::move(*points));
  }
  auto counted = std::make_unique<MeteredStore>(std::move(store), metrics, clock);
  metered = counted.get();
  store = std::move(counted);
  Result<void> done = make_doors();
  if (done) done = make_rail();
  if (done) done = make_outbound();
  if (done) done = make_model();
  if (done) done = make_agent();
  return done;
}

// Binds the listeners; what they answer with is made later and must be there before run().
Result<void> Daemon::Parts::make_doors() {
  auto made = Access::make(settings, options.demo_chat, on_sandbox, clock);
  if (!made) return made.error();
  access.emplace(std::move(*made));
  const ServerSettings& from = settings.server;
  if (!around.listens) {
    url = from.public_url.empty() ? "http://" + from.listen : from.public_url;
    admin_url = "http://" + from.admin_listen;
    return success();
  }
  const http::ServerLimits limits = server_limits(from);
  server = std::make_unique<http::Server>(executor, clock, limits,
                                          [this](http::Request request) { return answer(std::move(request)); });
  tls.emplace("tls", *server, clock);
  auto at = tls->open(settings.tls, from.listen);
  if (!at) return at.error();
  url = std::move(*at);
  http::Handler operators = [this](http::Request request) { return admin->handle(std::move(request)); };
  if (is_loopback_url("http://" + from.admin_listen)) operators = api::for_this_machine(std::move(operators));
  admin_server = std::make_unique<http::Server>(executor, clock, limits, std::move(operators));
  admin_tls.emplace("admin_tls", *admin_server, clock);
  at = admin_tls->open(settings.admin_tls, from.admin_listen);
  if (!at) return at.error();
  admin_url = std::move(*at);
  return success();
}

// A rail of our own: the simulator, and a merchant account on it.
Result<void> Daemon::Parts::make_embedded_sandbox() {
  auto credentials = options.sandbox_folder.empty()
                         ? sandbox::SandboxCredentials::generate(sandbox::KeyPlan::embedded(), clock.wall())
                         : sandbox::SandboxCredentials::load_or_generate(options.sandbox_folder, clock.wall());
  if (!credentials) return credentials.error();
  mint = around.make_mint(id_secret_of(settings, credentials->apiv3_key));
  settings.wechat.mchid = credentials->mchid;
  settings.wechat.appid = credentials->appid;
  sandbox::SandboxOptions with;
  with.listen = options.sandbox_listen;
  with.advance = around.skip;
  if (url.starts_with("https://"))
    own_door = make_own_door(*client, http::Origin::parse(url).value(),
                             [this](http::Request request) { return answer(std::move(request)); });
  sandbox = std::make_unique<sandbox::Sandbox>(executor, clock, own_door ? *own_door : *client, *mint,
                                               std::move(*credentials), std::move(with));
  auto listening = sandbox->listen();
  if (!listening) return listening;
  settings.wechat.base_url = sandbox->base_url();
  if (options.sandbox_folder.empty()) return success();
  return sandbox->credentials().write_to(options.sandbox_folder, sandbox->base_url());
}

Result<void> Daemon::Parts::make_rail() {
  wechat::LoadedKeys loaded;
  if (settings.wechat.mchid.empty()) {
    if (auto made = make_embedded_sandbox(); !made) return made;
    auto keys = keys_of(sandbox->credentials());
    if (!keys) return keys.error();
    loaded.keys = std::move(*keys);
  } else {
    loaded = around.load_keys(settings.wechat);
    if (!loaded.mistakes.empty()) return all_of(loaded.mistakes);
    mint = around.make_mint(id_secret_of(settings, loaded.keys.apiv3));
  }
  const std::string reached_at = settings.server.public_url.empty() ? url : settings.server.public_url;
  const wechat::Ports ports{*client, clock, signers, *mint};
  auto made = wechat::WechatChannel::make(settings.wechat, std::move(loaded.keys), ports, reached_at, on_sandbox);
  if (!made) return made.error();
  wechat_channel = made->get();
  channel = std::make_unique<MeteredChannel>(std::move(*made), metrics, clock);
  return success();
}

Result<void> Daemon::Parts::make_outbound() {
  auto made = Outbound::make(settings.webhooks, on_sandbox, executor, clock);
  if (!made) return made.error();
  outbound = std::move(*made);
  store = outbound->in_front_of(std::move(store), *mint);
  outbound->attach(*store, *client, clock, metrics);
  return success();
}

Result<void> Daemon::Parts::make_model() {
  rules = std::make_unique<RuleEngine>();
  const RoutedModel::Ports ports{*client, clock, *mint, metrics, journal_writer};
  auto made = make_provider(settings.model, options.environment, ports);
  if (!made) return made.error();
  acknowledged = std::move(made->acknowledge);
  terms = {std::move(made->prices), made->fee_basis_points, made->in_store_time_max, made->reply_bytes_max};
  provider = std::move(made->model);
  if (made->direct) direct = {provider.get(), std::move(made->tiers), settings.model.total_time_max};
  model = provider ? provider.get() : rules.get();
  if (provider && settings.model.fallback_to_rules) {
    fallback = std::make_unique<FallbackModel>(*provider, *rules, kRulesReserve);
    model = fallback.get();
  }
  return success();
}

Result<void> Daemon::Parts::make_agent() {
  auto begun = goods.begin(settings, clock);
  if (!begun) return begun;
  auto told = load_prompts(settings.prompts);
  if (!told) return told.error();

  cashier = std::make_unique<Cashier>(Cashier::Ports{*store, *channel, *mint, clock}, settings.intent, settings.refund,
                                      settings.tenants);
  tools = std::make_unique<ToolRegistry>(ToolRegistry::Ports{*store, *cashier, catalogue, clock}, settings.intent,
                                         settings.refund, settings.turn, settings.tenants);
  log::info("tools.schemas", {{"sha256", tools->schema_digest()}});
  conversations = std::make_unique<Conversations>(
      Conversations::Ports{*store, *model, *tools, *cashier, *mint, clock, &metrics}, settings.turn,
      Conversations::Prompts{told->system_zh, told->system_en, acknowledged}, on_sandbox, executor, terms);
  webhooks = std::make_unique<WebhookInbox>(WebhookInbox::Ports{*store, *channel, *cashier, clock, work, metrics},
                                            [this] { due_work->poke(); });
  due_work =
      std::make_unique<DueWork>(DueWork::Ports{*store, clock, metrics, *cashier, *conversations, *webhooks, *outbound},
                                executor, settings, around.alone);
  store->watch([this](const Change& change) {
    if (change.work || change.missed) due_work->poke();
    if (change.missed) conversations->ring_all();
    for (const ThreadId& thread : change.threads) conversations->news(thread).notify();
  });

  auto identity = access->identify(settings.auth);
  if (!identity) return identity.error();
  const Api::Ports ports{*store, *conversations, *cashier, catalogue,         *webhooks,           *mint,
                         clock,  work,           metrics,  access->limiter(), outbound->endpoints, direct};
  Api::Options doors{settings.intent, settings.turn, settings.limits, {}, on_sandbox, settings.tenants};
  doors.trusted_proxies = trusted_proxies(settings.server);
  api = std::make_unique<Api>(ports, std::move(*identity), std::move(doors));
  if (options.demo_chat) make_demo_chat();
  auto measure = [this] {
    count_doors(metrics, server.get(), api->streams_open());
    if (tls) tls->measure(metrics);
    if (admin_tls) admin_tls->measure(metrics);
  };
  Admin::Ports watched{
      *store, clock, metrics, std::move(measure), [this] { return metered->refuses(); }, [this] { return stopped; }};
  admin = std::make_unique<Admin>(std::move(watched), on_sandbox, PURSER_VERSION, sandbox ? sandbox->base_url() : "");
  return success();
}

void Daemon::Parts::make_demo_chat() {
  auto rail = http::Origin::parse(settings.wechat.base_url).value();  // the sandbox, ours or another process's
  to_sandbox = std::make_unique<ApiClient>(*client, clock, rail, "", "");
  demo_chat = std::make_unique<DemoChat>([this](http::Request request) { return api->handle(std::move(request)); },
                                         *mint, clock,
                                         [this, rail](std::string path, nlohmann::json body) {
                                           return to_sandbox->control(rail, std::move(path), std::move(body));
                                         },
                                         access->chat_key());
  show_page = [this](http::Request request) { return demo_chat->handle(std::move(request)); };
  if (is_loopback_url("http://" + settings.server.listen)) show_page = api::for_this_machine(std::move(show_page));
}

Task<http::Response> Daemon::Parts::answer(http::Request request) {
  if (show_page && DemoChat::serves(request.path)) return show_page(std::move(request));
  return api->handle(std::move(request));
}

// What it takes to be one of several daemons on one store.
Result<void> Daemon::Parts::start_sharing() {
  Result<void> running = loops.spawn("store.follow", store->follow());
  if (running) running = loops.spawn("turns.keep", conversations->keep_turns());
  if (running) running = loops.spawn("keys.keep", api->keep_keys());
  return running;
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::make(asio::any_io_executor executor, SystemClock& clock, Settings settings,
                                             DaemonOptions options) {
  Surroundings around;
  around.skip = [&clock](Millis by) { clock.skip(by); };
  return make(std::move(executor), clock, std::move(settings), std::move(options), std::move(around));
}

Result<std::unique_ptr<Daemon>> Daemon::make(asio::any_io_executor executor, Clock& clock, Settings settings,
                                             DaemonOptions options, Surroundings around) {
  if (!around.make_mint) around.make_mint = system_mint;
  if (!around.load_keys) around.load_keys = wechat::load_keys;
  auto parts =
      std::make_unique<Parts>(std::move(executor), clock, std::move(settings), std::move(options), std::move(around));
  auto made = parts->make();
  if (!made) return made.error();
  return std::unique_ptr<Daemon>(new Daemon(std::move(parts)));
}

Result<void> Daemon::reload_keys(const Settings& settings) {
  // The certificates first: a mistake in another file is no reason to let one run out.
  Result<void> shown = parts_->tls ? parts_->tls->reload(settings.tls) : success();
  if (shown && parts_->admin_tls) shown = parts_->admin_tls->reload(settings.admin_tls);
  auto identity = parts_->access->identify(settings.auth);
  if (!identity) return identity.error();
  if (auto told = parts_->outbound->reload(settings.webhooks, parts_->on_sandbox); !told) return told;
  parts_->api->replace(std::move(*identity));
  if (parts_->sandbox) return shown;
  warn_of_lost_ids(parts_->settings, settings);
  auto rail = parts_->wechat_channel->reload(settings.wechat);
  return shown ? rail : shown;
}

Task<Result<void>> Daemon::start() {
  Parts& p = *parts_;
  co_await p.goods.start();
  // Turns first: a client that repeats its request finds its turn being answered.
  auto cut = co_await p.conversations->take_up(p.work);
  if (!cut) co_return cut.error();
  Result<void> running = p.loops.spawn("turns.take_up", p.conversations->take_up_turns(p.work));
  if (running && p.sandbox) running = p.servers.spawn("sandbox", p.sandbox->run());
  if (running && p.server) running = p.servers.spawn("server", p.server->run());
  if (running && p.admin_server) running = p.servers.spawn("admin", p.admin_server->run());
  if (running && p.traces) running = p.loops.spawn("traces", p.traces->run());
  if (running) running = p.due_work->start(p.loops);
  if (running && p.store->shared()) running = p.start_sharing();
  if (running) running = p.loops.spawn("rail.keys", p.wechat_channel->run(p.metrics));
  if (running && p.goods.change()) running = p.loops.spawn("catalogue", p.goods.keep());
  co_return running;
}

Task<void> Daemon::stop() {
  Parts& p = *parts_;
  if (std::exchange(p.stopped, true)) co_return;
  const Clock::duration grace = p.settings.server.stop_grace;
  // No new requests; those in flight are answered.
  if (p.server) co_await p.server->stop(grace);
  if (p.traces) p.traces->stopping();
  // No new work; what is under way ends, and so do turns whose clients have left.
  co_await p.loops.stop(grace);
  co_await p.due_work->stop(grace);
  co_await p.work.stop(grace);
  if (p.traces) co_await p.traces->flush();
  if (p.admin_server) co_await p.admin_server->stop(grace);
  if (p.sandbox) co_await p.sandbox->stop(grace);
  co_await p.servers.stop(grace);
  p.signers.join();
  p.journal_writer.join();
}

Task<http::Response> Daemon::answer(http::Request request) {
  return parts_->answer(std::move(request));
}
Task<http::Response> Daemon::answer_admin(http::Request request) {
  return parts_->admin->handle(std::move(request));
}

std::string Daemon::url() const {
  return parts_->url;
}
std::string Daemon::admin_url() const {
  return parts_->admin_url;
}
const std::string& Daemon::made_key() const {
  return parts_->access->made_key();
}
bool Daemon::on_sandbox() const {
  return parts_->on_sandbox;
}
std::string Daemon::sandbox_url() const {
  return parts_->sandbox ? parts_->sandbox->base_url() : "";
}
Store& Daemon::store() {
  return *parts_->store;
}
http::Client& Daemon::http() {
  return *parts_->client;
}

}  // namespace purser
