// What a coroutine threw, as an error: where one that must go on calls what may not.
#pragma once

#include "validation/money/result.hpp"

#include <exception>

namespace purser {

// Canceled when it was told to stop; else internal with the exception's own words.
Error error_of(const std::exception_ptr& thrown);

}  // namespace purser
