// From the setting store.url to a store.
#pragma once

#include "config/settings.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/store/store.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

// The path of "sqlite:///absolute/path": plain characters, no escapes, query or fragment, no empty, "." or ".."
// component, not a folder. Error: config_bad_value, param "store.url".
Result<std::string> parse_sqlite_url(std::string_view url);

// Opens the store that the URL's scheme names; blocks until it is ready. Errors: config_bad_value (param "store.url",
// the message never shows more of the URL than its scheme or its path), and those of the adapter. `clock` and the
// io_context of those who use the store outlive it.
Result<std::unique_ptr<Store>> open_store(const StoreSettings& settings, Clock& clock);

// What the database of an opened store would refuse on its own and its engine does not know, in words for an operator.
// Whether it happened all the same, Store::verify_ledger finds out. Blocks.
Result<std::vector<std::string>> missing_guards(const StoreSettings& settings);

}  // namespace purser
