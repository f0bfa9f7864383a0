// How often a question may be asked of two models at once: a share of the questions for which it could be. Pure.
#pragma once

#include <cstdint>

namespace purser::llm {

class Hedges {
 public:
  explicit Hedges(std::int64_t percent_max) : percent_max_(percent_max) {}

  // A question came that may be asked of two.
  void asked() { ++asked_; }
  bool allowed() const { return (hedged_ + 1) * 100 <= asked_ * percent_max_; }
  // It was.
  void hedged() { ++hedged_; }

 private:
  std::int64_t percent_max_;
  std::int64_t asked_ = 0;
  std::int64_t hedged_ = 0;
};

}  // namespace purser::llm
