#pragma once

#include "gateway/async/clock.hpp"

#include <cstddef>

namespace purser {

// How many threads a pool needs that nothing but run_on() gives work to: none under a clock that works inline.
inline std::size_t threads_for(const Clock& clock, std::size_t wanted) {
  return clock.works_inline() ? 0 : wanted;
}

}  // namespace purser
