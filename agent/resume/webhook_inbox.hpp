// What the rail tells us, from the wire to the ledger, in two steps: a notification is verified and stored, then
// acknowledged; applying it is work that falls due at once and survives a restart. So the rail may send it as often as
// it likes, in any order and to any daemon, and it has its effect once.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/one_shot.hpp"
#include "gateway/async/task_group.hpp"
#include "gateway/http/message.hpp"
#include "gateway/metrics.hpp"
#include "gateway/pay/payment_channel.hpp"
#include "gateway/store/store.hpp"
#include "tools/cashier/cashier.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace purser {

// By verdict: "stored", "duplicate", "not_stored", or the code of the refusal ("signature_invalid", ...). A probe of
// the rail is "signature_probe" and no reason for an alarm.
inline constexpr MetricFamily kWebhooks{"purser_webhooks_total", "Notifications of the rail by verdict."};

class WebhookInbox {
 public:
  struct Ports {
    Store& store;
    PaymentChannel& channel;
    Cashier& cashier;
    Clock& clock;
    TaskGroup& work;
    Metrics& metrics;
  };
  // `poke` is called when a notification was stored: there is work now.
  WebhookInbox(Ports ports, std::function<void()> poke) : ports_(ports), poke_(std::move(poke)) {}

  std::string_view channel() const { return ports_.channel.name(); }

  // Answers the rail within kAckLimit, in its own words. 200 only when the notification is durable (now or before); 401
  // when it does not verify, 415 and 400 when it is no notification, 500 when the rail should send it again.
  Task<http::Response> receive(http::Request request, TenantId tenant);

  // A take_notification row: hands the facts to the cashier, then ends the row. Facts about a number that is not ours
  // and event types that are not known are kept and logged, and not tried again. What the rail told and does not
  // confirm is asked about later, for a day and at least eight times; then it is an error in the log and ends. Errors:
  // the store's; the row stays due.
  Task<Result<void>> apply(WorkItem item);

  // The rail gives up after 5 s and sends again.
  static constexpr Millis kAckLimit{4'000};

 private:
  using Stored = std::shared_ptr<OneShot<void>>;

  http::Response refuse(const Error& why);
  Batch batch_for(Notification notification, const TenantId& tenant) const;
  Task<void> keep(Batch batch, Stored stored);
  Task<Result<void>> give_to_cashier(const NotificationRow& row, TenantId door);
  Task<Result<void>> ask_later(WorkItem item);
  Task<Result<void>> end(WorkItem item, const NotificationRow& row);

  Ports ports_;
  std::function<void()> poke_;
};

}  // namespace purser
