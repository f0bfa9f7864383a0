#include "agent/app/due_work.hpp"

namespace purser {
namespace {

// Handlers of due work at the same time: they mostly wait for the rail.
constexpr std::size_t kWorkAtOnce = 32;
constexpr std::size_t kDeliveriesAtOnce = 64;

}  // namespace

DueWork::DueWork(Ports ports, asio::any_io_executor executor, const Settings& settings, bool alone)
    : inside_(ports.store, ports.clock, executor, WorkLane::inside, kWorkAtOnce,
              {settings.work.tries_max, &ports.metrics, alone}),
      outbound_(ports.store, ports.clock, executor, WorkLane::outbound, kDeliveriesAtOnce,
                {settings.work.tries_max, &ports.metrics, alone}),
      eraser_({ports.store, ports.clock, &ports.metrics}),
      texts_kept_days_(settings.store.texts_kept_days) {
  const auto to_cashier = [&](WorkKind kind, Task<Result<void>> (Cashier::*method)(WorkItem)) {
    inside_.handle(kind,
                   [cashier = &ports.cashier, method](WorkItem item) { return (cashier->*method)(std::move(item)); });
  };
  to_cashier(WorkKind::expire_intent, &Cashier::expire);
  to_cashier(WorkKind::close_order, &Cashier::close);
  to_cashier(WorkKind::resolve_order, &Cashier::resolve_order);
  to_cashier(WorkKind::submit_refund, &Cashier::submit_refund);
  to_cashier(WorkKind::resolve_refund, &Cashier::resolve_refund);
  to_cashier(WorkKind::expire_approval, &Cashier::expire_approval);
  inside_.handle(WorkKind::resume_thread,
                 [to = &ports.conversations](WorkItem item) { return to->resume(std::move(item)); });
  inside_.handle(WorkKind::take_notification,
                 [to = &ports.webhooks](WorkItem item) { return to->apply(std::move(item)); });
  outbound_.handle(WorkKind::deliver_webhook,
                   [to = &ports.outbound](WorkItem item) { return to->deliver(std::move(item)); });
}

void DueWork::poke() {
  inside_.poke();
  outbound_.poke();
}

Result<void> DueWork::start(TaskGroup& loops) {
  Result<void> running = loops.spawn("dispatcher", inside_.run());
  if (running) running = loops.spawn("postman", outbound_.run());
  if (running && texts_kept_days_ > 0) running = loops.spawn("texts.keep", eraser_.keep(texts_kept_days_));
  return running;
}

Task<void> DueWork::stop(Clock::duration grace) {
  co_await inside_.stop(grace);
  co_await outbound_.stop(grace);
}

}  // namespace purser
