#include "agent/app/key_reload.hpp"

#include "gateway/async/completion.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace purser {
namespace {

constexpr std::chrono::seconds kFilesLookedAtEvery{10};

bool is_of_listeners(std::string_view setting) {
  return setting.starts_with("tls.") || setting.starts_with("admin_tls.");
}

// Who watches for certificates that run out is not the one who watches keys.
void log_not_reloaded(bool of_listeners, const std::string& why) {
  log::error(of_listeners ? "tls.not_reloaded" : "keys.not_reloaded", {{"why", why}});
}

void reload(const UseKeys& use, const SettingsSources& sources) {
  const LoadedSettings loaded = load_settings(sources);
  if (!loaded.ok()) {
    const bool of_listeners = std::all_of(loaded.mistakes.begin(), loaded.mistakes.end(),
                                          [](const Mistake& mistake) { return is_of_listeners(mistake.key); });
    log_not_reloaded(of_listeners, report_text(loaded));
    return;
  }
  if (auto done = use(loaded.settings); !done)
    log_not_reloaded(is_of_listeners(done.error().param), done.error().message);
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
  look(settings.webhooks.endpoints_file);
  for (const TlsSettings* tls : {&settings.tls, &settings.admin_tls}) {
    look(tls->certificate_file);
    look(tls->key_file);
    look(tls->client_ca_file);
  }
  look(settings.wechat.public_key_file);
  look(settings.wechat.platform_certificate_file);
  look(settings.wechat.merchant_certificate_file);
  return out;
}

}  // namespace

const Secret& id_secret_of(const Settings& settings, const Secret& apiv3) {
  return settings.store.id_secret.empty() ? apiv3 : settings.store.id_secret;
}

void warn_of_lost_ids(const Settings& started_with, const Settings& now) {
  const std::string& before = id_secret_of(started_with, started_with.wechat.apiv3_key).reveal();
  if (crypto::constant_time_equal(id_secret_of(now, now.wechat.apiv3_key).reveal(), before)) return;
  log::error("keys.id_secret_missing",
             {{"hint",
               "give the old APIv3 key as PURSER_ID_SECRET before the next start: order numbers, threads of the "
               "chat door and approvals rest on it"}});
}

Task<void> reload_keys_on_hangup(UseKeys use, asio::signal_set& hangup, SettingsSources sources) {
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
