// What providers want back of their own answers, beyond what a conversation's messages hold: thoughts and signatures
// that belong to a call. They go back to the provider they came from, in the conversation they came in, and nowhere
// else. Kept for the newest calls of this process; a history that lost them is still sent in a form its provider takes.
#pragma once

#include "gateway/llm/model.hpp"

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>

namespace purser::llm {

class Transcript {
 public:
  explicit Transcript(std::size_t calls_max = 4'096) : calls_max_(calls_max) {}

  void remember(std::string_view provider, const ModelScope& scope, const ModelAnswer& answer);

  // The JSON object that `provider` gave with this call; empty when it gave none.
  std::string_view extra(std::string_view provider, const ModelScope& scope, const ToolCall& call) const;
  // The thoughts of `provider` that led to this call; empty when there were none.
  std::string_view reasoning(std::string_view provider, const ModelScope& scope, const ToolCall& call) const;

 private:
  struct Entry {
    std::string extra;
    std::string reasoning;
  };
  const Entry* find(std::string_view provider, const ModelScope& scope, const ToolCall& call) const;

  std::size_t calls_max_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;
};

}  // namespace purser::llm
