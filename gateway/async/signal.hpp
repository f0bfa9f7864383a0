// Many wait for the next notify. Each notify is numbered, so none is lost between looking and waiting:
//   const auto seen = changes.count();  ... look ...  co_await changes.wait_since(seen, limit)
// Outlives its waiters; one thread.
#pragma once

#include "gateway/async/clock.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cstdint>

namespace purser {

class Notifier {
 public:
  Notifier(asio::any_io_executor executor, Clock& clock);

  void notify();
  // How many notifies there have been.
  std::uint64_t count() const { return count_; }

  // Returns when there has been a notify after the one numbered `seen`, at once when there was one already. Errors:
  // timed_out at the deadline, canceled.
  Task<Result<void>> wait_since(std::uint64_t seen, Deadline limit);
  // The same for the first notify after this call (not after its co_await).
  Task<Result<void>> wait(Deadline limit) { return wait_since(count_, limit); }

 private:
  Task<Result<void>> wait_until_past(std::uint64_t seen);

  Clock& clock_;
  asio::steady_timer bell_;
  std::uint64_t count_ = 0;
};

}  // namespace purser
