// What a task group does with a task that threw, where nobody else has to know.
#pragma once

#include "gateway/async/task_group.hpp"

namespace purser {

// Logs it as an error under `event`, with the task's name and what was thrown.
TaskGroup::OnError logged_as(std::string event);

}  // namespace purser
