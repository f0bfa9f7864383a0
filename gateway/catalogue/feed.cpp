#include "gateway/catalogue/feed.hpp"

#include "gateway/log.hpp"

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

namespace purser {

Task<Result<void>> CatalogueFeed::refresh() {
  auto read = co_await source_->read();
  if (!read) {
    log::warn("catalogue.unreadable", {{"code", read.code()}, {"message", read.error().message}});
    co_return read.error();
  }
  if (read->version() != shown_.version()) log::info("catalogue.changed", {{"version", read->version()}});
  shown_ = std::move(*read);  // whole and searchable as it is: nothing of it is made on the loop
  co_return success();
}

Task<void> CatalogueFeed::run() {
  co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
  for (;;) {
    const auto next = clock_.now() + every_;
    auto slept = co_await clock_.sleep_until(next);
    if (!slept) co_return;
    auto done = co_await refresh();
    (void)done;  // told in the log; the next reading is soon
  }
}

}  // namespace purser
