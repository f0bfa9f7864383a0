#include "agent/outbound/outbox_store.hpp"

#include <nlohmann/json.hpp>

namespace purser {
namespace {

// The message as every attempt sends it, byte for byte (Standard Webhooks: type, timestamp, data).
std::string message_of(const StreamEvent& event) {
  nlohmann::ordered_json data = nlohmann::ordered_json::parse(event.data_json, nullptr, false);
  if (!data.is_object()) data = nlohmann::ordered_json::object();
  data["thread_id"] = event.thread.str();
  return nlohmann::ordered_json{{"type", event.type}, {"timestamp", format_time(event.at)}, {"data", std::move(data)}}
      .dump();
}

WorkItem delivery(const WebhookEndpoint& endpoint, const std::string& id, const StreamEvent& event) {
  WorkItem item;
  item.kind = WorkKind::deliver_webhook;
  item.subject = endpoint.id + ":" + id;
  item.thread = event.thread;
  item.payload_json =
      nlohmann::json{
          {"body", message_of(event)}, {"created_at", format_time(event.at)}, {"tenant", endpoint.tenant.str()}}
          .dump();
  item.due_at = event.at;
  return item;
}

}  // namespace

Task<Result<Receipt>> OutboxStore::commit(Batch batch) {
  std::vector<StreamEvent> told;
  if (!endpoints_.empty()) {
    for (const Operation& operation : batch.operations) {
      const auto* appended = std::get_if<op::AppendEvent>(&operation);
      if (appended != nullptr && endpoints_.wanted(appended->row.type)) told.push_back(appended->row);
    }
  }
  for (const StreamEvent& event : told) {
    auto thread = co_await behind().thread(event.thread);
    if (!thread) co_return thread.error();
    const std::string id = "evt_" + mint_.token(24);
    for (const WebhookEndpoint* endpoint : endpoints_.wanting(thread->tenant, event.type))
      batch.add(op::AddWork{delivery(*endpoint, id, event)});
  }
  co_return co_await behind().commit(std::move(batch));
}

}  // namespace purser
