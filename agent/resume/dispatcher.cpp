#include "agent/resume/dispatcher.hpp"

#include "gateway/async/task_log.hpp"
#include "gateway/async/thrown.hpp"
#include "gateway/log.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include <algorithm>

namespace purser {

namespace {

// Looked at least this often, should a row come from somewhere that cannot poke us.
constexpr std::chrono::seconds kLongestSleep{30};
// Where several daemons share the rows, another's claim may run out unheard, and ours is renewed by looking.
constexpr std::chrono::seconds kLongestSleepShared{2};
constexpr std::chrono::hours kLongestSleepAlone{24};
constexpr std::chrono::milliseconds kFirstRetry{250};
constexpr std::chrono::seconds kLongestRetry{15};
// What the row itself is to blame for does not end by itself: with twenty tries an hour passes until it is put aside.
constexpr std::chrono::minutes kLongestOwnRetry{5};
// Races are lost once or twice, and need not be written down.
constexpr std::int64_t kWrittenFrom = 3;

std::string key_of(const WorkItem& item) {
  return std::string(to_string(item.kind)) + " " + item.subject;
}

Clock::duration longest_sleep(const Store& store, bool alone) {
  if (store.shared()) return kLongestSleepShared;
  if (alone) return kLongestSleepAlone;
  return kLongestSleep;
}

Clock::duration pause_after(std::int64_t failures, Clock::duration longest) {
  return std::min<Clock::duration>(kFirstRetry * (1LL << std::min<std::int64_t>(failures - 1, 12)), longest);
}

}  // namespace

Dispatcher::Dispatcher(Store& store, Clock& clock, asio::any_io_executor executor, WorkLane lane, std::size_t at_once,
                       Patience patience)
    : store_(store),
      clock_(clock),
      changed_(executor, clock),
      group_(executor, clock, logged_as("work.threw")),
      lane_(lane),
      at_once_(at_once),
      patience_(patience),
      longest_sleep_(longest_sleep(store, patience.alone)) {}

void Dispatcher::handle(WorkKind kind, Handler handler) {
  handlers_[kind] = std::move(handler);
}

// No more than can begin: what one daemon claims another does not do, and of ten thousand that fall due together the
// rest is read when its turn comes. Rows that wait out a failure stand before the others and must not hide them.
std::int64_t Dispatcher::rows_read() const {
  return static_cast<std::int64_t>(at_once_ + trouble_.size());
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
  ended_.clear();
  auto due = co_await store_.claim_work(clock_.durable(), rows_read(), lane_);
  if (!due) {
    log::warn("work.unreadable", {{"code", due.code()}});
    co_return;
  }
  for (WorkItem& item : *due) {
    if (under_way_.size() >= at_once_) co_return;  // a handler that ends pokes
    const std::string key = key_of(item);
    if (!may_start(key) || ended_.contains(key)) continue;
    under_way_[key] = true;
    auto spawned = group_.spawn(key, perform(std::move(item)));
    if (!spawned) under_way_.erase(key);
  }
}

Task<void> Dispatcher::perform(WorkItem item) {
  const std::string key = key_of(item);
  auto done = co_await attempt(item);
  const bool stopping = !done && done.code() == Errc::shutting_down;
  if (done || stopping) {
    trouble_.erase(key);
  } else {
    const parking::Tried tried = note_failure(item, done.error());
    if (tried.times >= patience_.tries_max) {
      co_await park(std::move(item), tried);
    } else if (tried.times >= kWrittenFrom) {
      co_await write_down(std::move(item), tried);
    }
  }
  under_way_.erase(key);
  ended_.insert(key);
  changed_.notify();
}

Task<Result<void>> Dispatcher::attempt(WorkItem item) {
  const auto handler = handlers_.find(item.kind);
  if (handler == handlers_.end()) co_return Error(Errc::internal, "no handler for this kind of work");
  (void)parking::take_tried(item);
  std::exception_ptr thrown;
  try {
    auto done = co_await handler->second(std::move(item));
    co_return done;
  } catch (...) {
    thrown = std::current_exception();
  }
  const Error why = error_of(thrown);
  if (why.code == Errc::canceled) co_return Errc::shutting_down;
  co_return why;
}

parking::Tried Dispatcher::note_failure(WorkItem row, const Error& why) {
  const std::string key = key_of(row);
  const parking::Tried before = parking::take_tried(row);
  Trouble& bad = trouble_[key];
  bad.failures += 1;
  const bool own = parking::is_its_own(why.code);
  if (own) bad.own = std::max(bad.own, before.times) + 1;
  bad.pause = own ? pause_after(bad.own, kLongestOwnRetry) : pause_after(bad.failures, kLongestRetry);
  bad.not_before = clock_.now() + bad.pause;
  log::warn(
      "work.failed",
      {{"work", key}, {"code", why.code}, {"message", why.message}, {"failures", bad.failures}, {"own", bad.own}});
  if (!own) return {};
  return {bad.own, std::string(code_of(why.code)) + ": " + why.message};
}

// The count outlives this process, and the row makes room among those that are due. Taken first: a row that was ended
// meanwhile must not come back.
Task<void> Dispatcher::write_down(WorkItem row, parking::Tried tried) {
  const Clock::duration pause = trouble_[key_of(row)].pause;
  Batch batch("work.failed");
  batch.add(op::TakeWork{row.kind, row.subject});
  (void)parking::take_tried(row);
  parking::put_tried(row, tried);
  row.due_at = clock_.durable() + std::chrono::duration_cast<Millis>(pause);
  batch.add(op::PutWork{std::move(row)});
  auto done = co_await store_.commit(std::move(batch));
  if (!done && done.code() != Errc::store_conflict) log::warn("work.failure_not_stored", {{"code", done.code()}});
}

Task<void> Dispatcher::park(WorkItem row, parking::Tried tried) {
  const std::string key = key_of(row);
  const std::string kind(to_string(row.kind));
  (void)parking::take_tried(row);
  Batch batch("work.parked");
  batch.add(op::TakeWork{row.kind, row.subject});
  batch.add(op::PutWork{parking::parked(std::move(row), tried, clock_.durable())});
  auto done = co_await store_.commit(std::move(batch));
  if (!done && done.code() != Errc::store_conflict) co_return;  // it stays, and is tried again
  trouble_.erase(key);
  if (!done) co_return;  // somebody has dealt with it
  log::error("work.parked", {{"work", key}, {"times", tried.times}, {"why", tried.why}});
  if (patience_.metrics != nullptr) patience_.metrics->add(kWorkParked, {{"kind", kind}});
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
