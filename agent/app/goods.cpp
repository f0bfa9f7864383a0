#include "agent/app/goods.hpp"

#include "config/sample_catalogue.hpp"

#include <fstream>
#include <sstream>

namespace purser {

namespace {

// Nobody charges by prices of a source that has been silent for longer.
void age(IntentSettings& intent, Millis ttl) {
  if (intent.catalogue_age_max == Millis(0) || intent.catalogue_age_max > ttl) intent.catalogue_age_max = ttl;
}

}  // namespace

Result<Catalogue> load_catalogue(const CatalogueSettings& settings, UtcTime now) {
  if (settings.file.empty()) return Catalogue::from_json(sample_catalogue());
  std::ifstream file(settings.file);
  std::stringstream text;
  text << file.rdbuf();
  if (!file)
    return Error(Errc::config_unreadable, "the catalogue " + settings.file + " cannot be read", "catalogue.file");
  auto read = Catalogue::from_json(text.str());
  if (!read) return Error(read.code(), settings.file + ": " + read.error().message, "catalogue.file");
  if (read->as_of() > now + kCatalogueAheadMax) {
    return Error(Errc::config_bad_value,
                 settings.file + ": /as_of: must not be more than 5 minutes in the future (it is " + format_time(now) +
                     "): such prices would never be too old",
                 "catalogue.file");
  }
  return read;
}

Result<void> Goods::begin(Settings& settings, Clock& clock) {
  const CatalogueSettings& from = settings.catalogue;
  if (from.source.empty()) {
    auto read = load_catalogue(from, clock.durable());
    if (!read) return read.error();
    catalogue_ = std::move(*read);
    return success();
  }
  age(settings.intent, from.ttl);
  for (auto& [tenant, policy] : settings.tenants) age(policy.intent, from.ttl);
  auto source = make_catalogue_source(from, clock);
  if (!source) return source.error();
  feed_.emplace(std::move(*source), catalogue_, clock, from.ttl / 3);
  return success();
}

Task<void> Goods::start() {
  if (!feed_) co_return;
  auto done = co_await feed_->refresh();
  (void)done;  // told in the log; it is tried again
}

}  // namespace purser
