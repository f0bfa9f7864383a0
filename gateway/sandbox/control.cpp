#include "gateway/sandbox/control.hpp"

#include "gateway/sandbox/body.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace purser {

std::string_view sandbox_page();  // page.html

}  // namespace purser

namespace purser::sandbox {
namespace {

struct Path {
  std::string_view path;
  std::string_view method;
};
constexpr std::array kPaths{
    Path{"/sandbox/pay", "POST"},    Path{"/sandbox/decline", "POST"}, Path{"/sandbox/refund", "POST"},
    Path{"/sandbox/faults", "POST"}, Path{"/sandbox/clock", "POST"},   Path{"/sandbox/reset", "POST"},
    Path{"/sandbox/orders", "GET"},  Path{"/sandbox/traffic", "GET"},  Path{"/sandbox/webhooks", "GET"}};

constexpr std::int64_t kFenMax = std::numeric_limits<std::int64_t>::max();

Error bad_body(const std::string& field, std::string_view rule) {
  return Error(Errc::request_malformed, field + ": " + std::string(rule), field);
}

int status_of(Errc code) {
  switch (code) {
    case Errc::not_found:
      return 404;
    case Errc::method_not_allowed:
      return 405;
    case Errc::illegal_transition:
      return 409;
    default:
      return 400;
  }
}

http::Response json_response(int status, const json& body) {
  http::Response out;
  out.status = status;
  out.headers = {{"Content-Type", "application/json"}};
  // Traffic quotes whatever bytes came in.
  out.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
  return out;
}

// An object of strings: every name in `required` is there, every other one in `optional`.
Result<void> check_strings(const json& body, std::initializer_list<std::string_view> required,
                           std::initializer_list<std::string_view> optional) {
  if (!body.is_object()) return bad_body("body", "must be a JSON object");
  for (auto name : required) {
    if (!body.contains(name)) return bad_body(std::string(name), "is required");
  }
  for (const auto& [name, value] : body.items()) {
    auto is_name = [&name = name](std::string_view n) { return n == name; };
    bool known = std::any_of(required.begin(), required.end(), is_name) ||
                 std::any_of(optional.begin(), optional.end(), is_name);
    if (!known) return bad_body(name, "no such member");
    if (!value.is_string() || value.get_ref<const std::string&>().empty())
      return bad_body(name, "must be a string, not empty");
  }
  return success();
}

json describe(const RailRefund& refund) {
  return RefundDesk::object(refund);
}

json describe(const Effect& effect) {
  json out{{"kind", effect.kind == Effect::Kind::capture ? "capture" : "refund"},
           {"out_trade_no", effect.out_trade_no},
           {"fen", effect.fen},
           {"at", format_time(effect.at)}};
  if (!effect.out_refund_no.empty()) out["out_refund_no"] = effect.out_refund_no;
  return out;
}

json describe(const Notice& notice) {
  json attempts = json::array();
  for (const auto& attempt : notice.attempts)
    attempts.push_back({{"at", format_time(attempt.at)}, {"fault", attempt.fault}, {"result", attempt.result}});
  return {{"id", notice.id},
          {"event_type", notice.event_type},
          {"out_trade_no", notice.out_trade_no},
          {"url", notice.url},
          {"state", to_string(notice.state)},
          {"due", format_time(notice.due)},
          {"attempts", std::move(attempts)}};
}

}  // namespace

http::Response Control::handle(const http::Request& request, const Moment& now) {
  if (request.path == "/sandbox/" && request.method == "GET") {
    http::Response page;
    page.headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}};
    page.body = sandbox_page();
    return page;
  }
  auto done = dispatch(request, now);
  if (done) return json_response(200, *done);
  const auto& error = done.error();
  json about{{"code", code_of(error.code)}, {"message", error.message}, {"param", error.param}};
  return json_response(status_of(error.code), json{{"error", std::move(about)}});
}

Result<json> Control::dispatch(const http::Request& request, const Moment& now) {
  auto known = std::find_if(kPaths.begin(), kPaths.end(), [&](const Path& p) { return p.path == request.path; });
  if (known == kPaths.end()) return Error(Errc::not_found, "path: no such control", "path");
  if (known->method != request.method)
    return Error(Errc::method_not_allowed, "method: " + std::string(known->method) + " only", "method");
  if (request.path == "/sandbox/orders") return orders(now);
  if (request.path == "/sandbox/traffic") return traffic();
  if (request.path == "/sandbox/webhooks") return webhooks();
  if (request.path == "/sandbox/reset") {
    rail_.reset();
    time_.restore();
    return json{{"reset", true}};
  }
  json body;
  if (auto no = parse_body(request.body, body)) {
    auto issue = json::parse(no->body)["detail"];
    auto field = issue["field"].get<std::string>();
    return bad_body(field.empty() ? "body" : field, issue["issue"].get<std::string>());
  }
  if (request.path == "/sandbox/pay") return pay(body, now);
  if (request.path == "/sandbox/decline") return decline(body, now);
  if (request.path == "/sandbox/refund") return refund(body, now);
  if (request.path == "/sandbox/faults") return faults(body);
  return clock(body, now);
}

Result<json> Control::pay(const json& body, const Moment& now) {
  if (auto good = check_strings(body, {"out_trade_no"}, {"openid"}); !good) return good.error();
  auto number = body["out_trade_no"].get<std::string>();
  if (auto good = rail_.pay(number, body.value("openid", ""), now); !good) return good.error();
  return rail_.transaction(rail_.orders(now).find(number)->second);
}

Result<json> Control::decline(const json& body, const Moment& now) {
  if (auto good = check_strings(body, {"out_trade_no"}, {}); !good) return good.error();
  auto number = body["out_trade_no"].get<std::string>();
  if (auto good = rail_.decline(number, now); !good) return good.error();
  return rail_.transaction(rail_.orders(now).find(number)->second);
}

Result<json> Control::refund(const json& body, const Moment& now) {
  json words = body;
  std::optional<std::int64_t> fen;
  if (body.is_object() && body.contains("fen")) {
    if (!body["fen"].is_number_integer() || body["fen"] <= 0 || body["fen"] > kFenMax)
      return bad_body("fen", "must be an integer, more than 0");
    fen = body["fen"].get<std::int64_t>();
    words.erase("fen");
  }
  if (auto good = check_strings(words, {"out_trade_no"}, {}); !good) return good.error();
  auto made = rail_.refund_by_hand(body["out_trade_no"].get<std::string>(), fen, now);
  if (!made) return made.error();
  return describe(**made);
}

Result<json> Control::faults(const json& body) {
  auto script = FaultScript::parse(body);
  if (!script) return script.error();
  auto count = script->size();
  json unused = rail_.faults().unused();
  rail_.set_faults(std::move(*script));
  return json{{"faults", count}, {"unused", std::move(unused)}};
}

Result<json> Control::clock(const json& body, const Moment& now) {
  if (auto good = check_strings(body, {"advance"}, {}); !good) return good.error();
  auto by = parse_duration(body["advance"].get<std::string>(), "advance");
  if (!by) return by.error();
  time_.advance(*by);
  return json{{"advanced_ms", by->count()}, {"now", format_time(now.life + *by)}};
}

json Control::orders(const Moment& now) {
  rail_.settle(now);
  json list = json::array();
  for (const auto& [number, order] : rail_.orders(now)) {
    auto entry = rail_.transaction(order);
    entry["path"] = to_string(order.type);
    entry["description"] = order.request.value("description", "");
    entry["created"] = format_time(order.created);
    entry["expires"] = format_time(order.expires);
    entry["notify_url"] = order.notify_url;
    entry["attempts_declined"] = order.attempts_declined;
    entry["refunds"] = json::array();
    for (const auto& [refund_number, refund] : rail_.refunds()) {
      if (refund.out_trade_no == number) entry["refunds"].push_back(describe(refund));
    }
    list.push_back(std::move(entry));
  }
  json effects = json::array();
  for (const auto& effect : rail_.effects()) effects.push_back(describe(effect));
  return {{"orders", std::move(list)}, {"effects", std::move(effects)}, {"now", format_time(now.life)}};
}

json Control::webhooks() const {
  json list = json::array();
  for (const auto& notice : rail_.notices()) list.push_back(describe(notice));
  return {{"webhooks", std::move(list)}};
}

json Control::traffic() const {
  json list = json::array();
  for (const auto& entry : rail_.traffic())
    list.push_back({{"at", format_time(entry.at)},
                    {"call", entry.call},
                    {"method", entry.method},
                    {"target", entry.target},
                    {"out_trade_no", entry.out_trade_no},
                    {"body", entry.body},
                    {"verdict", entry.verdict},
                    {"fault", entry.fault},
                    {"status", entry.status},
                    {"request_id", entry.request_id}});
  return {{"traffic", std::move(list)}};
}

}  // namespace purser::sandbox
