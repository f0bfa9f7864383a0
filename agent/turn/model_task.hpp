// What the model is asked for at this point of a turn; settings may send each task to models of its own.
#pragma once

#include "gateway/llm/model.hpp"

#include <vector>

namespace purser {

// `turn_messages`: the turn's so far, the first is what began it.
ModelTask task_of(const std::vector<Message>& turn_messages, bool tools_allowed);

}  // namespace purser
