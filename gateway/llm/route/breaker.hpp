// Keeps questions away from a model that does not answer. Closed: all pass. Open: none, for a time that doubles while
// it does not get better. Then exactly one question is let through to see; one that never comes back counts as lost
// after its own limit, so a breaker cannot stay half open for ever. Pure: times are milliseconds of any one clock.
#pragma once

#include "validation/money/time.hpp"

#include <cstdint>

namespace purser::llm {

struct BreakerLimits {
  int failures_to_open = 3;  // one after the other
  Millis open_first{2'000};
  Millis open_max{15'000};
  Millis wish_max{120'000};  // what a provider's own wish for patience is cut to
  Millis probe_time_max{20'000};
};

enum class Health : std::uint8_t { good, bad, neither };

class Breaker {
 public:
  enum class State : std::uint8_t { closed, open, half_open };

  explicit Breaker(BreakerLimits limits) : limits_(limits) {}

  // Whether a question may be asked now.
  bool admits(Millis now) const;
  // One is asked. Only when admits(); ended() follows, whatever comes of it.
  void begun(Millis now);
  // It ended. `patience`: the provider asks to be left alone for that long; zero for no such wish.
  void ended(Health health, Millis patience, Millis now);

  State state(Millis now) const;

 private:
  void open(Millis patience, Millis now);

  BreakerLimits limits_;
  int failures_ = 0;
  int pending_ = 0;  // begun and not ended
  int opened_ = 0;  // times in a row, for the doubling
  bool is_open_ = false;
  bool probing_ = false;
  Millis until_{0};
  Millis probe_since_{0};
};

}  // namespace purser::llm
