// How the tests of the oracles write to a mirror and read what it blames.
#pragma once

#include "agent/replay/mirror.hpp"

#include <string>
#include <utility>

namespace purser::replay {

inline void commit(Mirror& mirror, Operation operation) {
  Batch batch("test");
  batch.operations.push_back(std::move(operation));
  mirror.apply(batch, Receipt());
}

inline bool blamed(const Mirror& mirror, const std::string& rule) {
  for (const std::string& violation : mirror.violations)
    if (violation.starts_with(rule + ":")) return true;
  return false;
}

}  // namespace purser::replay
