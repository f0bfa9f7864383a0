#include "agent/app/api_client.hpp"

namespace purser {

namespace {

using nlohmann::json;

// A turn with a slow model may take this long; the API's own limits are shorter.
constexpr std::chrono::seconds kAnswerWithin{90};
// A control call may move the very clock that its time limit is measured on.
constexpr std::chrono::hours kControlPatience{24 * 365};

Result<json> read(const http::Reply& reply) {
  json body = json::parse(reply.body, nullptr, false);
  if (reply.status >= 200 && reply.status < 300 && !body.is_discarded()) return body;
  std::string message = "HTTP " + std::to_string(reply.status);
  if (body.is_object() && body.contains("error")) {
    const json& error = body["error"];
    message += ": " + error.value("message", "");
    return Error(Errc::request_malformed, message, error.value("code", ""));
  }
  return Error(Errc::reply_malformed, message);
}

}  // namespace

ApiClient::ApiClient(http::Client& http, Clock& clock, http::Origin origin, std::string api_key, std::string key_prefix)
    : http_(http),
      clock_(clock),
      origin_(std::move(origin)),
      api_key_(std::move(api_key)),
      key_prefix_(std::move(key_prefix)) {}

http::Call ApiClient::call(std::string method, std::string path) {
  http::Call out(origin_, std::move(method), origin_.base_path + path);
  out.headers.emplace_back("Authorization", "Bearer " + api_key_);
  out.headers.emplace_back("Accept", "application/json");
  if (out.method == "POST") {
    out.headers.emplace_back("Content-Type", "application/json");
    out.headers.emplace_back("Idempotency-Key", key_prefix_ + std::to_string(++keys_used_));
  }
  return out;
}

Task<Result<json>> ApiClient::send(http::Call request, std::chrono::seconds patience) {
  const Deadline limit = Deadline::after(clock_, patience);
  auto reply = co_await http_.send(std::move(request), limit);
  if (!reply) co_return reply.error();
  co_return read(*reply);
}

Task<Result<json>> ApiClient::create_thread(std::string user, std::string openid, std::string locale) {
  http::Call request = call("POST", "/v1/threads");
  json body = {{"user", {{"id", std::move(user)}}}, {"locale", std::move(locale)}};
  if (!openid.empty()) body["user"]["openid"] = std::move(openid);
  request.body = body.dump();
  co_return co_await send(std::move(request), kAnswerWithin);
}

Task<Result<json>> ApiClient::say(std::string thread, std::string text) {
  http::Call request = call("POST", "/v1/threads/" + thread + "/turns");
  request.body = json{{"text", std::move(text)}}.dump(-1, ' ', false, json::error_handler_t::replace);
  co_return co_await send(std::move(request), kAnswerWithin);
}

Task<Result<json>> ApiClient::intent(std::string id) {
  http::Call request = call("GET", "/v1/intents/" + id);
  co_return co_await send(std::move(request), kAnswerWithin);
}

Task<Result<json>> ApiClient::messages(std::string thread, std::int64_t after) {
  http::Call request = call("GET", "/v1/threads/" + thread + "/messages?limit=100&after=" + std::to_string(after));
  co_return co_await send(std::move(request), kAnswerWithin);
}

Task<Result<json>> ApiClient::control(http::Origin sandbox, std::string path, json body) {
  http::Call request(std::move(sandbox), "POST", std::move(path));
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = body.dump();
  co_return co_await send(std::move(request), kControlPatience);
}

}  // namespace purser
