// The coroutines that sleep on a clock, as the clock sees them. Used by the clocks alone.
#pragma once

#include "gateway/async/clock.hpp"

#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <list>
#include <vector>

namespace purser {

// Lives in the frame of one sleeping coroutine and leaves the list when that frame dies.
class Sleeper {
 public:
  using List = std::list<Sleeper*>;

  Sleeper(List& list, Clock::time_point when, asio::steady_timer& timer)
      : at(when), bell(timer), list_(list), place_(list.insert(list.end(), this)) {}
  ~Sleeper() { list_.erase(place_); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

  // Earliest first; of two due at the same instant the one that went to sleep first.
  static std::vector<Sleeper*> in_time_order(const List& list) {
    std::vector<Sleeper*> order(list.begin(), list.end());
    std::stable_sort(order.begin(), order.end(), [](const Sleeper* a, const Sleeper* b) { return a->at < b->at; });
    return order;
  }

  const Clock::time_point at;
  asio::steady_timer& bell;
  bool woken = false;

 private:
  List& list_;
  List::iterator place_;
};

}  // namespace purser
