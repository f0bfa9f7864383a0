// What can be bought: the list of the file, or kept as a source has it.
#pragma once

#include "config/settings.hpp"
#include "gateway/catalogue/feed.hpp"
#include "validation/domain/catalogue.hpp"

#include <optional>

namespace purser {

// How far the clock of whoever wrote a catalogue may be ahead of ours.
inline constexpr Millis kCatalogueAheadMax{5 * 60'000};

// The file's, or the sample that is built in when no file is named. Errors: config_unreadable, what
// Catalogue::from_json refuses, config_bad_value for an as_of later than `now` by more than kCatalogueAheadMax (such
// prices would never age), each naming the file.
Result<Catalogue> load_catalogue(const CatalogueSettings& settings, UtcTime now);

class Goods {
 public:
  // Reads the file; a source is read by start(). With a source, prices age in `settings`, for every tenant. `clock`
  // outlives it. Errors: load_catalogue's, make_catalogue_source's.
  Result<void> begin(Settings& settings, Clock& clock);
  // The first reading of a source. One that cannot be read yet leaves nothing to be sold, and is no mistake.
  Task<void> start();

  // Where it is stays the same; what it holds may change between two steps of the loop.
  const Catalogue& catalogue() const { return catalogue_; }
  bool change() const { return feed_.has_value(); }
  // Until canceled. Only when they change.
  Task<void> keep() { return feed_->run(); }

 private:
  Catalogue catalogue_;
  std::optional<CatalogueFeed> feed_;
};

}  // namespace purser
