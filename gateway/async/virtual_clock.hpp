// A clock that moves only when told: tests run a day of waiting in a millisecond, in the same order every time. It
// starts at 2026-01-05T10:00:00Z unless told otherwise. Declared before (outlives) the io_context whose coroutines
// sleep on it; one thread.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/sleepers.hpp"

#include <boost/asio/io_context.hpp>

#include <optional>

namespace purser {

class VirtualClock final : public Clock {
 public:
  time_point now() const override { return now_; }
  UtcTime wall() const override { return std::chrono::floor<Millis>(wall_); }
  UtcTime durable() const override { return start_ + std::chrono::floor<Millis>(now_ - kStartSteady); }
  Task<Result<void>> sleep_until(time_point at) override;
  void real_work(int change) noexcept override { busy_ += change; }
  bool works_inline() const noexcept override { return inline_; }

  VirtualClock() = default;
  // Starts at `start`, for a process that is started at that moment. `works_inline`: see Clock.
  VirtualClock(UtcTime start, bool works_inline) : start_(start), wall_(start), inline_(works_inline) {}

  // Somebody sets the wall clock: wall() moves, now() and durable() do not.
  void jump_wall(std::chrono::seconds d) { wall_ += d; }

  // Runs all that can run without time passing. With sockets pass 3 `quiet_rounds` of a millisecond: bytes written take
  // a moment to become readable. False: real work is still under way after `cap`; the test should fail.
  bool settle(asio::io_context& ioc, int quiet_rounds = 0, Millis cap = Millis(5'000));
  // Moves time by `d`, stopping at each sleeper on the way, earliest first, and settling before the next.
  bool advance(asio::io_context& ioc, duration d, int quiet_rounds = 0);
  // Settles, then moves to the earliest sleeper and settles again. False: nobody sleeps, or as settle().
  bool advance_to_next(asio::io_context& ioc, int quiet_rounds = 0);
  std::size_t sleepers() const { return sleepers_.size(); }
  // When the earliest sleeper wakes; nothing when nobody sleeps but those who wait to be canceled.
  std::optional<time_point> next_wake() const;

 private:
  static constexpr UtcTime kStart{std::chrono::seconds(1'767'607'200)};
  // Not zero, so that a default-constructed time point lies in the past.
  static constexpr time_point kStartSteady{std::chrono::hours(24)};

  Sleeper* next_until(time_point last) const;
  void move_to(time_point at);

  UtcTime start_ = kStart;
  time_point now_ = kStartSteady;
  std::chrono::time_point<std::chrono::system_clock, duration> wall_ = kStart;
  Sleeper::List sleepers_;
  int busy_ = 0;
  bool inline_ = false;
};

}  // namespace purser
