// From stored messages to what a model may be sent: provider-valid whatever happened to the turns before.
#pragma once

#include "validation/domain/thread.hpp"

#include <vector>

namespace purser {

// `stored` rises by seq and may begin anywhere in the thread. The result begins at a user message or an event, every
// call of an assistant message is answered exactly once, in the model's order, before anything else is said, and no
// answer stands without its call. Calls that were never answered (their turn was cut) are answered as not run.
std::vector<Message> provider_valid(std::vector<Message> stored);

}  // namespace purser
