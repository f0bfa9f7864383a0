// What derivations and episodes do to a call of the rail, in the words of the sandbox's faults.
#pragma once

#include <array>

namespace purser::replay {

inline constexpr std::array kRailFaults{"timeout_before", "timeout_after", "reset",     "reset_after",  "http_500",
                                        "http_500_after", "http_429",      "malformed", "bad_signature"};

}  // namespace purser::replay
