// The catalogue a newcomer sells from: config/catalogue.sample.json, compiled in so that the binary alone is enough.
#pragma once

#include <string_view>

namespace purser {

std::string_view sample_catalogue();

}  // namespace purser
