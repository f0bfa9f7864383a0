#include "agent/turn/machine.hpp"

#include "validation/money/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace purser {

bool is_refusal(std::string_view tool_result_json) {
  const auto result = nlohmann::json::parse(tool_result_json, nullptr, false);
  return result.is_object() && result.value("status", "") == "refused";
}

TurnMachine::TurnMachine(const TurnSettings& limits, const std::vector<Message>& so_far) : limits_(limits) {
  if (!so_far.empty()) tools_allowed_ = so_far.front().role == Role::user;
  for (const Message& message : so_far) {
    if (message.role == Role::assistant && !message.calls.empty()) {
      rounds_ += 1;
      waiting_ = message.calls;
      for (const ToolCall& call : message.calls) ids_seen_.push_back(call.id);
    } else if (message.role == Role::tool) {
      std::erase_if(waiting_, [&](const ToolCall& call) { return call.id == message.call_id; });
      if (is_refusal(message.text)) rejections_ += 1;
    }
  }
}

TurnAction TurnMachine::next() const {
  TurnAction action;
  if (ended_) return *ended_;
  if (!unrecorded_.empty()) {
    action.kind = TurnAction::Kind::record_calls;
    action.calls = unrecorded_;
    return action;
  }
  if (!waiting_.empty()) {
    action.kind = TurnAction::Kind::run_call;
    action.call = waiting_.front();
    return action;
  }
  if (rejections_ >= limits_.rejections_max) {
    action.kind = TurnAction::Kind::reply;
    action.ending = Ending::rejections_spent;
    return action;
  }
  if (rounds_ >= limits_.tool_rounds_max) {
    action.kind = TurnAction::Kind::reply;
    action.ending = Ending::rounds_spent;
    return action;
  }
  action.kind = TurnAction::Kind::ask_model;
  action.tools_allowed = tools_allowed_;
  return action;
}

void TurnMachine::model_answered(Result<ModelAnswer> answer) {
  if (!answer) return end(answer.code() == Errc::model_refused ? Ending::model_refused : Ending::model_failed);
  usage_.input_tokens += answer->usage.input_tokens;
  usage_.cached_tokens += answer->usage.cached_tokens;
  usage_.output_tokens += answer->usage.output_tokens;
  cost_picousd_ += answer->cost_picousd;
  usage_.estimated = usage_.estimated || answer->usage.estimated;
  if (!answer->refusal.empty() || answer->finish == FinishReason::content_filter) return end(Ending::model_refused);
  if (!answer->calls.empty()) {
    // What is cut is not executed, whatever it looks like.
    if (answer->finish == FinishReason::length) return reject();
    return take_calls(std::move(answer->calls));
  }
  if (answer->text.empty()) return reject();
  end(Ending::answered, std::move(answer->text));
  ended_->cut = answer->finish == FinishReason::length;
}

void TurnMachine::take_calls(std::vector<ToolCall> calls) {
  if (!tools_allowed_ || static_cast<std::int64_t>(calls.size()) > limits_.calls_per_message_max) return reject();
  // What is not text cannot be kept, and so is not acted on.
  for (const ToolCall& call : calls)
    if (!valid_utf8(call.id) || !valid_utf8(call.name) || !valid_utf8(call.arguments)) return reject();
  std::vector<ToolCall> fresh;
  for (ToolCall& call : calls) {
    const bool repeated = std::any_of(fresh.begin(), fresh.end(), [&](const ToolCall& other) { return other == call; });
    if (repeated) continue;  // the same call twice in one message is one call
    // Each id is answered exactly once in a history, so an id that was used before gets a new one.
    while (call.id.empty() || std::find(ids_seen_.begin(), ids_seen_.end(), call.id) != ids_seen_.end())
      call.id = "call_" + std::to_string(rounds_) + "_" + std::to_string(ids_seen_.size());
    ids_seen_.push_back(call.id);
    fresh.push_back(std::move(call));
  }
  unrecorded_ = std::move(fresh);
}

void TurnMachine::calls_recorded() {
  rounds_ += 1;
  waiting_ = std::move(unrecorded_);
  unrecorded_.clear();
}

void TurnMachine::call_answered(bool refused) {
  waiting_.erase(waiting_.begin());
  if (refused) rejections_ += 1;
}

void TurnMachine::reject() {
  rejections_ += 1;
}

void TurnMachine::end(Ending ending, std::string text) {
  TurnAction action;
  action.kind = TurnAction::Kind::reply;
  action.ending = ending;
  action.text = std::move(text);
  ended_ = std::move(action);
}

}  // namespace purser
