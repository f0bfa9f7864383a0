#include "agent/api/answer.hpp"

#include "agent/api/request.hpp"
#include "agent/turn/views.hpp"

#include <algorithm>

namespace purser::api {
namespace {

using nlohmann::json;

constexpr std::size_t kRequestIdMax = 128;

bool worth_trying_again(Errc code, int status) {
  return status == 429 || status == 503 || code == Errc::idempotency_in_flight || code == Errc::thread_busy ||
         code == Errc::store_conflict;
}

bool is_request_id(std::string_view text) {
  constexpr std::string_view kMarks = "-_.:";
  return !text.empty() && text.size() <= kRequestIdMax && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

}  // namespace

http::Response stored_answer(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.headers.emplace_back("Content-Type", "application/json");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

http::Response json_answer(int status, const json& body) {
  return stored_answer(status, body.dump(-1, ' ', false, json::error_handler_t::replace));
}

http::Response erased_answer() {
  return json_answer(410, {{"error",
                            {{"type", "invalid_request_error"},
                             {"code", "erased"},
                             {"message", "this request was carried out; what was said in it has been erased since"},
                             {"param", nullptr}}}});
}

http::Response image_answer(std::string_view media_type, std::string image) {
  http::Response response;
  response.headers.emplace_back("Content-Type", media_type);
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; sandbox");
  response.headers.emplace_back("X-Content-Type-Options", "nosniff");
  response.body = std::move(image);
  return response;
}

http::Response error_answer(const Error& error) {
  const int status = views::status_of(error.code);
  // The methods that are allowed travel in `param`, for the header; the body names the code alone.
  const bool method = error.code == Errc::method_not_allowed;
  // So does the time to wait, in seconds.
  const bool limit = error.code == Errc::rate_limited;
  http::Response response =
      json_answer(status, views::error(method || limit ? Error(error.code, error.message) : error));
  if (method) response.headers.emplace_back("Allow", error.param);
  if (status == 403)
    response.headers.emplace_back(
        "WWW-Authenticate", "Bearer realm=\"purser\", error=\"insufficient_scope\", scope=\"" + error.param + '"');
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"purser\"");
  if (limit && !error.param.empty()) {
    response.headers.emplace_back("Retry-After", error.param);
  } else if (worth_trying_again(error.code, status)) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

std::string why_of(const http::Response& response) {
  if (response.status < 500) return {};
  const json body = json::parse(response.body, nullptr, false);
  // The rail's way of saying it has no "error" around it.
  const json& told = body.is_object() && body.contains("error") ? body["error"] : body;
  const auto text = [&](const char* name) {
    const bool there = told.is_object() && told.contains(name) && told[name].is_string();
    return there ? told[name].get<std::string>() : std::string();
  };
  return text("code") + ": " + text("message");
}

http::Response event_stream(StreamOf what, std::function<Task<void>(http::StreamSink)> run) {
  http::Response response;
  response.stream_ends = what == StreamOf::answer;
  response.headers.emplace_back("Content-Type", "text/event-stream");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.headers.emplace_back("X-Accel-Buffering", "no");  // a proxy in between must not collect events
  response.stream = std::move(run);
  return response;
}

std::string request_id(const http::Headers& headers, Mint& mint) {
  auto given = single_header(headers, "X-Request-Id");
  if (given && given->has_value() && is_request_id(**given)) return std::string(**given);
  return "req_" + mint.token(24);
}

}  // namespace purser::api
