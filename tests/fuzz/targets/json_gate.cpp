// API bodies and tool arguments: what the gate takes is what nlohmann reads, and what it refuses nlohmann refuses too
// or a limit does.
#include "validation/money/json_gate.hpp"

#include "tests/fuzz/fuzz.hpp"

PURSER_FUZZ(bytes) {
  using namespace purser;
  const JsonLimits limits{1 << 20, 512, 1 << 20, true};
  const auto taken = parse_strict(bytes, limits);
  const auto read = nlohmann::json::parse(bytes, nullptr, false);
  if (taken) {
    fuzz::require(!read.is_discarded() && *taken == read && taken->dump() == read.dump());
    const auto again = parse_strict(taken->dump(), limits);
    fuzz::require(again.ok() && *again == *taken);
  } else if (taken.code() == Errc::json_malformed && !bytes.empty()) {
    const bool stricter = bytes.find('\0') != std::string_view::npos || bytes.starts_with("\xEF\xBB\xBF");
    fuzz::require(stricter || read.is_discarded());
  }
}
