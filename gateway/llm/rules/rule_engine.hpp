// The built-in model: deterministic, bilingual, without network. It is the default where no API key is configured and
// stands in when a model does not answer. It works through the tools like any other model and has no rights of its own;
// everything it remembers is in the messages it is shown, so the same history gives the same answer.
#pragma once

#include "gateway/llm/model.hpp"

namespace purser {

class RuleEngine final : public Model {
 public:
  std::string_view name() const override { return "rules"; }
  // Never fails, never waits.
  Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) override;
};

namespace dialogue {

// What the rule engine says to this history: words, or calls of tools. Pure.
ModelAnswer answer(const ModelRequest& request);

}  // namespace dialogue
}  // namespace purser
