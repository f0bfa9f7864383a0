// The certificates that the listeners show: loaded at the start, loaded anew while they run, and watched for their end.
#pragma once

#include "config/settings.hpp"
#include "gateway/async/clock.hpp"
#include "gateway/http/client.hpp"
#include "gateway/http/server.hpp"
#include "gateway/metrics.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace purser {

class ListenerTls {
 public:
  // `server` is that of settings.<section> and, as `clock`, outlives this.
  ListenerTls(std::string_view section, http::Server& server, Clock& clock)
      : section_(section), server_(server), clock_(clock) {}

  // Binds the server, behind a certificate where one is named; returns its URL. Errors: load_server_tls's, bind_failed.
  Result<std::string> open(const TlsSettings& settings, const std::string& listen);
  // Errors: load_server_tls's; what was shown before stays then. A listener keeps speaking what it spoke at the start:
  // config_bad_value, when that is to change under way.
  Result<void> reload(const TlsSettings& settings);

  void measure(Metrics& metrics) const;

  // What is wrong with the files of both listeners.
  static std::vector<Error> mistakes(const Settings& settings, UtcTime now);

 private:
  Result<void> show(const TlsSettings& settings);

  const std::string_view section_;
  http::Server& server_;
  Clock& clock_;
  std::optional<UtcTime> ends_;
};

// For the embedded sandbox: what it sends to this daemon's own address goes straight to `door`, whatever certificate
// the listener shows and asks for; all else goes out by `outside`. Both outlive it.
std::unique_ptr<http::Client> make_own_door(http::Client& outside, http::Origin own, http::Handler door);

}  // namespace purser
