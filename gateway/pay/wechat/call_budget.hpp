// How often each kind of call may be made, kept here before the rail complains: its documented limits a merchant, and
// the rest it asks for with 429. Pure: it is told the time and says how long to wait.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/pay/wechat/errors.hpp"

#include <array>
#include <cstddef>

namespace purser::wechat {

class CallBudget {
 public:
  using time_point = Clock::time_point;

  // When the next call of this kind may leave; not after `now` when it may at once.
  time_point ready(Operation operation, time_point now) const;
  // One call leaves.
  void spend(Operation operation, time_point now);
  // The rail said 429: nothing of this kind for a while. A query of a refund rests for a minute, as the rail asks.
  void rest(Operation operation, time_point now, Millis asked);
  // A refund that failed: a handful of those in a second locks out the good ones.
  void refund_failed(time_point now);

 private:
  // A bucket that holds one second's worth: `next` is when it would be full again, and runs ahead of now as it empties.
  struct Bucket {
    time_point full_at{};
    time_point rests_until{};
  };
  static time_point ready_of(const Bucket& bucket, Clock::duration cost, time_point now);
  static void spend_of(Bucket& bucket, Clock::duration cost, time_point now);

  std::array<Bucket, kOperations> buckets_{};
  Bucket failures_{};
};

}  // namespace purser::wechat
