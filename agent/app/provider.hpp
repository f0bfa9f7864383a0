// The models of the settings, made into the one the agent talks to.
#pragma once

#include "config/settings.hpp"
#include "gateway/llm/routed_model.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace purser {

struct Provider {
  std::unique_ptr<Model> model;          // null: no model is configured, the rule engine answers
  std::vector<std::string> acknowledge;  // see Conversations::Prompts
};

// Errors: as RoutedModel::make, and config_bad_value naming what is wrong in a models file.
Result<Provider> make_provider(const ModelSettings& settings, const std::map<std::string, std::string>& environment,
                               RoutedModel::Ports ports);

}  // namespace purser
