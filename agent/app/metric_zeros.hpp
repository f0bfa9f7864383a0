// Counters that stand at zero until the first of their kind happens: what is not there cannot be told from what never
// happened, and an alarm on its rise misses the first rise. Label sets that are bounded and known beforehand, no
// others.
#pragma once

#include "gateway/metrics.hpp"

namespace purser {

void show_zeros(Metrics& metrics);

}  // namespace purser
