#include "agent/replay/world_impl.hpp"
#include "gateway/crypto/aead.hpp"
#include "gateway/sandbox/signing.hpp"
#include "gateway/sandbox/twists.hpp"

#include <boost/asio/co_spawn.hpp>

#include <algorithm>
#include <filesystem>

namespace purser::replay {
namespace {

constexpr Millis kRefundPatience{20 * 60'000};

}  // namespace

// --- the world ----------------------------------------------------------------------------------------------------

World::World(WorldOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

World::~World() {
  if (impl_->daemon) impl_->bury();
  impl_->ground.forget(impl_->database);
}

Result<void> World::start() {
  if (up()) return success();
  auto started = impl_->start();
  if (!started && impl_->daemon) impl_->bury();
  return started;
}

void World::crash() {
  if (!impl_->daemon) return;
  impl_->note("run", "killed");
  impl_->crashes += 1;
  impl_->bury();
}

Result<void> World::keep_database(const std::string& path) {
  crash();
  std::error_code failed;
  impl_->ground.finish(impl_->database);
  std::filesystem::copy_file(impl_->database, path, std::filesystem::copy_options::overwrite_existing, failed);
  if (failed) return Error(Errc::config_unreadable, path + ": " + failed.message(), path);
  return success();
}

bool World::up() const {
  return impl_->daemon && impl_->daemon->life->up;
}
void World::arm(CrashPoint point) {
  impl_->armed = std::move(point);
}
bool World::armed() const {
  return impl_->armed.has_value();
}
std::size_t World::crashes() const {
  return impl_->crashes;
}
void World::set_revive(bool on) {
  impl_->revive = on;
}

void World::settle() {
  for (;;) {
    if (impl_->daemon) impl_->daemon->clock.settle(impl_->daemon->loop);
    if (impl_->daemon && !impl_->daemon->life->up) {
      impl_->crashes += 1;
      impl_->bury();
      if (!impl_->revive) continue;
      if (auto started = start(); !started) impl_->mirror.blame("bug", "no start: " + started.error().message);
      for (const ClientCallPtr& call : lost_calls()) impl_->launch(call);
      continue;
    }
    if (!impl_->pump()) return;
  }
}

void World::advance(Millis by) {
  const auto target = impl_->elapsed() + by;
  for (;;) {
    settle();
    const auto next = impl_->next_happening();
    if (!next || *next > target) break;
    impl_->move_to(*next);
  }
  impl_->move_to(target);
  settle();
}

bool World::drain(Millis patience) {
  const auto began = impl_->elapsed();
  const auto target = began + patience;
  for (;;) {
    settle();
    if (impl_->mirror.at_rest() && !busy()) return true;
    // The rail has nothing more to say by itself, and has been asked often enough.
    if (impl_->mirror.only_asks_of_refunds() && !busy() && impl_->elapsed() - began > kRefundPatience) return true;
    const auto next = impl_->next_happening();
    if (!next || *next > target) return false;
    impl_->move_to(*next);
  }
}

bool World::busy() const {
  return !impl_->calls.empty() || !impl_->flights.empty() || !impl_->held.empty() || impl_->rail.next_due();
}
void World::fault_rail(std::int64_t nth, std::string what) {
  impl_->rail_fault_at = nth;
  impl_->rail_fault = std::move(what);
}
void World::twist_webhooks(std::string how) {
  impl_->webhook_twist = std::move(how);
}

void World::jump_wall(std::chrono::seconds by) {
  impl_->wall_off += by;
  if (impl_->daemon) impl_->daemon->clock.jump_wall(by);
}

UtcTime World::now() const {
  return impl_->now();
}

ClientCallPtr World::ask(std::string method, std::string target, const json& body, std::string key) {
  auto call = std::make_shared<ClientCall>(std::move(method), std::move(target));
  call->headers = {{"Host", "127.0.0.1:7000"}, {"Authorization", "Bearer " + std::string(kApiKey)}};
  if (!key.empty()) call->headers.emplace_back("Idempotency-Key", std::move(key));
  if (!body.is_null()) {
    call->headers.emplace_back("Content-Type", "application/json");
    call->body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  }
  impl_->launch(call);
  return call;
}

void World::ask(const ClientCallPtr& call) {
  impl_->launch(call);
}

// Each once: who asks again and again while the daemon is down has one question.
std::vector<ClientCallPtr> World::lost_calls() {
  std::vector<ClientCallPtr> out;
  for (ClientCallPtr& call : std::exchange(impl_->lost, {}))
    if (std::find(out.begin(), out.end(), call) == out.end()) out.push_back(std::move(call));
  return out;
}

ClientCallPtr World::knock(http::Headers headers, std::string body) {
  auto call = std::make_shared<ClientCall>("POST", "/webhooks/wechat/" + std::string(kTenant));
  call->headers = std::move(headers);
  call->body = std::move(body);
  impl_->launch(call);
  return call;
}

void World::set_model(ModelSeat seat) {
  impl_->seat = std::move(seat);
  if (!impl_->seat) return;
  for (std::size_t i = 0; i < impl_->models.size();) {
    auto answer = impl_->seat(*impl_->models[i].what.body);
    if (answer) {
      (void)serve_model(i, *answer);
    } else {
      ++i;
    }
  }
}

std::vector<Waiting> World::waiting_models() const {
  std::vector<Waiting> out;
  for (const Parked& one : impl_->models) out.push_back(one.what);
  return out;
}
std::vector<Waiting> World::waiting_rails() const {
  std::vector<Waiting> out;
  for (const Parked& one : impl_->rails) out.push_back(one.what);
  return out;
}

std::size_t World::unserved() const {
  return impl_->unserved;
}

std::string World::serve_model(std::size_t which, const json& answer) {
  Parked parked = std::move(impl_->models.at(which));
  impl_->models.erase(impl_->models.begin() + static_cast<std::ptrdiff_t>(which));
  return impl_->deliver(parked, answer);
}

void World::serve_rail(std::size_t which, const json& reply) {
  Parked parked = std::move(impl_->rails.at(which));
  impl_->rails.erase(impl_->rails.begin() + static_cast<std::ptrdiff_t>(which));
  impl_->note("rail", "answers " + brief(reply.dump()));
  const std::string fault = reply.value("fault", "");
  if (fault.starts_with("timeout")) return;
  if (fault == "reset") return parked.slot->set(Errc::connection_lost);
  if (fault == "refuse") return parked.slot->set(Errc::connect_failed);
  Served served;
  http::Reply& out = served.reply;
  out.status = reply.value("status", 200);
  if (fault == "http_500") out.status = 500;
  if (fault == "http_429") out.status = 429;
  if (fault == "bad_json") out.body = "<html>ok</html>";
  if (reply.contains("body") && out.body.empty()) out.body = reply["body"].dump();
  const std::string sign = reply.value("sign", "good");
  const auto twist = sign == "bad"       ? sandbox::Twist::wrong
                     : sign == "missing" ? sandbox::Twist::absent
                                         : sandbox::Twist::none;
  const auto& keys = impl_->ground.credentials();
  out.headers = sandbox::signature_headers(keys, keys.public_key_id, out.body, impl_->now(), impl_->rail_mint, twist);
  out.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  parked.slot->set(std::move(served));
}

sandbox::SandboxRail& World::rail() {
  return impl_->rail;
}
sandbox::Moment World::rail_moment() const {
  return impl_->moment();
}
Dice& World::dice() {
  return impl_->dice;
}

ClientCallPtr World::notify(const std::string& event, const std::string& type, const json& plain, const json& how) {
  const auto& keys = impl_->ground.credentials();
  Mint& mint = impl_->rail_mint;
  const std::string nonce = mint.token(12);
  const Secret other_key("00000000000000000000000000000000");
  const bool sealed_wrong = how.value("seal", "good") != "good";
  const auto sealed =
      crypto::aes_gcm_seal(sealed_wrong ? other_key : keys.apiv3_key, nonce, type, plain.dump()).value();
  const json envelope{{"id", how.value("id", "ev-" + mint.token(8))},
                      {"create_time", format_time_china(impl_->now())},
                      {"event_type", event},
                      {"resource_type", "encrypt-resource"},
                      {"summary", "replay"},
                      {"resource",
                       {{"algorithm", "AEAD_AES_256_GCM"},
                        {"original_type", type},
                        {"ciphertext", sealed},
                        {"associated_data", type},
                        {"nonce", nonce}}}};
  std::string body = envelope.dump();
  const std::string sign = how.value("sign", "good");
  auto twist = sandbox::Twist::none;
  if (sign == "bad") twist = sandbox::Twist::wrong;
  if (sign == "missing") twist = sandbox::Twist::absent;
  if (sign == "unknown_serial") twist = sandbox::Twist::unknown_serial;
  if (how.value("probe", false)) twist = sandbox::Twist::probe;
  const UtcTime signed_at = impl_->now() + std::chrono::seconds(how.value("timestamp_offset", 0));
  const std::string serial =
      how.value("serial", "") == "certificate" ? keys.platform_certificate.serial() : keys.public_key_id;
  http::Headers headers = sandbox::signature_headers(keys, serial, body, signed_at, mint, twist);
  if (sign == "tampered") sandbox::tamper(body);
  headers.emplace_back("Content-Type", "application/json");
  headers.emplace_back("User-Agent", "Mozilla/4.0");
  return knock(std::move(headers), std::move(body));
}

Mirror& World::mirror() {
  return impl_->mirror;
}
const Mirror& World::mirror() const {
  return impl_->mirror;
}
std::vector<JournalLine>& World::journal() {
  return impl_->journal;
}
void World::note(std::string lane, std::string text) {
  impl_->note(std::move(lane), std::move(text));
}
std::int64_t World::commits() const {
  return static_cast<std::int64_t>(impl_->commit_names.size());
}
std::int64_t World::rail_calls() const {
  return static_cast<std::int64_t>(impl_->rail_names.size());
}
std::int64_t World::model_requests() const {
  return impl_->models_asked;
}
std::vector<std::string> World::commit_names() const {
  return impl_->commit_names;
}
std::vector<std::string> World::rail_names() const {
  return impl_->rail_names;
}

namespace {

Task<Result<LedgerTotals>> read_books(Store& store) {
  auto holds = co_await store.verify_ledger();
  if (!holds) co_return holds.error();
  TenantId tenant = TenantId::trusted(std::string(kTenant));
  co_return co_await store.ledger_totals(std::move(tenant));
}

}  // namespace

Result<LedgerTotals> World::audit() {
  if (auto started = start(); !started) return started.error();
  Result<LedgerTotals> books = Error(Errc::internal, "the store does not answer");
  asio::co_spawn(impl_->daemon->loop, read_books(impl_->daemon->daemon->store()),
                 [&books](std::exception_ptr bug, Result<LedgerTotals> read) {
                   if (!bug) books = std::move(read);
                 });
  settle();
  return books;
}

}  // namespace purser::replay
