// Sends webhooks to a tenant's own servers, by the Standard Webhooks specification (version 1.0.0): webhook-id,
// webhook-timestamp, and webhook-signature over "id.timestamp.body" with HMAC-SHA256. At least once: a receiver knows a
// repetition by webhook-id. What nobody took for a day is put aside, visible, and can be sent again. A server that is
// slow or gone holds up its own messages alone: few are under way to one endpoint, and one that did not answer is tried
// with a single message now and then until it does.
#pragma once

#include "agent/outbound/endpoints.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"

#include <map>
#include <optional>
#include <string>

namespace purser {

// By result: "delivered", "refused" (an answer that is not 2xx), "failed" (no answer), "dead".
inline constexpr MetricFamily kDeliveries{"purser_webhook_deliveries_total",
                                          "Attempts of outbound webhooks by result."};

// The endpoint that this row is for. Null when it is configured no longer, or is another tenant's by now: what was
// told to one is nobody else's.
const WebhookEndpoint* endpoint_of(const WorkItem& item, const WebhookEndpoints& endpoints);

class Deliverer {
 public:
  struct Ports {
    Store& store;
    http::Client& client;
    Clock& clock;
    Metrics& metrics;
  };
  static constexpr Millis kAttemptTimeMax{15'000};
  static constexpr int kUnderWayMax = 8;           // to one endpoint
  static constexpr Millis kWaitForPlace{1'000};    // of a message that found no place among them
  static constexpr Millis kWaitForAnswer{30'000};  // between two tries of an endpoint that does not answer

  // `endpoints` outlive it.
  Deliverer(Ports ports, const WebhookEndpoints& endpoints) : ports_(ports), endpoints_(endpoints) {}

  // One attempt of a deliver_webhook row: ends the row, puts it off, or puts it aside as dead_webhook. An answer of 410
  // and an endpoint that is gone end it at once; Retry-After is kept. A row whose endpoint must not be asked now is put
  // off without an attempt. Errors: the store's; the row stays due.
  Task<Result<void>> deliver(WorkItem item);

  // How long to wait after so many failed attempts; nothing when it was the last of the day.
  static std::optional<Millis> pause_after(std::int64_t attempts);

 private:
  // How an endpoint did lately.
  struct Health {
    int under_way = 0;
    bool answers = true;
    Clock::time_point not_before = Clock::time_point::min();
  };

  // How long a message has to wait before its endpoint may be asked; 0: not at all.
  Millis wait_for(const Health& health) const;
  Task<Result<http::Reply>> send(const WebhookEndpoint& endpoint, std::string id, std::string thread, std::string body);
  Task<Result<void>> put_aside(WorkItem item, std::string reason);
  Task<Result<void>> put_off(WorkItem item, Millis pause, std::string reason);

  Ports ports_;
  const WebhookEndpoints& endpoints_;
  std::map<std::string, Health> health_;  // by endpoint
};

// "v1," and the signature in Base64, one for each secret, spaces between.
std::string webhook_signatures(const std::vector<Secret>& secrets, std::string_view id, std::int64_t timestamp,
                               std::string_view body);

}  // namespace purser
