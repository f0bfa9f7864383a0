// Answers to exactly the same question, for tasks the operator named. Only words are kept, and only of questions
// without tools: a turn that can move money is always thought about anew. Bounded; the oldest goes first.
#pragma once

#include "gateway/llm/model.hpp"

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

namespace purser::llm {

class AnswerCache {
 public:
  AnswerCache(std::size_t answers_max, Millis lifetime) : answers_max_(answers_max), lifetime_(lifetime) {}

  // Empty for a question whose answer must not be kept.
  static std::string key(const std::string& tier, const ModelRequest& request);
  std::optional<ModelAnswer> find(const std::string& key, Millis now) const;
  void keep(const std::string& key, const ModelAnswer& answer, Millis now);

 private:
  struct Entry {
    ModelAnswer answer;
    Millis until{0};
  };
  std::size_t answers_max_;
  Millis lifetime_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;
};

}  // namespace purser::llm
