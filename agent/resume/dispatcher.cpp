#include "agent/resume/dispatcher.hpp"

#include "gateway/async/task_log.hpp"
#include "gateway/log.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace purser {

namespace {

constexpr std::int64_t kRowsRead = 256;
// Looked at least this often, should a row come from somewhere that cannot poke us.
constexpr std::chrono::seconds kLongestSleep{30};
// Where several daemons share the rows, another's claim may run out unheard, and ours is renewed by looking.
constexpr std::chrono::seconds kLongestSleepShared{2};
constexpr std::chrono::hours kLongestSleepAlone{24};
constexpr std::chrono::milliseconds kFirstRetry{250};
constexpr std::chrono::seconds kLongestRetry{15};

std::string key_of(const WorkItem& item) {
  return std::string(to_string(item.kind)) + " " + item.subject;
}

Clock::duration longest_sleep(const Store& store, bool alone) {
  if (store.shared()) return kLongestSleepShared;
  if (alone) return kLongestSleepAlone;
  return kLongestSleep;
}

Clock::duration pause_after(int failures) {
  return std::min<Clock::duration>(kFirstRetry * (1LL << std::min(failures - 1, 10)), kLongestRetry);
}

}  // namespace

Dispatcher::Dispatcher(Store& store, Clock& clock, asio::any_io_executor executor, WorkLane lane, std::size_t at_once,
                       bool alone)
    : store_(store),
      clock_(clock),
      changed_(executor, clock),
      group_(executor, clock, logged_as("work.threw")),
      lane_(lane),
      at_once_(at_once),
      longest_sleep_(longest_sleep(store, alone)) {}

void Dispatcher::handle(WorkKind kind, Handler handler) {
  handlers_[kind] = std::move(handler);
}

// What one daemon claims another does not do: no more than it can begin.
std::int64_t Dispatcher::rows_read() const {
  return store_.shared() ? static_cast<std::int64_t>(at_once_) : kRowsRead;
}

bool Dispatcher::may_start(const std::string& key) const {
  if (under_way_.contains(key)) return false;
  const auto bad = trouble_.find(key);
  return bad == trouble_.end() || bad->second.not_before <= clock_.now();
}

Task<void> Dispatcher::run() {
  // A stopping group asks politely first; waiting for the next row is a good place to hear it.
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  for (;;) {
    const auto seen = changed_.count();
    co_await round();
    const Clock::time_point look_at = co_await next_look();
    const Deadline limit{look_at};
    auto woken = co_await changed_.wait_since(seen, limit);
    if (!woken && woken.code() == Errc::canceled) co_return;
  }
}

Task<void> Dispatcher::round() {
  const auto forgotten = clock_.now() - 4 * kLongestRetry;
  std::erase_if(trouble_, [&](const auto& entry) { return entry.second.not_before < forgotten; });
  auto due = co_await store_.claim_work(clock_.durable(), rows_read(), lane_);
  if (!due) {
    log::warn("work.unreadable", {{"code", due.code()}});
    co_return;
  }
  for (WorkItem& item : *due) {
    if (under_way_.size() >= at_once_) co_return;  // a handler that ends pokes
    const std::string key = key_of(item);
    if (!may_start(key)) continue;
    under_way_[key] = true;
    auto spawned = group_.spawn(key, perform(std::move(item)));
    if (!spawned) under_way_.erase(key);
  }
}

Task<void> Dispatcher::perform(WorkItem item) {
  const std::string key = key_of(item);
  const auto handler = handlers_.find(item.kind);
  Result<void> done = Error(Errc::internal, "no handler for this kind of work");
  if (handler != handlers_.end()) {
    try {
      done = co_await handler->second(std::move(item));
    } catch (...) {
      under_way_.erase(key);
      throw;
    }
  }
  under_way_.erase(key);
  if (done) {
    trouble_.erase(key);
  } else {
    Trouble& bad = trouble_[key];
    bad.failures += 1;
    bad.not_before = clock_.now() + pause_after(bad.failures);
    log::warn("work.failed",
              {{"work", key}, {"code", done.code()}, {"message", done.error().message}, {"failures", bad.failures}});
  }
  changed_.notify();
}

Task<Clock::time_point> Dispatcher::next_look() {
  const Clock::time_point now = clock_.now();
  Clock::time_point at = now + longest_sleep_;
  for (const auto& [key, bad] : trouble_)
    if (bad.not_before > now) at = std::min(at, bad.not_before);
  // Rows that are due already are under way or in trouble, and both of these poke or are counted above.
  auto next = co_await store_.next_due(clock_.durable(), lane_);
  if (!next || !next->has_value()) co_return at;
  const auto wait = **next - clock_.durable();
  if (wait > Millis(0)) at = std::min(at, now + std::chrono::duration_cast<Clock::duration>(wait));
  co_return at;
}

Task<void> Dispatcher::stop(Clock::duration grace) {
  co_await group_.stop(grace);
}

}  // namespace purser
