#include "gateway/llm/transcript.hpp"

#include <initializer_list>

namespace purser::llm {
namespace {

// Ids are made by providers, and by us where they make none: they are everybody's. Tenants choose the names of users,
// so the parts are told apart by their lengths.
std::string key_of(std::string_view provider, const ModelScope& scope, const ToolCall& call) {
  std::string out;
  for (const std::string_view part : std::initializer_list<std::string_view>{
           provider, scope.tenant, scope.user, scope.thread, call.id, call.name, call.arguments})
    out.append(std::to_string(part.size())).append(1, ':').append(part);
  return out;
}

}  // namespace

void Transcript::remember(std::string_view provider, const ModelScope& scope, const ModelAnswer& answer) {
  for (const ToolCall& call : answer.calls) {
    Entry entry;
    entry.reasoning = answer.reasoning;
    for (const CallExtra& extra : answer.extras)
      if (extra.call_id == call.id) entry.extra = extra.json;
    if (entry.extra.empty() && entry.reasoning.empty()) continue;
    std::string key = key_of(provider, scope, call);
    if (entries_.insert_or_assign(key, std::move(entry)).second) order_.push_back(std::move(key));
    while (order_.size() > calls_max_) {
      entries_.erase(order_.front());
      order_.pop_front();
    }
  }
}

const Transcript::Entry* Transcript::find(std::string_view provider, const ModelScope& scope,
                                          const ToolCall& call) const {
  const auto found = entries_.find(key_of(provider, scope, call));
  return found == entries_.end() ? nullptr : &found->second;
}

std::string_view Transcript::extra(std::string_view provider, const ModelScope& scope, const ToolCall& call) const {
  const Entry* known = find(provider, scope, call);
  return known == nullptr ? std::string_view() : known->extra;
}

std::string_view Transcript::reasoning(std::string_view provider, const ModelScope& scope, const ToolCall& call) const {
  const Entry* known = find(provider, scope, call);
  return known == nullptr ? std::string_view() : known->reasoning;
}

}  // namespace purser::llm
