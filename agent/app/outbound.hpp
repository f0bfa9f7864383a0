// What tells the tenants' own servers of events: endpoints, their client, and the store that writes deliveries down.
#pragma once

#include "agent/outbound/deliverer.hpp"
#include "agent/outbound/outbox_store.hpp"
#include "config/settings.hpp"
#include "gateway/http/client.hpp"
#include "gateway/telemetry/otlp.hpp"

#include <memory>

namespace purser {

struct Outbound {
  WebhookEndpoints endpoints;
  std::unique_ptr<http::Client> client;  // connects to the public internet alone, but on the sandbox
  std::unique_ptr<Deliverer> deliverer;

  // Errors: WebhookEndpoints::read's.
  static Result<std::unique_ptr<Outbound>> make(const WebhookSettings& settings, bool on_sandbox,
                                                asio::any_io_executor executor, Clock& clock);
  // Reads the endpoints anew, secrets too; what is under way goes on as it began. Nothing happens when the daemon
  // started without a file. Errors: WebhookEndpoints::read's; the old ones stay then.
  Result<void> reload(const WebhookSettings& settings, bool on_sandbox);
  // `store` behind an outbox, when there is a file that may name somebody to tell. `this` and `mint` outlive it.
  std::unique_ptr<Store> in_front_of(std::unique_ptr<Store> store, Mint& mint) const;
  // `otherwise` stands in where there is no endpoint to connect to.
  void attach(Store& store, http::Client& otherwise, Clock& clock, Metrics& metrics);
  // A deliver_webhook row; also one of an endpoint that is configured no more.
  Task<Result<void>> deliver(WorkItem item) { return deliverer->deliver(std::move(item)); }
};

// Null where no collector is named. Errors: Exporter::make's.
Result<std::unique_ptr<trace::Exporter>> make_traces(const TelemetrySettings& settings, asio::any_io_executor executor,
                                                     Clock& clock, Metrics& metrics);

// Null where no collector is named. Errors: Exporter::make's.
Result<std::unique_ptr<trace::Exporter>> make_traces(const TelemetrySettings& settings, asio::any_io_executor executor,
                                                     Clock& clock, Metrics& metrics);

}  // namespace purser
