#include "agent/app/commands.hpp"
#include "agent/app/listener_tls.hpp"
#include "gateway/async/system_clock.hpp"
#include "gateway/linked_libraries.hpp"
#include "gateway/pay/wechat/keys.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <string_view>

namespace purser {

namespace {

// What is in the files of the listeners and of the merchant account: serve would refuse it, so it is said here.
void check_keys(LoadedSettings& loaded) {
  if (!loaded.ok()) return;
  std::vector<Error> mistakes = ListenerTls::mistakes(loaded.settings, SystemClock().wall());
  if (!loaded.settings.wechat.mchid.empty()) {
    const std::vector<Error> more = wechat::load_keys(loaded.settings.wechat).mistakes;
    mistakes.insert(mistakes.end(), more.begin(), more.end());
  }
  for (const Error& error : mistakes) {
    std::string_view rule = error.message;
    if (rule.starts_with(error.param)) rule.remove_prefix(std::min(rule.size(), error.param.size() + 1));
    loaded.mistakes.push_back({error.code, "all together", error.param, "", std::string(rule)});
  }
}

}  // namespace

int check_config_file(const SettingsSources& sources, bool json) {
  LoadedSettings loaded = load_settings(sources);
  check_keys(loaded);
  std::cout << (json ? report_json(loaded) : report_text(loaded));
  return loaded.ok() ? 0 : 1;
}

int version(const VersionCommand& command) {
  const std::vector<LinkedLibrary> libraries = linked_libraries();
  if (command.bill) {
    std::cout << bill_of_materials(PURSER_VERSION, libraries);
    return 0;
  }
  const std::vector<std::string> bad = known_bad(libraries);
  nlohmann::ordered_json all{{"purser", PURSER_VERSION}};
  for (const LinkedLibrary& library : libraries) all[library.name] = library.version;
  if (command.json) {
    all["known_bad"] = bad;
    std::cout << all.dump(2) << "\n";
    return 0;
  }
  for (const auto& [name, number] : all.items()) std::cout << name << " " << number.get<std::string>() << "\n";
  for (const std::string& sentence : bad) std::cerr << "warning: " << sentence << "\n";
  return 0;
}

}  // namespace purser
