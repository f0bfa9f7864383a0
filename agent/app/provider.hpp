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
  bool direct = false;                   // the rest as in ModelsSetup
  std::vector<std::string> tiers;
  PriceTable prices = PriceTable::built_in();
  std::int64_t fee_basis_points = 60;
  Millis in_store_time_max{750};
  std::int64_t reply_bytes_max = 8'192;
};

// Errors: as RoutedModel::make, and config_bad_value naming what is wrong in a models file.
Result<Provider> make_provider(const ModelSettings& settings, const std::map<std::string, std::string>& environment,
                               RoutedModel::Ports ports);

}  // namespace purser
