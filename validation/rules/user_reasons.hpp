// What a customer may be told of a refusal, in their language. The reason beside it is the model's: it names fields and
// figures; this names neither, so that it is true wherever it is said.
#pragma once

#include "validation/money/errc.hpp"

#include <string_view>

namespace purser::rules {

// Every code of the rules has a sentence of its own; the others share one. `locale` begins with zh, or is read as
// English.
std::string_view reason_for_user(Errc code, std::string_view locale);

}  // namespace purser::rules
