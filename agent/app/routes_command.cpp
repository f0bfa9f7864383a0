#include "agent/app/commands.hpp"
#include "config/model_prices.hpp"
#include "config/model_setup.hpp"
#include "gateway/llm/attempt_log.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

namespace purser {
namespace {

// A log is looked at where the keys are not; no route depends on them.
bool is_about_a_key(const Mistake& mistake) {
  return mistake.key.ends_with(".api_key_env") || mistake.key.ends_with(".api_key_file");
}

Result<std::int64_t> replayed(const RoutesCommand& command) {
  LoadedSettings loaded = load_settings(command.sources);
  std::erase_if(loaded.mistakes, is_about_a_key);
  if (!loaded.ok()) return Error(Errc::config_bad_value, report_text(loaded));
  LoadedModels models = load_models(loaded.settings.model, command.sources.environment);
  std::erase_if(models.mistakes, is_about_a_key);
  if (!models.mistakes.empty())
    return Error(Errc::config_bad_value, models.mistakes.front().key + " " + models.mistakes.front().rule);
  auto prices = PriceTable::load(models.setup.prices_file);
  if (!prices) return prices.error();
  std::ifstream file(command.log, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return Error(Errc::config_unreadable, command.log + " cannot be read");
  return llm::replay_routes(text.str(), models.setup, *prices, llm::BreakerLimits());
}

}  // namespace

int replay_attempt_log(const RoutesCommand& command) {
  const auto same = replayed(command);
  if (command.json) {
    nlohmann::ordered_json out{{"ok", same.ok()}};
    if (same) out["decisions"] = *same;
    if (!same) out["error"] = same.error().message;
    std::cout << out.dump(2) << "\n";
  } else if (same) {
    std::cout << *same << " routing decisions, each the same again\n";
  }
  if (!same && !command.json) std::cerr << "purser routes: " << same.error().message << "\n";
  return same ? 0 : 1;
}

}  // namespace purser
