// What the daemon does by itself: the two loops over work that falls due, with who does which kind, and taking old
// texts out of the store.
#pragma once

#include "agent/app/outbound.hpp"
#include "agent/resume/dispatcher.hpp"
#include "agent/resume/webhook_inbox.hpp"
#include "agent/retention/eraser.hpp"
#include "agent/turn/conversations.hpp"
#include "config/settings.hpp"
#include "tools/cashier/cashier.hpp"

namespace purser {

class DueWork {
 public:
  struct Ports {
    Store& store;
    Clock& clock;
    Metrics& metrics;
    Cashier& cashier;
    Conversations& conversations;
    WebhookInbox& webhooks;
    Outbound& outbound;
  };
  // All of which outlive it. `alone`: no other process writes into the store.
  DueWork(Ports ports, asio::any_io_executor executor, const Settings& settings, bool alone);

  // Work may have been added.
  void poke();
  // Runs in `loops` until these are stopped; what is under way then ends in stop().
  Result<void> start(TaskGroup& loops);
  Task<void> stop(Clock::duration grace);

 private:
  Dispatcher inside_;
  Dispatcher outbound_;  // of what goes to the tenants' servers
  Eraser eraser_;
  std::int64_t texts_kept_days_;
};

}  // namespace purser
