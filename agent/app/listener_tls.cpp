#include "agent/app/listener_tls.hpp"

#include "gateway/http/server_tls.hpp"
#include "gateway/log.hpp"

#include <algorithm>

namespace purser {
namespace {

constexpr MetricFamily kListenerDaysLeft{"purser_listener_certificate_days_left",
                                         "Days until a listener's certificate ends.", MetricFamily::Kind::gauge};
constexpr std::int64_t kWarnDays = 14;

class OwnDoor final : public http::Client {
 public:
  OwnDoor(http::Client& outside, http::Origin own, http::Handler door)
      : outside_(outside), own_(std::move(own)), door_(std::move(door)) {}

  Task<Result<http::Reply>> send(http::Call call, Deadline deadline) override {
    const http::Origin& to = call.origin;
    if (to.scheme != own_.scheme || to.host != own_.host || to.port != own_.port)
      return outside_.send(std::move(call), deadline);
    return knock(std::move(call));
  }

 private:
  Task<Result<http::Reply>> knock(http::Call call) {
    http::Request request;
    request.method = std::move(call.method);
    request.target = std::move(call.target);
    const auto query = std::min(request.target.find('?'), request.target.size());
    request.path = request.target.substr(0, query);
    request.query = request.target.substr(std::min(query + 1, request.target.size()));
    request.headers = std::move(call.headers);
    request.body = std::move(call.body);
    request.peer = own_.host;
    http::Response response = co_await door_(std::move(request));
    http::Reply reply;
    reply.status = response.status;
    reply.headers = std::move(response.headers);
    reply.body = std::move(response.body);
    co_return reply;
  }

  http::Client& outside_;
  const http::Origin own_;
  const http::Handler door_;
};

}  // namespace

Result<std::string> ListenerTls::open(const TlsSettings& settings, const std::string& listen) {
  Result<void> shown = settings.certificate_file.empty() ? success() : show(settings);
  if (!shown) return shown.error();
  auto port = server_.listen(listen);
  if (!port) return port.error();
  return std::string(ends_ ? "https" : "http") + "://" + listen.substr(0, listen.rfind(':')) + ":" +
         std::to_string(*port);
}

Result<void> ListenerTls::reload(const TlsSettings& settings) {
  if (settings.certificate_file.empty() == ends_.has_value())
    return Error(Errc::config_bad_value, "between HTTP and HTTPS a listener changes at a start alone",
                 std::string(section_) + ".certificate_file");
  return ends_ ? show(settings) : success();
}

Result<void> ListenerTls::show(const TlsSettings& settings) {
  const UtcTime now = clock_.wall();
  auto loaded = http::load_server_tls(settings, section_, now);
  if (!loaded) return loaded.error();
  ends_ = (*loaded)->ends;
  const auto days = std::chrono::floor<std::chrono::days>(*ends_ - now).count();
  if (days <= kWarnDays) log::warn("tls.certificate_ends", {{"listener", section_}, {"days_left", days}});
  log::info("tls.certificate_shown", {{"listener", section_}, {"ends", format_time(*ends_)}});
  server_.use_tls(std::move(*loaded));
  return success();
}

void ListenerTls::measure(Metrics& metrics) const {
  if (!ends_) return;
  const auto days = std::chrono::floor<std::chrono::days>(*ends_ - clock_.wall()).count();
  metrics.set(kListenerDaysLeft, {{"listener", std::string(section_)}},
              static_cast<std::uint64_t>(std::max<std::int64_t>(days, 0)));
}

std::vector<Error> ListenerTls::mistakes(const Settings& settings, UtcTime now) {
  std::vector<Error> found;
  const auto look = [&](const TlsSettings& of, std::string_view section) {
    if (of.certificate_file.empty()) return;
    if (auto loaded = http::load_server_tls(of, section, now); !loaded) found.push_back(loaded.error());
  };
  look(settings.tls, "tls");
  look(settings.admin_tls, "admin_tls");
  return found;
}

std::unique_ptr<http::Client> make_own_door(http::Client& outside, http::Origin own, http::Handler door) {
  return std::make_unique<OwnDoor>(outside, std::move(own), std::move(door));
}

}  // namespace purser
