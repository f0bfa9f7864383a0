// Deliveries of outbound webhooks: those under way and those that were given up, which can be sent again.
#include "agent/api/answer.hpp"
#include "agent/api/api.hpp"
#include "agent/api/request.hpp"
#include "agent/outbound/deliverer.hpp"
#include "agent/turn/views.hpp"
#include "gateway/http/url.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::int64_t kShownDefault = 50;
constexpr std::int64_t kShownMax = 200;

json delivery(const WorkItem& item) {
  const auto payload = json::parse(item.payload_json, nullptr, false);
  const auto message = json::parse(payload.is_object() ? payload.value("body", "") : "", nullptr, false);
  const bool dead = item.kind == WorkKind::dead_webhook;
  json out{{"id", item.subject},
           {"object", "webhook_delivery"},
           {"endpoint", item.subject.substr(0, item.subject.find(':'))},
           {"type", message.is_object() ? message.value("type", "") : ""},
           {"state", dead ? "dead" : "pending"},
           {"attempts", item.attempts},
           {"created_at", payload.is_object() ? payload.value("created_at", "") : ""},
           {"next_attempt_at", nullptr},
           {"last_failure", nullptr}};
  if (!dead) out["next_attempt_at"] = format_time(item.due_at);
  if (payload.is_object() && payload.contains("last_failure")) out["last_failure"] = payload["last_failure"];
  return out;
}

bool is_of(const WorkItem& item, const TenantId& tenant, const WebhookEndpoints& endpoints) {
  const WebhookEndpoint* endpoint = endpoint_of(item, endpoints);
  return endpoint != nullptr && endpoint->tenant == tenant;
}

}  // namespace

Api::Reply Api::get_deliveries(Call& call) {
  auto query = api::Query::parse(call.request.query, {"state", "after", "limit"});
  if (!query) co_return query.error();
  auto limit = query->integer("limit", kShownDefault, 1, kShownMax);
  if (!limit) co_return limit.error();
  const std::string state = query->has("state") ? std::string(query->text("state")) : "dead";
  if (state != "dead" && state != "pending")
    co_return Error(Errc::request_malformed, "a delivery is dead or pending", "state");
  const WorkKind kind = state == "dead" ? WorkKind::dead_webhook : WorkKind::deliver_webhook;
  auto after = http::percent_decode(query->text("after"));
  if (!after || (query->has("after") && after->find(':') == std::string::npos))
    co_return Error(Errc::request_malformed, "this is the id of a delivery", "after");
  auto rows = co_await deliveries_of(call.caller.tenant, kind, std::move(*after), *limit + 1);
  if (!rows) co_return rows.error();
  const bool more = std::ssize(*rows) > *limit;
  if (more) rows->pop_back();
  json data = json::array();
  for (const WorkItem& row : *rows) data.push_back(delivery(row));
  co_return api::json_answer(200, views::page(std::move(data), more));
}

// The first `wanted` after `after`, by endpoint and id.
Task<Result<std::vector<WorkItem>>> Api::deliveries_of(TenantId tenant, WorkKind kind, std::string after,
                                                       std::int64_t wanted) {
  std::vector<WorkItem> found;
  const std::string reached = after.substr(0, after.find(':'));
  const auto names = ports_.endpoints.names_of(tenant);
  for (const std::string& name : names) {
    if (name < reached) continue;
    std::string last = name == reached ? after : std::string();
    for (;;) {
      auto rows = co_await ports_.store.work_of_kind(kind, name + ':', last, wanted);
      if (!rows) co_return rows.error();
      for (WorkItem& row : *rows) {
        last = row.subject;
        if (is_of(row, tenant, ports_.endpoints)) found.push_back(std::move(row));
        if (std::ssize(found) == wanted) co_return found;
      }
      if (std::ssize(*rows) < wanted) break;
    }
  }
  co_return found;
}

Task<Result<std::optional<WorkItem>>> Api::delivery_named(TenantId tenant, WorkKind kind, std::string subject) {
  auto rows = co_await ports_.store.work_of_kind(kind, subject, std::string(), 1);
  if (!rows) co_return rows.error();
  std::optional<WorkItem> found;
  if (!rows->empty() && rows->front().subject == subject && is_of(rows->front(), tenant, ports_.endpoints))
    found = std::move(rows->front());
  co_return found;
}

Api::Reply Api::redeliver(Call& call) {
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {}, true);
  if (!body) co_return body.error();
  // Its colon may stand escaped.
  auto subject = http::percent_decode(call.parts.front());
  if (!subject) co_return Errc::not_found;
  Idempotency::Action action = [this, tenant = call.caller.tenant, subject = std::move(*subject)](bool again) {
    return do_redeliver(tenant, subject, again);
  };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

Api::Reply Api::do_redeliver(TenantId tenant, std::string subject, bool again) {
  auto found = co_await delivery_named(tenant, WorkKind::dead_webhook, subject);
  if (!found) co_return found.error();
  if (!found->has_value()) {
    // An earlier try under the same key may have sent it before its daemon died.
    auto sent = co_await delivery_named(std::move(tenant), WorkKind::deliver_webhook, std::move(subject));
    if (!sent) co_return sent.error();
    if (!again || !sent->has_value()) co_return Errc::not_found;
    co_return api::json_answer(200, delivery(**sent));
  }
  WorkItem dead = std::move(**found);
  Batch batch("webhook.redeliver");
  batch.add(op::TakeWork{dead.kind, dead.subject});
  dead.kind = WorkKind::deliver_webhook;
  dead.attempts = 0;
  dead.due_at = ports_.clock.durable();
  batch.add(op::PutWork{dead});
  auto done = co_await ports_.store.commit(std::move(batch));
  if (!done) co_return done.error();
  co_return api::json_answer(200, delivery(dead));
}

}  // namespace purser
