// Keeps the catalogue that everybody reads as its source has it. When the source is lost the prices stay, grow old and
// are then not charged by (the rule catalogue_age): nothing is guessed.
#pragma once

#include "gateway/async/clock.hpp"
#include "gateway/catalogue/source.hpp"

#include <memory>

namespace purser {

class CatalogueFeed {
 public:
  // `shown` is changed between two steps of the loop, whole. Everything outlives the feed.
  CatalogueFeed(std::unique_ptr<CatalogueSource> source, Catalogue& shown, Clock& clock, Millis every)
      : source_(std::move(source)), shown_(shown), clock_(clock), every_(every) {}

  // One reading; what was shown stays on an error. The age of what is read counts from before it was asked for.
  Task<Result<void>> refresh();
  // Waits, and reads again, until canceled.
  Task<void> run();

 private:
  std::unique_ptr<CatalogueSource> source_;
  Catalogue& shown_;
  Clock& clock_;
  Millis every_;
};

}  // namespace purser
