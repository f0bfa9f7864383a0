#include "gateway/llm/answer_cache.hpp"

#include "gateway/crypto/digest.hpp"

namespace purser::llm {
namespace {

std::string part(std::string_view text) {
  return std::to_string(text.size()) + ":" + std::string(text);
}

}  // namespace

std::string AnswerCache::key(const std::string& tier, const ModelRequest& request) {
  if (!request.tools.empty()) return {};
  // One tenant's answers are nobody else's.
  std::string all = part(request.scope.tenant) + part(tier) + part(request.locale) + part(request.system);
  for (const Message& message : request.messages) {
    all += part(to_string(message.role)) + part(message.text) + part(message.call_id);
    for (const ToolCall& call : message.calls) all += part(call.id) + part(call.name) + part(call.arguments);
  }
  return crypto::sha256_hex(all);
}

std::optional<ModelAnswer> AnswerCache::find(const std::string& key, Millis now) const {
  const auto found = entries_.find(key);
  if (key.empty() || found == entries_.end() || now >= found->second.until) return std::nullopt;
  ModelAnswer answer = found->second.answer;
  answer.usage = Usage();
  answer.cost_picousd = 0;
  return answer;
}

void AnswerCache::keep(const std::string& key, const ModelAnswer& answer, Millis now) {
  if (key.empty() || !answer.calls.empty() || !answer.refusal.empty() || answer.finish != FinishReason::stop) return;
  if (entries_.insert_or_assign(key, Entry{answer, now + lifetime_}).second) order_.push_back(key);
  while (order_.size() > answers_max_) {
    entries_.erase(order_.front());
    order_.pop_front();
  }
}

}  // namespace purser::llm
