// What providers want back of their own answers, beyond what a conversation's messages hold: thoughts and signatures
// that belong to a call. Kept for the newest calls of this process; a history that lost them is still sent in a form
// its provider takes.
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

  void remember(const std::string& provider, const ModelAnswer& answer);

  // The JSON object that `provider` gave with this call; empty when it gave none, or when another provider made it.
  std::string_view extra(std::string_view provider, const std::string& call_id) const;
  // The thoughts that led to this call, whoever had them.
  std::string_view reasoning(const std::string& call_id) const;

 private:
  struct Entry {
    std::string provider;
    std::string extra;
    std::string reasoning;
  };
  std::size_t calls_max_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;
};

}  // namespace purser::llm
