// Where prices live that change while the daemon runs: a query of a database, or a Redis hash.
#pragma once

#include "config/settings.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/async/task.hpp"
#include "validation/domain/catalogue.hpp"

#include <memory>
#include <string>

namespace purser {

class CatalogueSource {
 public:
  virtual ~CatalogueSource() = default;
  // The whole list as of the moment it was asked for, one reading at a time, read and judged off the loop. Its version
  // is the digest of what was read. Errors: store_unavailable (cannot be reached, silent for too long),
  // config_bad_value (what is there is no catalogue: the SKU, the column or key, the rule), the database's. It runs to
  // its end whatever happens to the caller.
  virtual Task<Result<Catalogue>> read() = 0;
};

// By the scheme of `settings.source`, which is not empty. Nothing is read yet. Error: config_bad_value. `clock`
// outlives it.
Result<std::unique_ptr<CatalogueSource>> make_catalogue_source(const CatalogueSettings& settings, Clock& clock);

// A catalogue of items as JSON (the shape of the file's "items"). Its version is the digest of this text. Errors:
// Catalogue::from_json's.
Result<Catalogue> catalogue_of(const std::string& items_json, UtcTime asked_at);

// A hash of a Redis: each field a SKU, each value its item. Error: config_bad_value.
Result<std::unique_ptr<CatalogueSource>> make_redis_source(const std::string& url, const std::string& key,
                                                           Clock& clock);

}  // namespace purser
