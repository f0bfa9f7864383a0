#include "gateway/store/failpoint_store.hpp"

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <unistd.h>

namespace purser {
namespace {

std::vector<std::string_view> split(std::string_view text, char at) {
  std::vector<std::string_view> parts;
  for (auto end = text.find(at); end != std::string_view::npos; end = text.find(at)) {
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  parts.push_back(text);
  return parts;
}

Error malformed(std::string_view text, const char* rule) {
  return Error(Errc::config_bad_value, "fail-point '" + std::string(text) + "': " + rule, "PURSER_FAILPOINT");
}

Result<Failpoint> parse_failpoint(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 4) return malformed(text, "is not WHEN:NAME:N:WHAT");
  Failpoint point;
  if (parts[0] != "before" && parts[0] != "after") return malformed(text, "WHEN is before or after");
  point.when = parts[0] == "before" ? Failpoint::When::before : Failpoint::When::after;
  if (parts[1].empty()) return malformed(text, "NAME is a batch's name or *");
  point.name = parts[1];
  const char* end = parts[2].data() + parts[2].size();
  const auto [stop, error] = std::from_chars(parts[2].data(), end, point.nth);
  if (error != std::errc() || stop != end || point.nth < 1) return malformed(text, "N is a number from 1");
  if (parts[3] != "fail" && parts[3] != "kill") return malformed(text, "WHAT is fail or kill");
  point.what = parts[3] == "fail" ? Failpoint::What::fail : Failpoint::What::kill;
  return point;
}

[[noreturn]] void kill_self() {
  ::kill(::getpid(), SIGKILL);
  std::abort();  // never reached: SIGKILL cannot be held off
}

}  // namespace

Result<std::vector<Failpoint>> parse_failpoints(std::string_view text) {
  std::vector<Failpoint> points;
  for (const std::string_view one : split(text, ',')) {
    auto point = parse_failpoint(one);
    if (!point) return point.error();
    points.push_back(*std::move(point));
  }
  return points;
}

FailpointStore::FailpointStore(std::unique_ptr<Store> store, std::vector<Failpoint> points) : store_(std::move(store)) {
  for (auto& point : points) points_.emplace_back(std::move(point));
}

bool FailpointStore::strikes(Failpoint::When when, const std::string& name) {
  bool fails = false;
  for (Armed& armed : points_) {
    const Failpoint& point = armed.point;
    if (point.when != when || (point.name != "*" && point.name != name)) continue;
    if (++armed.seen != point.nth) continue;
    if (point.what == Failpoint::What::kill) kill_self();
    fails = true;
  }
  return fails;
}

Task<Result<Receipt>> FailpointStore::commit(Batch batch) {
  const std::string name = batch.name;
  if (strikes(Failpoint::When::before, name)) {
    co_return Error(Errc::store_unavailable, "a fail-point before " + name, "failpoint");
  }
  auto receipt = co_await store_->commit(std::move(batch));
  if (receipt.ok() && strikes(Failpoint::When::after, name)) {
    co_return Error(Errc::store_unavailable, "a fail-point after " + name, "failpoint");
  }
  co_return receipt;
}

void FailpointStore::watch(std::function<void(const Change&)> seen) {
  store_->watch(std::move(seen));
}
bool FailpointStore::healthy() const {
  return store_->healthy();
}
Task<Result<Thread>> FailpointStore::thread(ThreadId id) {
  return store_->thread(std::move(id));
}
Task<Result<Turn>> FailpointStore::turn(TurnId id) {
  return store_->turn(std::move(id));
}
Task<Result<std::optional<Turn>>> FailpointStore::running_turn(ThreadId thread) {
  return store_->running_turn(std::move(thread));
}
Task<Result<std::vector<Message>>> FailpointStore::messages(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return store_->messages(std::move(thread), after, limit);
}
Task<Result<std::vector<Message>>> FailpointStore::recent_messages(ThreadId thread, std::int64_t limit) {
  return store_->recent_messages(std::move(thread), limit);
}
Task<Result<std::vector<StreamEvent>>> FailpointStore::events(ThreadId thread, std::int64_t after, std::int64_t limit) {
  return store_->events(std::move(thread), after, limit);
}
Task<Result<PaymentIntent>> FailpointStore::intent(IntentId id) {
  return store_->intent(std::move(id));
}
Task<Result<PaymentIntent>> FailpointStore::intent_by_number(OutTradeNo number) {
  return store_->intent_by_number(std::move(number));
}
Task<Result<std::optional<PaymentIntent>>> FailpointStore::intent_by_origin(ThreadId thread, std::string origin) {
  return store_->intent_by_origin(std::move(thread), std::move(origin));
}
Task<Result<std::optional<PaymentIntent>>> FailpointStore::open_intent(TenantId tenant, UserId user) {
  return store_->open_intent(std::move(tenant), std::move(user));
}
Task<Result<std::vector<PaymentIntent>>> FailpointStore::intents_of_thread(ThreadId thread, std::int64_t limit) {
  return store_->intents_of_thread(std::move(thread), limit);
}
Task<Result<Refund>> FailpointStore::refund(RefundId id) {
  return store_->refund(std::move(id));
}
Task<Result<Refund>> FailpointStore::refund_by_number(OutRefundNo number) {
  return store_->refund_by_number(std::move(number));
}
Task<Result<std::vector<Refund>>> FailpointStore::refunds_of_intent(IntentId intent) {
  return store_->refunds_of_intent(std::move(intent));
}
Task<Result<std::vector<Refund>>> FailpointStore::refunds_of_thread(ThreadId thread, std::int64_t limit) {
  return store_->refunds_of_thread(std::move(thread), limit);
}
Task<Result<std::vector<WorkItem>>> FailpointStore::due_work(UtcTime now, std::int64_t limit) {
  return store_->due_work(now, limit);
}
Task<Result<std::optional<UtcTime>>> FailpointStore::next_due() {
  return store_->next_due();
}
Task<Result<NotificationRow>> FailpointStore::notification(std::string channel, std::string id) {
  return store_->notification(std::move(channel), std::move(id));
}
Task<Result<std::vector<LedgerEntry>>> FailpointStore::ledger_of_intent(IntentId intent) {
  return store_->ledger_of_intent(std::move(intent));
}
Task<Result<LedgerTotals>> FailpointStore::ledger_totals(TenantId tenant) {
  return store_->ledger_totals(std::move(tenant));
}
Task<Result<void>> FailpointStore::verify_ledger() {
  return store_->verify_ledger();
}
Task<Result<std::optional<IdempotencyRow>>> FailpointStore::idempotency(std::string scope, std::string key) {
  return store_->idempotency(std::move(scope), std::move(key));
}
Task<Result<std::vector<Turn>>> FailpointStore::running_turns(std::int64_t limit) {
  return store_->running_turns(limit);
}

}  // namespace purser
