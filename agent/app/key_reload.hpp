// Keys that change while the daemon runs: on SIGHUP, and when one of their files is another one than a minute ago. Only
// the keys are read anew; what cannot be used leaves the old ones in place and is logged.
#pragma once

#include "agent/app/daemon.hpp"
#include "config/loader.hpp"

namespace purser {

// Both run until canceled. `daemon` and `clock` outlive them.
Task<void> reload_keys_on_hangup(Daemon& daemon, SettingsSources sources);
Task<void> reload_keys_on_change(Daemon& daemon, Clock& clock, SettingsSources sources);

}  // namespace purser
