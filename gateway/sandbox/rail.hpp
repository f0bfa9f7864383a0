// The simulated rail: WeChat Pay API v3 in direct-merchant mode, without sockets and without a clock of its own. One
// thread. It is the only judge of what the real rail would have said; it shares nothing with the client but the
// primitives of gateway/crypto.
#pragma once

#include "gateway/http/message.hpp"
#include "gateway/sandbox/authorization.hpp"
#include "gateway/sandbox/bills.hpp"
#include "gateway/sandbox/faults.hpp"
#include "gateway/sandbox/orders.hpp"
#include "gateway/sandbox/refunds.hpp"
#include "gateway/sandbox/routes.hpp"
#include "gateway/sandbox/traffic.hpp"
#include "gateway/sandbox/webhooks.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::sandbox {

// An answer and what happens to it on its way.
struct Handled {
  http::Response response;
  Millis delay{0};     // it leaves that much later
  Millis drip{0};      // not zero: the body leaves a byte at a time, that far apart
  bool hangs = false;  // it never leaves, and the connection stays open as long as the settings say
};

class SandboxRail {
 public:
  // The mint is where the rail's own numbers and nonces come from; it outlives the rail.
  SandboxRail(SandboxCredentials credentials, SandboxSettings settings, Mint& mint);
  SandboxRail(const SandboxRail&) = delete;
  SandboxRail& operator=(const SandboxRail&) = delete;

  // Answers one request of a merchant under /v3/. Any bytes may come in; nothing is thrown for them.
  Handled handle(const http::Request& request, const Moment& now);

  // The payer's phone; a payment queues its callback. Errors: see OrderBook::pay.
  Result<void> pay(std::string_view out_trade_no, std::string_view openid, const Moment& now);
  Result<void> decline(std::string_view out_trade_no, const Moment& now);
  // What the merchant does on the rail's own pages. Errors: see RefundDesk::by_hand.
  Result<const RailRefund*> refund_by_hand(std::string_view out_trade_no, std::optional<std::int64_t> fen,
                                           const Moment& now);

  // Lets everything happen that is due: refunds become final and queue their callbacks.
  void settle(const Moment& now);
  // The next moment at which settle() or take_deliveries() has something to do.
  std::optional<UtcTime> next_due() const;
  std::vector<Delivery> take_deliveries(const Moment& now);
  void report(const Delivery& delivery, const std::string& result, const Moment& now) {
    webhooks_.report(delivery, result, now.life);
  }

  // Replaces the script; occurrences are counted from now.
  void set_faults(FaultScript script) { faults_ = std::move(script); }
  const FaultScript& faults() const { return faults_; }
  // Forgets orders, refunds, callbacks, faults, nonces, traffic and effects. Credentials stay.
  void reset();

  const SandboxCredentials& credentials() const { return credentials_; }
  const SandboxSettings& settings() const { return settings_; }
  const std::map<std::string, Order, std::less<>>& orders(const Moment& now) { return orders_.all(now.life); }
  const std::map<std::string, RailRefund, std::less<>>& refunds() const { return refunds_.all(); }
  const std::deque<Notice>& notices() const { return webhooks_.all(); }
  const std::deque<TrafficEntry>& traffic() const { return traffic_; }
  const std::vector<Effect>& effects() const { return effects_; }
  const BillDesk& bills() const { return bills_; }
  json transaction(const Order& order) const { return orders_.transaction(order); }

 private:
  Handled admitted(const http::Request& request, const Route& route, const Moment& now, TrafficEntry& entry);
  Answer dispatch(const http::Request& request, const Route& route, const std::optional<Fault>& fault,
                  const Moment& now);
  Answer certificates();
  Answer echo(const http::Request& request, const Moment& now);
  std::string order_number(const http::Request& request, const Route& route, const Moment& now);
  std::string_view answer_serial(const http::Request& request, bool other) const;
  http::Response respond(const http::Request& request, Answer answer, const std::optional<Fault>& fault, bool sign,
                         const Moment& now);
  void record(TrafficEntry entry);

  SandboxCredentials credentials_;
  SandboxSettings settings_;
  Mint& mint_;
  Doorman doorman_;
  OrderBook orders_;
  RefundDesk refunds_;
  BillDesk bills_;
  FaultScript faults_;
  WebhookQueue webhooks_;
  std::deque<TrafficEntry> traffic_;
  std::vector<Effect> effects_;
};

}  // namespace purser::sandbox
