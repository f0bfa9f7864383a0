#include "agent/app/catalogue_file.hpp"

#include "config/sample_catalogue.hpp"

#include <fstream>
#include <sstream>

namespace purser {

Result<Catalogue> load_catalogue(const CatalogueSettings& settings) {
  if (settings.file.empty()) return Catalogue::from_json(sample_catalogue());
  std::ifstream file(settings.file);
  std::stringstream text;
  text << file.rdbuf();
  if (!file)
    return Error(Errc::config_unreadable, "the catalogue " + settings.file + " cannot be read", "catalogue.file");
  auto read = Catalogue::from_json(text.str());
  if (!read) return Error(read.code(), settings.file + ": " + read.error().message, "catalogue.file");
  return read;
}

}  // namespace purser
