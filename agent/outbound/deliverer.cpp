#include "agent/outbound/deliverer.hpp"

#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/telemetry/trace.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace purser {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// After the first attempt, which is at once: ten more within a day.
constexpr Millis kLadder[] = {seconds(5), seconds(30), minutes(2), minutes(10), minutes(30),
                              hours(1),   hours(2),    hours(4),   hours(8),    hours(8)};
constexpr Millis kRetryAfterMax = hours(8);
constexpr int kGone = 410;

// The id of the message stands behind the endpoint's.
std::pair<std::string, std::string> endpoint_and_id(const std::string& subject) {
  const auto colon = subject.find(':');
  return {subject.substr(0, colon), colon == std::string::npos ? "" : subject.substr(colon + 1)};
}

// Whole seconds; what else the header may hold (a date) is not worth a clock's disagreement.
Millis retry_after(const http::Reply& reply) {
  const std::string_view text = http::header(reply.headers, "Retry-After");
  std::int64_t count = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (ec != std::errc() || end != text.data() + text.size() || count < 0) return Millis(0);
  return std::min<Millis>(seconds(std::min<std::int64_t>(count, 86'400)), kRetryAfterMax);
}

}  // namespace

std::string webhook_signatures(const std::vector<Secret>& secrets, std::string_view id, std::int64_t timestamp,
                               std::string_view body) {
  const std::string text = std::string(id) + "." + std::to_string(timestamp) + "." + std::string(body);
  std::string out;
  for (const Secret& secret : secrets) {
    out += out.empty() ? "v1," : " v1,";
    out += crypto::base64_encode(crypto::hmac_sha256_raw(secret.reveal(), text));
  }
  return out;
}

const WebhookEndpoint* endpoint_of(const WorkItem& item, const WebhookEndpoints& endpoints) {
  const WebhookEndpoint* endpoint = endpoints.find(endpoint_and_id(item.subject).first);
  if (endpoint == nullptr) return nullptr;
  const auto payload = nlohmann::json::parse(item.payload_json, nullptr, false);
  const std::string tenant = payload.is_object() ? payload.value("tenant", "") : "";
  // Rows of earlier versions do not name it.
  return tenant.empty() || endpoint->tenant.str() == tenant ? endpoint : nullptr;
}

std::optional<Millis> Deliverer::pause_after(std::int64_t attempts) {
  if (attempts < 1 || attempts > std::ssize(kLadder)) return std::nullopt;
  return kLadder[attempts - 1];
}

Task<Result<void>> Deliverer::deliver(WorkItem item) {
  auto [endpoint_id, id] = endpoint_and_id(item.subject);
  const WebhookEndpoint* endpoint = endpoint_of(item, endpoints_);
  std::string reason = "the endpoint is not configured";
  if (endpoint == nullptr) co_return co_await put_aside(std::move(item), std::move(reason));
  const auto payload = nlohmann::json::parse(item.payload_json, nullptr, false);
  const std::string body = payload.is_object() ? payload.value("body", "") : "";
  reason = "the row holds no message";
  if (body.empty()) co_return co_await put_aside(std::move(item), std::move(reason));

  Health& health = health_[endpoint_id];
  const Millis wait = wait_for(health);
  reason.clear();
  if (wait > Millis(0)) co_return co_await put_off(std::move(item), wait, std::move(reason));
  health.under_way += 1;
  auto reply = co_await send(*endpoint, id, item.thread.str(), body);
  health.under_way -= 1;
  health.answers = reply.ok();
  if (!reply) health.not_before = ports_.clock.now() + kWaitForAnswer;

  item.attempts += 1;
  const bool taken = reply && reply->status >= 200 && reply->status < 300;
  if (taken) {
    ports_.metrics.add(kDeliveries, {{"result", "delivered"}});
    Batch done("webhook.delivered");
    done.add(op::DropWork{item.kind, item.subject});
    auto ended = co_await ports_.store.commit(std::move(done));
    co_return ended ? success() : Result<void>(ended.error());
  }
  ports_.metrics.add(kDeliveries, {{"result", reply ? "refused" : "failed"}});
  reason = reply ? "status " + std::to_string(reply->status) : std::string(code_of(reply.code()));
  log::warn("webhook.not_delivered",
            {{"endpoint", endpoint_id}, {"id", id}, {"attempt", item.attempts}, {"why", reason}});
  const auto pause = pause_after(item.attempts);
  if (!pause || (reply && reply->status == kGone)) co_return co_await put_aside(std::move(item), std::move(reason));
  const Millis asked = reply ? retry_after(*reply) : Millis(0);
  co_return co_await put_off(std::move(item), std::max(*pause, asked), std::move(reason));
}

Millis Deliverer::wait_for(const Health& health) const {
  if (health.answers) return health.under_way < kUnderWayMax ? Millis(0) : kWaitForPlace;
  if (health.under_way > 0) return kWaitForAnswer;
  return std::max(Millis(0), std::chrono::ceil<Millis>(health.not_before - ports_.clock.now()));
}

Task<Result<http::Reply>> Deliverer::send(const WebhookEndpoint& endpoint, std::string id, std::string thread,
                                          std::string body) {
  const std::int64_t now = to_seconds(ports_.clock.wall());
  http::Call call(endpoint.origin, "POST", endpoint.target);
  call.headers.emplace_back("Content-Type", "application/json");
  call.headers.emplace_back("User-Agent", "purser/" PURSER_VERSION);
  call.headers.emplace_back("webhook-id", id);
  call.headers.emplace_back("webhook-timestamp", std::to_string(now));
  call.headers.emplace_back("webhook-signature", webhook_signatures(endpoint.secrets, id, now, body));
  call.body = std::move(body);
  trace::Span span = trace::begin("deliver webhook", trace::Kind::client, trace::of_thread(thread));
  span.set("purser.webhook.endpoint", endpoint.id);
  span.set("server.address", endpoint.origin.host);
  if (std::string parent = trace::header_of(span.context()); !parent.empty())
    call.headers.emplace_back("traceparent", std::move(parent));
  const Deadline limit = Deadline::after(ports_.clock, kAttemptTimeMax);
  auto reply = co_await ports_.client.send(std::move(call), limit);
  if (reply) span.set("http.response.status_code", reply->status);
  if (!reply) span.fail(code_of(reply.code()));
  co_return reply;
}

Task<Result<void>> Deliverer::put_off(WorkItem item, Millis pause, std::string reason) {
  auto payload = nlohmann::json::parse(item.payload_json);
  if (!reason.empty()) payload["last_failure"] = std::move(reason);
  item.payload_json = payload.dump();
  item.due_at = ports_.clock.durable() + pause;
  Batch batch("webhook.put_off");
  // Taken first: a row that was ended meanwhile must not come back.
  batch.add(op::TakeWork{item.kind, item.subject});
  batch.add(op::PutWork{std::move(item)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done && done.code() != Errc::store_conflict) co_return done.error();
  co_return success();
}

Task<Result<void>> Deliverer::put_aside(WorkItem item, std::string reason) {
  ports_.metrics.add(kDeliveries, {{"result", "dead"}});
  log::error("webhook.dead", {{"delivery", item.subject}, {"attempts", item.attempts}, {"why", reason}});
  auto payload = nlohmann::json::parse(item.payload_json, nullptr, false);
  if (!payload.is_object()) payload = nlohmann::json::object();
  payload["last_failure"] = std::move(reason);
  Batch batch("webhook.dead");
  batch.add(op::TakeWork{item.kind, item.subject});
  item.kind = WorkKind::dead_webhook;
  item.payload_json = payload.dump();
  item.due_at = kNeverDue;
  batch.add(op::PutWork{std::move(item)});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done && done.code() != Errc::store_conflict) co_return done.error();
  co_return success();
}

}  // namespace purser
