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

// Those of all tenants are looked at: there are few, or something is badly wrong.
constexpr std::int64_t kDeliveriesRead = 10'000;
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
  auto query = api::Query::parse(call.request.query, {"state", "limit"});
  if (!query) co_return query.error();
  auto limit = query->integer("limit", kShownDefault, 1, kShownMax);
  if (!limit) co_return limit.error();
  const std::string state = query->has("state") ? std::string(query->text("state")) : "dead";
  if (state != "dead" && state != "pending")
    co_return Error(Errc::request_malformed, "a delivery is dead or pending", "state");
  const WorkKind kind = state == "dead" ? WorkKind::dead_webhook : WorkKind::deliver_webhook;
  auto rows = co_await ports_.store.work_of_kind(kind, kDeliveriesRead);
  if (!rows) co_return rows.error();
  std::erase_if(*rows, [&](const WorkItem& row) { return !is_of(row, call.caller.tenant, ports_.endpoints); });
  const bool more = std::ssize(*rows) > *limit;
  if (more) rows->resize(static_cast<std::size_t>(*limit));
  json data = json::array();
  for (const WorkItem& row : *rows) data.push_back(delivery(row));
  co_return api::json_answer(200, views::page(std::move(data), more));
}

Api::Reply Api::redeliver(Call& call) {
  auto key = Idempotency::key_of(call.request.headers, true);
  if (!key) co_return key.error();
  auto body = api::object_body(call.request, {}, true);
  if (!body) co_return body.error();
  auto rows = co_await ports_.store.work_of_kind(WorkKind::dead_webhook, kDeliveriesRead);
  if (!rows) co_return rows.error();
  // Its colon may stand escaped.
  auto subject = http::percent_decode(call.parts.front());
  if (!subject) co_return Errc::not_found;
  const auto found = std::find_if(rows->begin(), rows->end(), [&](const WorkItem& row) {
    return row.subject == *subject && is_of(row, call.caller.tenant, ports_.endpoints);
  });
  std::optional<WorkItem> dead;
  if (found != rows->end()) dead = *found;
  Idempotency::Action action = [this, dead, tenant = call.caller.tenant, subject = std::move(*subject)](bool again) {
    return dead ? do_redeliver(*dead) : find_redelivered(again, tenant, subject);
  };
  co_return co_await once(call, *body, std::move(**key), std::move(action));
}

// Nothing dead has this name. An earlier try under the same key may have sent it before its daemon died.
Api::Reply Api::find_redelivered(bool again, TenantId tenant, std::string subject) {
  if (!again) co_return Errc::not_found;
  auto rows = co_await ports_.store.work_of_kind(WorkKind::deliver_webhook, kDeliveriesRead);
  if (!rows) co_return rows.error();
  for (const WorkItem& row : *rows)
    if (row.subject == subject && is_of(row, tenant, ports_.endpoints)) co_return api::json_answer(200, delivery(row));
  co_return Errc::not_found;
}

Api::Reply Api::do_redeliver(WorkItem dead) {
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
