// Takes people's words out of the store: all of one user's on demand, and everybody's once they are old. What is sold,
// paid and given back stays, and so does the record's chain (op::EraseThread). One conversation a transaction: nothing
// waits long behind it, and what is not settled yet is left and said.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/metrics.hpp"
#include "gateway/store/store.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace purser {

inline constexpr MetricFamily kErased{"purser_conversations_erased_total", "Conversations whose words were taken out."};

class Eraser {
 public:
  struct Ports {
    Store& store;
    Clock& clock;
    Metrics* metrics;  // may be null
  };
  explicit Eraser(Ports ports) : ports_(ports) {}

  struct Left {
    ThreadId thread;
    std::string why;  // "turn", "intent", "refund", "approval", "work": what is not settled
  };
  struct Outcome {
    std::vector<ThreadId> erased;
    std::vector<Left> left;
  };

  // Everything of the user's conversations, and what the rail and clients were told of them. Repeating it is safe:
  // what was left may be settled by then. Errors: not_found, of whom nothing is on record; the store's; what was erased
  // before stays erased.
  Task<Result<Outcome>> erase_user(TenantId tenant, UserId user);

  // The words of conversations in which nothing was said since `before`, and what the inboxes hold from before then.
  // How many conversations; those that are not settled are passed over. Errors: the store's.
  Task<Result<std::int64_t>> erase_old(UtcTime before);

  // Until canceled: erase_old, now and then, of what is older than `days` (above 0).
  Task<void> keep(std::int64_t days);

 private:
  // What is not settled; empty: it was erased.
  Task<Result<std::string>> erase(Thread row, bool everything);
  Task<Result<void>> erase_inboxes(UtcTime before);

  Ports ports_;
};

}  // namespace purser
