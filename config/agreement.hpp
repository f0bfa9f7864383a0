// What must hold between settings, each of which is right by itself.
#pragma once

#include "config/mistake.hpp"
#include "config/settings.hpp"

namespace purser {

// With a merchant account: everything the account needs, API keys, and an https address for webhooks; time limits that
// contain each other; limits that fit each other. `source` is "all together".
Mistakes disagreements(const Settings& settings);

// What is allowed and probably not meant.
Mistakes doubts(const Settings& settings);

}  // namespace purser
