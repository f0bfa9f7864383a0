// One turn moves money once for each thing the user asked. A model that lost its thread, was asked again after a
// failure or handed over to another model may repeat a call that was already released; it gets the answer that call
// had, and nothing happens twice. A different call of the same tool is refused: the user has not asked for it in this
// turn. So is a second call beside one that moved money in the same message: providers are asked for one call at a
// time, and those that do not listen are held to it here.
#pragma once

#include "gateway/llm/model.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser {

struct Fenced {
  std::string result_json;  // what the model is told in place of running the call
  bool refused = false;
};

// `turn_messages`: the turn's so far, `call` in the last message that asks for calls. Calls that were refused moved
// nothing and may be mended; two that say the same are one. Nothing: it may run.
std::optional<Fenced> fenced(const std::vector<Message>& turn_messages, const ToolCall& call,
                             const std::vector<ToolSchema>& tools);

bool moves_money(const std::string& tool, const std::vector<ToolSchema>& tools);

// Whether a call of the turn has moved money, or may have: it was not refused, and perhaps not answered.
bool may_have_moved_money(const std::vector<Message>& turn_messages, const std::vector<ToolSchema>& tools);

}  // namespace purser
