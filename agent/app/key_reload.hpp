// Keys that change while the daemon runs: on SIGHUP, and when one of their files is another one than ten seconds ago.
// Only the keys are read anew; what cannot be used leaves the old ones in place and is logged.
#pragma once

#include "config/loader.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"

#include <functional>

namespace purser {

// Takes over the keys that these settings name, or says why the old ones stay.
using UseKeys = std::function<Result<void>(const Settings&)>;

// Both run until canceled. What `use` holds on to, and `clock`, outlive them.
Task<void> reload_keys_on_hangup(UseKeys use, SettingsSources sources);
Task<void> reload_keys_on_change(UseKeys use, Clock& clock, SettingsSources sources);

}  // namespace purser
