#include "gateway/llm/transcript.hpp"

namespace purser::llm {

void Transcript::remember(const std::string& provider, const ModelAnswer& answer) {
  for (const ToolCall& call : answer.calls) {
    Entry entry;
    entry.provider = provider;
    entry.reasoning = answer.reasoning;
    for (const CallExtra& extra : answer.extras)
      if (extra.call_id == call.id) entry.extra = extra.json;
    if (entry.extra.empty() && entry.reasoning.empty()) continue;
    if (entries_.insert_or_assign(call.id, std::move(entry)).second) order_.push_back(call.id);
    while (order_.size() > calls_max_) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
  }
}

std::string_view Transcript::extra(std::string_view provider, const std::string& call_id) const {
  const auto found = entries_.find(call_id);
  return found == entries_.end() || found->second.provider != provider ? std::string_view() : found->second.extra;
}

std::string_view Transcript::reasoning(const std::string& call_id) const {
  const auto found = entries_.find(call_id);
  return found == entries_.end() ? std::string_view() : found->second.reasoning;
}

}  // namespace purser::llm
