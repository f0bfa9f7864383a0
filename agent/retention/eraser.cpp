#include "agent/retention/eraser.hpp"

#include "gateway/log.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace purser {
namespace {

constexpr std::int64_t kAtOnce = 50;
constexpr std::chrono::hours kEvery{1};
constexpr int kTries = 5;

}  // namespace

Task<Result<std::string>> Eraser::erase(Thread row, bool everything) {
  Error last(Errc::store_conflict);
  for (int i = 0; i < kTries; ++i) {
    const ThreadId id = row.id;
    Batch batch("thread.erased");
    batch.add(op::EraseThread{std::move(row), ports_.clock.durable(), everything});
    auto done = co_await ports_.store.commit(std::move(batch));
    if (done && ports_.metrics != nullptr) ports_.metrics->add(kErased, {});
    if (done) co_return std::string();
    last = done.error();
    if (last.code != Errc::store_conflict) co_return last;
    const bool unsettled = last.param == "turn" || last.param == "intent" || last.param == "refund" ||
                           last.param == "approval" || last.param == "work";
    if (unsettled) co_return last.param;
    // It changed since it was read.
    auto now = co_await ports_.store.thread(id);
    if (!now) co_return now.error();
    row = std::move(*now);
  }
  co_return last;
}

Task<Result<Eraser::Outcome>> Eraser::erase_user(TenantId tenant, UserId user) {
  Outcome out;
  ThreadId after;
  for (;;) {
    auto threads = co_await ports_.store.threads_of_user(tenant, user, after, kAtOnce);
    if (!threads) co_return threads.error();
    for (Thread& row : *threads) {
      after = row.id;
      auto open = co_await erase(std::move(row), true);
      if (!open) co_return open.error();
      if (open->empty()) {
        out.erased.push_back(after);
      } else {
        out.left.push_back(Left{after, std::move(*open)});
      }
    }
    if (std::ssize(*threads) < kAtOnce) break;
  }
  // A name that was mistyped must not read like an erasure that was done.
  if (after.empty()) co_return Error(Errc::not_found, "no conversation of this user is on record", "user");
  log::info("user.erased", {{"tenant", tenant.str()}, {"threads", out.erased.size()}, {"left", out.left.size()}});
  co_return out;
}

Task<Result<void>> Eraser::erase_inboxes(UtcTime before) {
  for (;;) {
    auto more = co_await ports_.store.old_inboxes(before);
    if (!more) co_return more.error();
    if (!*more) co_return success();
    Batch batch("inboxes.erased");
    batch.add(op::EraseInboxes{before, ports_.clock.durable(), kAtOnce});
    auto done = co_await ports_.store.commit(std::move(batch));
    if (!done) co_return done.error();
  }
}

Task<Result<std::int64_t>> Eraser::erase_old(UtcTime before) {
  std::int64_t count = 0;
  UtcTime from{};
  ThreadId after;
  for (;;) {
    auto threads = co_await ports_.store.silent_threads(before, from, after, kAtOnce);
    if (!threads) co_return threads.error();
    for (Thread& row : *threads) {
      from = row.created_at;
      after = row.id;
      auto open = co_await erase(std::move(row), false);
      if (!open) co_return open.error();
      if (open->empty()) count += 1;
    }
    if (std::ssize(*threads) < kAtOnce) break;
  }
  auto told = co_await erase_inboxes(before);
  if (!told) co_return told.error();
  co_return count;
}

Task<void> Eraser::keep(std::int64_t days) {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  for (;;) {
    const UtcTime before = ports_.clock.durable() - std::chrono::duration_cast<Millis>(std::chrono::hours(24 * days));
    auto done = co_await erase_old(before);
    if (!done) log::warn("texts.not_erased", {{"code", done.code()}, {"message", done.error().message}});
    if (done && *done > 0) log::info("texts.erased", {{"conversations", *done}});
    const auto next = ports_.clock.now() + kEvery;
    auto slept = co_await ports_.clock.sleep_until(next);
    if (!slept) co_return;
  }
}

}  // namespace purser
