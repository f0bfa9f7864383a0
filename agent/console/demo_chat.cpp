#include "agent/console/demo_chat.hpp"

#include "agent/api/answer.hpp"
#include "agent/api/request.hpp"

#include <utility>

namespace purser {

// The files of this folder, compiled in.
std::string_view demo_chat_page();
std::string_view demo_chat_script();
std::string_view demo_chat_style();

namespace {

using nlohmann::json;

constexpr std::string_view kApi = "/chat/api";
// As long as an intent lives, and a bit: the clock's button is for seeing one expire.
constexpr std::string_view kSkipped = "301s";

http::Response file(std::string_view type, std::string_view bytes) {
  http::Response response;
  response.headers.emplace_back("Content-Type", type);
  response.headers.emplace_back("Cache-Control", "no-cache");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.headers.emplace_back("Referrer-Policy", "no-referrer");
  response.headers.emplace_back("Content-Security-Policy",
                                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                                "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
  response.body = bytes;
  return response;
}

}  // namespace

constexpr std::array<api::Route<DemoChat::Method>, 12> DemoChat::kRoutes{{
    {"GET", "/chat", &DemoChat::page},
    {"GET", "/chat/chat.js", &DemoChat::script},
    {"GET", "/chat/chat.css", &DemoChat::style},
    {"POST", "/chat/api/threads", &DemoChat::begin},
    {"GET", "/chat/api/threads/{}/messages", &DemoChat::forward},
    {"GET", "/chat/api/threads/{}/events", &DemoChat::forward},
    {"POST", "/chat/api/threads/{}/turns", &DemoChat::forward},
    {"GET", "/chat/api/intents/{}", &DemoChat::forward},
    {"GET", "/chat/api/intents/{}/qr.svg", &DemoChat::forward},
    {"POST", "/chat/api/intents/{}/renew", &DemoChat::forward},
    {"POST", "/chat/api/intents/{}/pay", &DemoChat::pay},
    {"POST", "/chat/api/clock", &DemoChat::skip},
}};

DemoChat::DemoChat(http::Handler api, Mint& mint, Clock& clock, Sandbox sandbox, std::string key)
    : api_(std::move(api)), mint_(mint), clock_(clock), sandbox_(std::move(sandbox)), key_(std::move(key)) {}

bool DemoChat::serves(std::string_view path) {
  return path == "/chat" || path.starts_with("/chat/");
}

Task<http::Response> DemoChat::handle(http::Request request) {
  auto found = api::find_route(kRoutes, request.method, request.path);
  if (!found) co_return api::error_answer(found.error());
  // A form of another site can post to this machine, but not as JSON without asking first.
  auto is_json = request.method == "POST" ? api::json_object(request, JsonLimits{}) : Result<json>(json());
  if (!is_json) co_return api::error_answer(is_json.error());
  Call call(std::move(request), std::move(found->parts));
  auto answer = co_await (this->*found->route->handler)(call);
  http::Response response = answer ? std::move(*answer) : api::error_answer(answer.error());
  // What the countdowns are held against: skipping moves it, and not the clock on the wall.
  response.headers.emplace_back("X-Shop-Time", format_time(clock_.durable()));
  co_return response;
}

DemoChat::Reply DemoChat::page(Call&) {
  co_return file("text/html; charset=utf-8", demo_chat_page());
}

DemoChat::Reply DemoChat::script(Call&) {
  co_return file("text/javascript; charset=utf-8", demo_chat_script());
}

DemoChat::Reply DemoChat::style(Call&) {
  co_return file("text/css; charset=utf-8", demo_chat_style());
}

http::Request DemoChat::as_client(http::Request request, std::string path) const {
  std::erase_if(request.headers,
                [](const auto& entry) { return http::equals_ignoring_case(entry.first, "Authorization"); });
  request.headers.emplace_back("Authorization", "Bearer " + key_);
  request.target = path + (request.query.empty() ? "" : "?" + request.query);
  request.path = std::move(path);
  return request;
}

// A thread of a customer nobody else is.
DemoChat::Reply DemoChat::begin(Call& call) {
  auto body = api::object_body(call.request, {"locale"}, false);
  if (!body) co_return body.error();
  json wanted{{"user", {{"id", "web." + mint_.token(24)}}}};
  if (body->contains("locale")) wanted["locale"] = (*body)["locale"];
  http::Request request = as_client(std::move(call.request), "/v1/threads");
  request.body = wanted.dump();
  co_return co_await api_(std::move(request));
}

DemoChat::Reply DemoChat::forward(Call& call) {
  std::string path = "/v1" + call.request.path.substr(kApi.size());
  http::Request request = as_client(std::move(call.request), std::move(path));
  co_return co_await api_(std::move(request));
}

// What the customer's phone would do.
DemoChat::Reply DemoChat::pay(Call& call) {
  http::Request request = as_client(http::Request(), "/v1/intents/" + call.parts.front());
  request.method = "GET";
  auto shown = co_await api_(std::move(request));
  if (shown.status != 200) co_return shown;
  const json intent = json::parse(shown.body);
  json order{{"out_trade_no", intent["order"]["out_trade_no"]}};
  auto paid = co_await sandbox_("/sandbox/pay", std::move(order));
  if (!paid) co_return paid.error();
  co_return api::json_answer(200, json::object());
}

DemoChat::Reply DemoChat::skip(Call&) {
  json by{{"advance", kSkipped}};
  auto skipped = co_await sandbox_("/sandbox/clock", std::move(by));
  // The limit of this very call is among the minutes that pass.
  if (!skipped && skipped.code() != Errc::timed_out) co_return skipped.error();
  co_return api::json_answer(200, json::object());
}

}  // namespace purser
