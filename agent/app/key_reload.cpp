#include "agent/app/key_reload.hpp"

#include "gateway/async/completion.hpp"
#include "gateway/log.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>

#include <csignal>
#include <filesystem>
#include <map>
#include <string>

namespace purser {
namespace {

constexpr std::chrono::seconds kFilesLookedAtEvery{10};

void reload(const UseKeys& use, const SettingsSources& sources) {
  const LoadedSettings loaded = load_settings(sources);
  if (!loaded.ok()) {
    log::error("keys.not_reloaded", {{"why", report_text(loaded)}});
    return;
  }
  if (auto done = use(loaded.settings); !done) log::error("keys.not_reloaded", {{"why", done.error().message}});
}

using Stamps = std::map<std::string, std::filesystem::file_time_type>;

// The files that keys may come from, and when each was written. One that cannot be looked at has no stamp.
Stamps stamps_of(const SettingsSources& sources) {
  Stamps out;
  const auto look = [&out](const std::string& path) {
    std::error_code ec;
    const auto at = std::filesystem::last_write_time(path, ec);
    if (!path.empty() && !ec) out[path] = at;
  };
  for (const char* name : {"PURSER_WECHAT_MERCHANT_KEY_PEM_FILE", "PURSER_WECHAT_APIV3_KEY_FILE"}) {
    if (auto found = sources.environment.find(name); found != sources.environment.end()) look(found->second);
  }
  const Settings settings = load_settings(sources).settings;
  look(settings.auth.keys_file);
  look(settings.auth.token_keys_file);
  look(settings.wechat.public_key_file);
  look(settings.wechat.platform_certificate_file);
  look(settings.wechat.merchant_certificate_file);
  return out;
}

}  // namespace

Task<void> reload_keys_on_hangup(UseKeys use, SettingsSources sources) {
  auto executor = co_await asio::this_coro::executor;
  asio::signal_set hangup(executor, SIGHUP);
  while (true) {
    auto [ec, number] = co_await hangup.async_wait(kTuple);
    if (ec) co_return;
    reload(use, sources);
  }
}

Task<void> reload_keys_on_change(UseKeys use, Clock& clock, SettingsSources sources) {
  auto seen = stamps_of(sources);
  while (true) {
    const auto wake = clock.now() + kFilesLookedAtEvery;
    auto slept = co_await clock.sleep_until(wake);
    if (!slept) co_return;
    auto now = stamps_of(sources);
    if (now == seen) continue;
    seen = std::move(now);
    reload(use, sources);
  }
}

}  // namespace purser
