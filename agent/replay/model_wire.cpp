#include "agent/replay/model_wire.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace purser::replay {
namespace {

using nlohmann::json;

http::Reply reply(int status, std::string body) {
  http::Reply out;
  out.status = status;
  out.headers.emplace_back("Content-Type", "application/json");
  out.body = std::move(body);
  return out;
}

json calls_of(const json& answer) {
  json calls = json::array();
  for (const json& call : answer.value("calls", json::array())) {
    const bool raw = call.contains("args_raw");
    const std::string arguments = raw ? call["args_raw"].get<std::string>() : call.value("args", json::object()).dump();
    calls.push_back({{"id", call.value("id", "")},
                     {"type", "function"},
                     {"function", {{"name", call.value("name", "")}, {"arguments", arguments}}}});
  }
  return calls;
}

json completion(const json& request, const json& answer, std::int64_t number) {
  const json calls = calls_of(answer);
  json message{{"role", "assistant"}, {"content", nullptr}};
  if (answer.contains("text")) message["content"] = answer["text"];
  if (!calls.empty()) message["tool_calls"] = calls;
  const std::string finish = answer.value("finish", calls.empty() ? "stop" : "tool_calls");
  json choice{{"index", 0}, {"message", std::move(message)}, {"finish_reason", finish}};
  return {{"id", "chatcmpl-" + std::to_string(number)},
          {"object", "chat.completion"},
          {"created", 0},
          {"model", request.value("model", "")},
          {"choices", json::array({std::move(choice)})},
          {"usage", {{"prompt_tokens", 100}, {"completion_tokens", 20}, {"total_tokens", 120}}}};
}

}  // namespace

Result<http::Reply> model_reply(const json& request, const json& answer, std::int64_t number) {
  const std::string fault = answer.value("fault", "");
  std::string body = completion(request, answer, number).dump();
  if (fault == "refuse") return Errc::connect_failed;
  if (fault == "timeout" || fault == "timeout_before_work" || fault == "timeout_after_work") return Errc::timed_out;
  if (fault == "reset" || fault.starts_with("cut_after:")) return Errc::connection_lost;
  if (fault == "http_429") {
    http::Reply out = reply(429, R"({"error":{"message":"slow down","type":"rate_limit_error"}})");
    if (answer.contains("retry_after")) out.headers.emplace_back("Retry-After", answer["retry_after"].dump());
    return out;
  }
  if (fault == "http_500") return reply(500, R"({"error":{"message":"broken","type":"server_error"}})");
  if (fault == "bad_json") return reply(200, body.substr(0, body.size() / 2));
  return reply(200, std::move(body));
}

std::string secret_in(std::string_view text) {
  static constexpr std::array kSecrets{"sk_replay_0123456789abcdef",
                                       "replay0123456789replay0123456789",
                                       "PRIVATE KEY",
                                       "sk_model_replay",
                                       "weixin://",
                                       "prepay_id="};
  for (const std::string_view secret : kSecrets)
    if (text.find(secret) != text.npos) return std::string(secret.substr(0, 12)) + "...";
  return {};
}

std::vector<std::string> model_request_faults(const json& request) {
  std::vector<std::string> faults;
  std::vector<std::string> waiting;
  std::set<std::string> ids;
  for (const json& message : request.value("messages", json::array())) {
    const std::string role = message.value("role", "");
    if (role == "tool") {
      const std::string id = message.value("tool_call_id", "");
      if (waiting.empty() || waiting.front() != id) {
        faults.push_back("O1: the answer to " + id + " stands where it may not");
      } else {
        waiting.erase(waiting.begin());
      }
      continue;
    }
    if (!waiting.empty()) faults.push_back("O1: " + waiting.front() + " has no answer");
    waiting.clear();
    for (const json& call : message.value("tool_calls", json::array())) {
      const std::string id = call.value("id", "");
      if (id.empty() || !ids.insert(id).second) faults.push_back("O1: the call id '" + id + "' is used twice");
      if (!json::accept(call["function"].value("arguments", ""))) faults.push_back("O1: arguments that are no JSON");
      waiting.push_back(id);
    }
  }
  if (!waiting.empty()) faults.push_back("O1: " + waiting.front() + " has no answer");
  if (const std::string secret = secret_in(request.dump()); !secret.empty())
    faults.push_back("O7: a model was shown " + secret);
  return faults;
}

}  // namespace purser::replay
