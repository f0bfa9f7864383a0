// An attempt as the router and the attempt log see it. Inside of the routed model.
#pragma once

#include "gateway/llm/routed_model.hpp"

namespace purser {

// Begun with its life; one that is left behind half-way ends with it. Made in the same breath as the router was asked
// whether the model may be asked.
class RoutedModel::UnderWay {
 public:
  UnderWay(RoutedModel& routed, std::size_t model, std::int64_t number)
      : routed_(routed), model_(model), number_(number), since_(routed.time()) {
    routed_.router_.begun(model_, since_);
    if (routed_.log_) routed_.log_->write(llm::entry::begun(number_, since_, model_));
  }
  ~UnderWay() {
    if (!ended_) end(llm::AttemptEnd::left, Millis(-1));
  }
  UnderWay(const UnderWay&) = delete;
  UnderWay& operator=(const UnderWay&) = delete;

  std::size_t model() const { return model_; }

  void end(llm::AttemptEnd how, Millis wished) {
    ended_ = true;
    const Millis now = routed_.time();
    routed_.router_.ended(model_, how, now - since_, wished, now);
    if (routed_.log_) routed_.log_->write(llm::entry::ended(number_, now, model_, how, now - since_, wished));
  }

 private:
  RoutedModel& routed_;
  std::size_t model_;
  std::int64_t number_;
  Millis since_;
  bool ended_ = false;
};

}  // namespace purser
