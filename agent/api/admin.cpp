#include "agent/api/admin.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/router.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace purser {
namespace {

using nlohmann::json;

enum class Page { healthz, readyz, metrics, parked, retry, erase };

constexpr std::array<api::Route<Page>, 6> kPages{{
    {"GET", "/healthz", Page::healthz},
    {"GET", "/readyz", Page::readyz},
    {"GET", "/metrics", Page::metrics},
    {"GET", "/work/parked", Page::parked},
    {"POST", "/work/parked/retry", Page::retry},
    {"POST", "/users/erase", Page::erase},
}};

constexpr std::int64_t kDueCounted = 1000;

}  // namespace

Task<http::Response> Admin::handle(http::Request request) {
  auto page = api::find_route(kPages, request.method, request.path);
  if (!page) co_return api::error_answer(page.error());
  switch (page->route->handler) {
    case Page::readyz:
      co_return co_await ready();
    case Page::metrics:
      co_return co_await metrics();
    case Page::parked:
      co_return co_await parked(std::move(request));
    case Page::retry:
      co_return co_await retry(std::move(request));
    case Page::erase:
      co_return co_await erase(std::move(request));
    case Page::healthz:
      break;
  }
  json body = json::object();
  body["status"] = "ok";
  co_return api::json_answer(200, body);
}

Task<http::Response> Admin::ready() {
  auto read = co_await ports_.store.next_due(ports_.clock.durable(), WorkLane::inside);
  const bool up = read.ok() && ports_.store.healthy();  // reads go on when writing has ended for good
  const bool writing = up && !(ports_.refuses && ports_.refuses());
  const bool stopping = ports_.stopping && ports_.stopping();
  const bool ready = up && !stopping;
  json body{{"status", stopping ? "stopping"
                       : up     ? "ready"
                                : "store_unavailable"},
            {"writing", writing},
            {"sandbox", sandbox_},
            {"version", version_}};
  if (!sandbox_url_.empty()) body["sandbox_url"] = sandbox_url_;
  co_return api::json_answer(ready ? 200 : 503, body);
}

Task<http::Response> Admin::metrics() {
  auto due = co_await ports_.store.due_work(ports_.clock.durable(), kDueCounted);
  if (due) ports_.metrics.set(kDueWork, {}, due->size());
  if (ports_.look) ports_.look();
  auto aside = co_await ports_.store.work_of_kind(WorkKind::parked, std::string(), std::string(), kDueCounted);
  if (aside) ports_.metrics.set(kParkedWork, {}, aside->size());
  http::Response response;
  response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = ports_.metrics.text();
  co_return response;
}

}  // namespace purser
