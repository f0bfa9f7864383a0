// Keys that change while the daemon runs: on SIGHUP, and when one of their files is another one than ten seconds ago.
// Only the keys are read anew; what cannot be used leaves the old ones in place and is logged.
#pragma once

#include "config/loader.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"

#include <boost/asio/signal_set.hpp>

#include <functional>

namespace purser {

// Takes over the keys that these settings name, or says why the old ones stay.
using UseKeys = std::function<Result<void>(const Settings&)>;

// What ids are made with: a secret of their own, else the APIv3 key that the daemon starts with.
const Secret& id_secret_of(const Settings& settings, const Secret& apiv3);
// Logs an error when the APIv3 key has changed and ids rest on the old one: the next start would not find them.
void warn_of_lost_ids(const Settings& started_with, const Settings& now);

// Both run until canceled. What `use` holds on to, `hangup` (of SIGHUP alone) and `clock` outlive them.
Task<void> reload_keys_on_hangup(UseKeys use, asio::signal_set& hangup, SettingsSources sources);
Task<void> reload_keys_on_change(UseKeys use, Clock& clock, SettingsSources sources);

}  // namespace purser
