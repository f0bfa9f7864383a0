#include "agent/api/admin.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/router.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace purser {
namespace {

using nlohmann::json;

enum class Page { healthz, readyz, metrics };

constexpr std::array<api::Route<Page>, 3> kPages{{
    {"GET", "/healthz", Page::healthz},
    {"GET", "/readyz", Page::readyz},
    {"GET", "/metrics", Page::metrics},
}};

constexpr std::int64_t kDueCounted = 1000;

}  // namespace

Task<http::Response> Admin::handle(http::Request request) {
  auto page = api::find_route(kPages, request.method, request.path);
  if (!page) co_return api::error_answer(page.error());
  if (page->route->handler == Page::readyz) co_return co_await ready();
  if (page->route->handler == Page::metrics) co_return co_await metrics();
  json body = json::object();
  body["status"] = "ok";
  co_return api::json_answer(200, body);
}

Task<http::Response> Admin::ready() {
  auto read = co_await ports_.store.next_due(ports_.clock.durable(), WorkLane::inside);
  const bool up = read.ok() && ports_.store.healthy();  // reads go on when writing has ended for good
  json body{{"status", up ? "ready" : "store_unavailable"}, {"sandbox", sandbox_}, {"version", version_}};
  if (!sandbox_url_.empty()) body["sandbox_url"] = sandbox_url_;
  co_return api::json_answer(up ? 200 : 503, body);
}

Task<http::Response> Admin::metrics() {
  auto due = co_await ports_.store.due_work(ports_.clock.durable(), kDueCounted);
  if (due) ports_.metrics.set(kDueWork, {}, due->size());
  if (ports_.look) ports_.look();
  http::Response response;
  response.headers.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = ports_.metrics.text();
  co_return response;
}

}  // namespace purser
