#include "agent/app/commands.hpp"
#include "gateway/pay/wechat/keys.hpp"

#include <boost/version.hpp>
#include <nlohmann/json.hpp>
#include <openssl/crypto.h>
#include <simdjson.h>
#include <spdlog/version.h>
#include <sqlite3.h>

#include <algorithm>
#include <iostream>
#include <string_view>

namespace purser {

namespace {

// What is in the files of the merchant account: serve would refuse it, so it is said here.
void check_keys(LoadedSettings& loaded) {
  if (!loaded.ok() || loaded.settings.wechat.mchid.empty()) return;
  for (const Error& error : wechat::load_keys(loaded.settings.wechat).mistakes) {
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

int version(bool json) {
  const std::string boost = std::to_string(BOOST_VERSION / 100000) + "." + std::to_string(BOOST_VERSION / 100 % 1000) +
                            "." + std::to_string(BOOST_VERSION % 100);
  const std::string spdlog = std::to_string(SPDLOG_VER_MAJOR) + "." + std::to_string(SPDLOG_VER_MINOR) + "." +
                             std::to_string(SPDLOG_VER_PATCH);
  const std::string nlohmann_version = std::to_string(NLOHMANN_JSON_VERSION_MAJOR) + "." +
                                       std::to_string(NLOHMANN_JSON_VERSION_MINOR) + "." +
                                       std::to_string(NLOHMANN_JSON_VERSION_PATCH);
  const std::string simdjson = std::to_string(simdjson::SIMDJSON_VERSION_MAJOR) + "." +
                               std::to_string(simdjson::SIMDJSON_VERSION_MINOR) + "." +
                               std::to_string(simdjson::SIMDJSON_VERSION_REVISION);
  const nlohmann::ordered_json all = {{"purser", PURSER_VERSION},
                                      {"boost", boost},
                                      {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
                                      {"sqlite", sqlite3_libversion()},
                                      {"nlohmann_json", nlohmann_version},
                                      {"simdjson", simdjson},
                                      {"spdlog", spdlog}};
  if (json) {
    std::cout << all.dump(2) << "\n";
  } else {
    for (const auto& [name, number] : all.items()) std::cout << name << " " << number.get<std::string>() << "\n";
  }
  return 0;
}

}  // namespace purser
