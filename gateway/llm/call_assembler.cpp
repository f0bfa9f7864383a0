#include "gateway/llm/call_assembler.hpp"

#include "gateway/llm/wire_answer.hpp"

#include <algorithm>

namespace purser::llm {

void CallAssembler::spoil(std::string why) {
  if (why_spoiled_.empty()) why_spoiled_ = std::move(why);
}

std::optional<std::size_t> CallAssembler::open_slot(const CallFragment& fragment) {
  if (slots_.size() == limits_.calls_max) {
    spoil("more tool calls in one message than allowed");
    return std::nullopt;
  }
  slots_.emplace_back();
  slots_.back().id = fragment.id;
  return slots_.size() - 1;
}

std::optional<std::size_t> CallAssembler::place_of(const CallFragment& fragment) {
  if (!fragment.id.empty()) {
    const auto known = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& s) { return s.id == fragment.id; });
    const auto place =
        known != slots_.end() ? std::optional(static_cast<std::size_t>(known - slots_.begin())) : open_slot(fragment);
    if (place && fragment.index) by_index_[*fragment.index] = *place;
    return place;
  }
  if (fragment.index) {
    if (const auto known = by_index_.find(*fragment.index); known != by_index_.end()) return known->second;
    const auto place = open_slot(fragment);
    if (place) by_index_[*fragment.index] = *place;
    return place;
  }
  if (slots_.empty()) {
    spoil("a piece of a tool call that belongs to none");
    return std::nullopt;
  }
  return slots_.size() - 1;
}

// Some proxies repeat the finished calls in a last chunk.
bool CallAssembler::is_echo(const Slot& slot, const CallFragment& fragment) const {
  return !fragment.id.empty() && !fragment.arguments.empty() && fragment.arguments == slot.arguments &&
         complete_arguments(slot.arguments, limits_).ok();
}

void CallAssembler::add(const CallFragment& fragment) {
  const auto place = place_of(fragment);
  if (!place) return;
  Slot& slot = slots_[*place];
  if (!fragment.name.empty() && !slot.name.empty() && fragment.name != slot.name)
    return spoil("the name of a tool call changes while it is written");
  if (slot.name.empty()) slot.name = fragment.name;
  if (!fragment.extra.empty()) slot.extra = fragment.extra;
  if (is_echo(slot, fragment)) return;
  if (slot.arguments.size() + fragment.arguments.size() > limits_.argument_bytes_max)
    return spoil("the arguments of a tool call are larger than allowed");
  slot.arguments.append(fragment.arguments);
}

std::size_t CallAssembler::bytes() const {
  std::size_t sum = 0;
  for (const Slot& slot : slots_) sum += slot.name.size() + slot.arguments.size();
  return sum;
}

Result<std::vector<ToolCall>> CallAssembler::finish(std::size_t message_count, std::vector<CallExtra>& extras) const {
  if (!why_spoiled_.empty()) return Error(Errc::model_malformed, why_spoiled_);
  std::vector<ToolCall> calls;
  for (const Slot& slot : slots_) {
    if (slot.name.empty() || slot.name.size() > limits_.name_bytes_max || slot.id.size() > kCallIdBytesMax)
      return Error(Errc::model_malformed, "a tool call has no name, or a name or id larger than allowed");
    auto arguments = complete_arguments(slot.arguments, limits_);
    if (!arguments) return arguments.error();
    ToolCall call;
    call.id = slot.id.empty() ? local_call_id(message_count, calls.size()) : slot.id;
    call.name = slot.name;
    call.arguments = std::move(*arguments);
    if (!slot.extra.empty()) extras.push_back({call.id, slot.extra});
    calls.push_back(std::move(call));
  }
  return calls;
}

}  // namespace purser::llm
