// What systemd wants to hear from a service of Type=notify: that it takes traffic, that it stops, and that its loop is
// alive. Without a manager nothing is said.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace purser {

class ServiceManager {
 public:
  // Reads NOTIFY_SOCKET and WATCHDOG_USEC.
  explicit ServiceManager(const std::map<std::string, std::string>& environment);

  // "READY=1", "STOPPING=1". What cannot be delivered is dropped: the manager has a time limit of its own.
  void tell(std::string_view state) const;
  // How often the watchdog is to be told; twice within its limit. Nothing when it does not watch.
  std::optional<Clock::duration> beat() const { return beat_; }
  // Tells the watchdog until canceled: as long as the loop runs this, the loop runs.
  Task<void> keep_alive(Clock& clock) const;

 private:
  std::string socket_;  // a path, or '@' and an abstract name; empty: nobody listens
  std::optional<Clock::duration> beat_;
};

}  // namespace purser
