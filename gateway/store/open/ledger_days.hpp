// What our books say of a span of time, for holding it against the rail's bill. Beside a running daemon, on a
// connection of its own that only reads.
#pragma once

#include "config/settings.hpp"
#include "validation/books/compare.hpp"

#include <vector>

namespace purser {

// The ledger's captures and refunds whose money moved in [from, to) by the rail's clock, by their seq. Blocks. Errors:
// those of open_store; store_corrupt for a line that cannot be.
Result<std::vector<books::OurLine>> read_our_lines(const StoreSettings& settings, UtcTime from, UtcTime to);

}  // namespace purser
