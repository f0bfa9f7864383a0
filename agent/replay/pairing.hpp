// Which call answers to which expectation, when their order says nothing.
#pragma once

#include "agent/replay/match.hpp"

#include <cstddef>
#include <functional>
#include <optional>

namespace purser::replay {

// Whether the expectation and the call agree; what it captures is kept when they do.
using Agrees = std::function<bool(std::size_t expected, std::size_t call, Captures& captures)>;

// Gives each of `expected` a call of its own. Nothing when that is possible, and `captures` then hold what was
// captured; otherwise an expectation that is left without one. Of many that all depend on each other's captures not
// every way is tried.
std::optional<std::size_t> unpaired(std::size_t expected, std::size_t calls, const Agrees& agrees, Captures& captures);

}  // namespace purser::replay
