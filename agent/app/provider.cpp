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
  out.direct = models.setup.direct;
  out.fee_basis_points = models.setup.fee_basis_points;
  out.in_store_time_max = models.setup.in_store_time_max;
  out.reply_bytes_max = models.setup.reply_bytes_max;
  for (const TierSetup& tier : models.setup.tiers) out.tiers.push_back(tier.name);
  auto prices = PriceTable::load(models.setup.prices_file);
  if (!prices) return prices.error();
  out.prices = *prices;
  auto made = RoutedModel::make(settings, std::move(models.setup), std::move(*prices), ports);
  if (!made) return made.error();
  out.model = std::move(*made);
  return out;
}

}  // namespace purser
