#include "agent/turn/model_task.hpp"

#include "gateway/llm/rules/doubt.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace purser {
namespace {

constexpr std::array<std::string_view, 20> kQuarrel{
    "投诉", "举报",     "维权",    "12315", "律师", "起诉",   "法院",         "诈骗",       "骗子",    "骗钱",
    "纠纷", "complain", "dispute", "申诉",  "scam", "lawyer", "legal action", "chargeback", "cheated", "fraud"};
constexpr std::array<std::string_view, 4> kMoneyBack{"退", "refund", "money back", "give back"};

template <class Words>
bool speaks_of(const std::string& text, const Words& words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

// What the customer's own words are about, before any tool was asked for.
ModelTask begun_with(const std::vector<Message>& turn_messages) {
  if (turn_messages.empty() || turn_messages.front().role != Role::user) return ModelTask::intent;
  const std::string text = dialogue::plain_text(turn_messages.front().text);
  if (speaks_of(text, kQuarrel)) return ModelTask::dispute;
  return speaks_of(text, kMoneyBack) ? ModelTask::refund : ModelTask::intent;
}

}  // namespace

// By the customer's words where they quarrel; else by the tool the model asked for last, for what it is about to say
// follows from that tool's answer.
ModelTask task_of(const std::vector<Message>& turn_messages, bool tools_allowed) {
  const ModelTask begun = begun_with(turn_messages);
  if (begun == ModelTask::dispute) return begun;
  if (!tools_allowed) return ModelTask::wording;
  for (auto message = turn_messages.rbegin(); message != turn_messages.rend(); ++message) {
    if (message->role != Role::assistant || message->calls.empty()) continue;
    const std::string& tool = message->calls.back().name;
    if (tool == "refund") return ModelTask::refund;
    if (tool == "query_payment" && begun == ModelTask::intent) return ModelTask::order_status;
    if (tool == "create_payment_intent" || tool == "cancel_payment") return ModelTask::wording;
    return begun;
  }
  return begun;
}

}  // namespace purser
