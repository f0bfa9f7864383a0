#include "agent/turn/model_task.hpp"

namespace purser {

// By the tool the model asked for last: what it is about to say follows from that tool's answer.
ModelTask task_of(const std::vector<Message>& turn_messages, bool tools_allowed) {
  if (!tools_allowed) return ModelTask::wording;
  for (auto message = turn_messages.rbegin(); message != turn_messages.rend(); ++message) {
    if (message->role != Role::assistant || message->calls.empty()) continue;
    const std::string& tool = message->calls.back().name;
    if (tool == "refund") return ModelTask::refund;
    if (tool == "query_payment") return ModelTask::order_status;
    if (tool == "create_payment_intent" || tool == "cancel_payment") return ModelTask::wording;
    return ModelTask::intent;
  }
  return ModelTask::intent;
}

}  // namespace purser
