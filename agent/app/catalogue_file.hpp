// The catalogue of the settings.
#pragma once

#include "config/settings.hpp"
#include "validation/domain/catalogue.hpp"

namespace purser {

// The sample that is built in when no file is named. Errors: config_unreadable, what Catalogue::from_json refuses, each
// naming the file.
Result<Catalogue> load_catalogue(const CatalogueSettings& settings);

}  // namespace purser
