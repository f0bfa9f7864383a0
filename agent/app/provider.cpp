#include "agent/app/provider.hpp"

namespace purser {

Result<Provider> make_provider(const ModelSettings& settings, const std::map<std::string, std::string>& environment,
                               RoutedModel::Ports ports) {
  auto models = load_models(settings, environment);
  if (!models.mistakes.empty()) {
    const Mistake& first = models.mistakes.front();
    return Error(Errc::config_bad_value, first.key + " " + first.rule, "llm.base_url");
  }
  Provider out;
  if (models.setup.empty()) return out;
  out.acknowledge = models.setup.acknowledge_tenants;
  auto prices = PriceTable::load(models.setup.prices_file);
  if (!prices) return prices.error();
  auto made = RoutedModel::make(settings, std::move(models.setup), std::move(*prices), ports);
  if (!made) return made.error();
  out.model = std::move(*made);
  return out;
}

}  // namespace purser
