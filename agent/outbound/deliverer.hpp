// Sends webhooks to a tenant's own servers, by the Standard Webhooks specification (version 1.0.0): webhook-id,
// webhook-timestamp, and webhook-signature over "id.timestamp.body" with HMAC-SHA256. At least once: a receiver knows a
// repetition by webhook-id. What nobody took for a day is put aside, visible, and can be sent again.
#pragma once

#include "agent/outbound/endpoints.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"

namespace purser {

// By result: "delivered", "refused" (an answer that is not 2xx), "failed" (no answer), "dead".
inline constexpr MetricFamily kDeliveries{"purser_webhook_deliveries_total",
                                          "Attempts of outbound webhooks by result."};

class Deliverer {
 public:
  struct Ports {
    Store& store;
    http::Client& client;
    Clock& clock;
    Metrics& metrics;
  };
  static constexpr Millis kAttemptTimeMax{15'000};

  // `endpoints` outlive it.
  Deliverer(Ports ports, const WebhookEndpoints& endpoints) : ports_(ports), endpoints_(endpoints) {}

  // One attempt of a deliver_webhook row: ends the row, puts it off, or puts it aside as dead_webhook. An answer of 410
  // and an endpoint that is gone end it at once; Retry-After is kept. Errors: the store's; the row stays due.
  Task<Result<void>> deliver(WorkItem item);

  // How long to wait after so many failed attempts; nothing when it was the last of the day.
  static std::optional<Millis> pause_after(std::int64_t attempts);

 private:
  Task<Result<void>> put_aside(WorkItem item, std::string reason);
  Task<Result<void>> put_off(WorkItem item, Millis pause, std::string reason);

  Ports ports_;
  const WebhookEndpoints& endpoints_;
};

// "v1," and the signature in Base64, one for each secret, spaces between.
std::string webhook_signatures(const std::vector<Secret>& secrets, std::string_view id, std::int64_t timestamp,
                               std::string_view body);

}  // namespace purser
