// One model behind another: the second answers when the first does not. A refusal is an answer; nobody shops around for
// a model that agrees.
#pragma once

#include "gateway/llm/model.hpp"

namespace purser {

class FallbackModel final : public Model {
 public:
  // Both outlive this one. `reserve` is how much of the deadline is kept for the second.
  FallbackModel(Model& first, Model& second, Millis reserve) : first_(first), second_(second), reserve_(reserve) {}

  std::string_view name() const override { return first_.name(); }
  // Cancellation ends it; the second is not asked then.
  Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) override;

 private:
  Model& first_;
  Model& second_;
  Millis reserve_;
};

}  // namespace purser
