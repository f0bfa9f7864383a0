// A failure made small enough to read.
#pragma once

#include "agent/replay/runner.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace purser::replay {

// What a search may take: runs, and the processor's time where the story is long. `spent` is what the process has had
// of it so far.
class Patience {
 public:
  using Spent = std::function<std::chrono::nanoseconds()>;
  explicit Patience(Spent spent) : spent_(std::move(spent)), began_(spent_()) {}
  // Asked before each run.
  bool exhausted();

 private:
  Spent spent_;
  std::chrono::nanoseconds began_;
  int runs_ = 0;
};

// The smallest part of the script found in which a derivation of the same kind still breaks a rule, as the text of a
// script that plays just that ("derived"). Nothing when only an expectation of the script was missed, which a part of
// it would not have.
std::optional<std::string> smallest_script(const Script& script, const std::string& derivation);

}  // namespace purser::replay
