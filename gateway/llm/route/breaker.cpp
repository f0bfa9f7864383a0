#include "gateway/llm/route/breaker.hpp"

#include <algorithm>

namespace purser::llm {

Breaker::State Breaker::state(Millis now) const {
  if (!is_open_) return State::closed;
  return now < until_ ? State::open : State::half_open;
}

bool Breaker::admits(Millis now) const {
  if (!is_open_) return true;
  if (now < until_) return false;
  return !probing_ || now - probe_since_ >= limits_.probe_time_max;
}

void Breaker::begun(Millis now) {
  ++pending_;
  if (!is_open_) return;
  probing_ = true;
  probe_since_ = now;
}

void Breaker::ended(Health health, Millis patience, Millis now) {
  pending_ = std::max(pending_ - 1, 0);
  if (health == Health::good) {
    failures_ = opened_ = 0;
    is_open_ = probing_ = false;
    return;
  }
  // A question whose asker left says nothing. Where it was the only one under way, it was the probe, and the next one
  // is; else the probe may still come back.
  if (health == Health::neither) {
    if (pending_ == 0) probing_ = false;
    return;
  }
  ++failures_;
  // What was asked before it opened and ends now tells nothing new.
  if (is_open_ && now < until_) return;
  if (probing_ || patience > Millis(0) || failures_ >= limits_.failures_to_open) open(patience, now);
}

void Breaker::open(Millis patience, Millis now) {
  Millis rest = limits_.open_first;
  for (int i = 0; i < opened_ && rest < limits_.open_max; ++i) rest *= 2;
  is_open_ = true;
  probing_ = false;
  ++opened_;
  until_ = now + (patience > Millis(0) ? std::min(patience, limits_.wish_max) : std::min(rest, limits_.open_max));
}

}  // namespace purser::llm
