// The same scripts over loopback sockets: a purser that is started as a process of its own, its sandbox as the rail,
// and a scripted model that listens on a port. Time passes only where a script says so, through the sandbox's clock;
// what is expected is waited for a moment, because another process is at work.
#pragma once

#include "agent/replay/report.hpp"
#include "agent/replay/script.hpp"

#include <string>

namespace purser::replay {

// Why a script cannot be played from outside (it kills the daemon, jumps its wall clock, needs the rail's keys); empty
// when it can.
std::string only_inside(const Script& script);

// Starts `program` as "serve" on a fresh database, plays one script against it and stops it. What cannot be seen from
// outside (ledger lines, the rail's calls) is counted as not held; the totals of `finally` are read from the intents.
Outcome play_over_sockets(const Script& script, const std::string& program);

}  // namespace purser::replay
