#include "agent/replay/model_wire.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <set>

namespace purser::replay {
namespace {

using nlohmann::json;

const json kUsage{{"prompt_tokens", 100}, {"completion_tokens", 20}, {"total_tokens", 120}};

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
          {"usage", kUsage}};
}

// Pieces of a text that end between characters.
std::vector<std::string> pieces_of(const std::string& text, std::size_t bytes) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = std::min(text.size(), at + bytes);
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) ++end;
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

// The same answer as a stream of chunks, each an event; `ends` says where each ends.
std::string stream_of(const json& request, const json& answer, std::int64_t number, std::vector<std::size_t>& ends) {
  const std::string fault = answer.value("fault", "");
  const std::string begin = "data: {\"choices\":[{\"delta\":";
  const json about{{"created", 0},
                   {"id", "chatcmpl-" + std::to_string(number)},
                   {"model", request.value("model", "")},
                   {"object", "chat.completion.chunk"}};
  const std::string end = ",\"index\":0}]," + about.dump().substr(1) + "\n\n";
  std::string out;
  const auto send = [&](const json& delta, const json& finish) {
    out += begin + delta.dump() + ",\"finish_reason\":" + finish.dump() + end;
    ends.push_back(out.size());
  };
  send({{"role", "assistant"}, {"content", ""}}, nullptr);
  for (const std::string& piece : pieces_of(answer.value("text", ""), 24)) send({{"content", piece}}, nullptr);
  const json calls = calls_of(answer);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    const std::size_t index = fault == "index_gap" ? 2 * i : i;
    const json& id = fault == "same_id_twice" ? calls[0]["id"] : calls[i]["id"];
    const json named{{"name", calls[i]["function"]["name"]}, {"arguments", ""}};
    send({{"tool_calls", json::array({{{"index", index}, {"id", id}, {"type", "function"}, {"function", named}}})}},
         nullptr);
    for (const std::string& piece : pieces_of(calls[i]["function"]["arguments"].get<std::string>(), 48))
      send({{"tool_calls", json::array({{{"index", index}, {"function", {{"arguments", piece}}}}})}}, nullptr);
  }
  send(json::object(), answer.value("finish", calls.empty() ? "stop" : "tool_calls"));
  const json count{{"id", "chatcmpl-" + std::to_string(number)}, {"choices", json::array()}, {"usage", kUsage}};
  out += "data: " + count.dump() + "\n\n";
  ends.push_back(out.size());
  if (fault != "no_done") out += "data: [DONE]\n\n";
  ends.push_back(out.size());
  return out;
}

// How the bytes travel: where a script cuts them, how fast they come, after which of them nothing comes any more.
void shape(Served& served, const json& answer) {
  const std::string fault = answer.value("fault", "");
  const json how = answer.value("stream", json::object());
  const std::size_t bytes_in_all = served.reply.body.size();
  if (how.contains("split")) {
    served.ends = how["split"].get<std::vector<std::size_t>>();
    for (const std::size_t end : served.ends)
      if (end >= bytes_in_all)
        served.unmet = "/stream/split: the reply ends after " + std::to_string(bytes_in_all) + " bytes";
  }
  served.first = std::chrono::milliseconds(how.value("ttft_ms", std::int64_t{0}));
  if (how.contains("tps")) served.between = std::chrono::milliseconds(1'000 / how["tps"].get<std::int64_t>());
  if (fault == "drip") {
    served.ends.clear();
    for (std::size_t end = 16; end < served.reply.body.size(); end += 16) served.ends.push_back(end);
    served.between = std::chrono::milliseconds(20);
  }
  if (fault.starts_with("cut_after_piece:")) {
    const std::size_t pieces = std::stoul(fault.substr(fault.find(':') + 1));
    if (pieces >= served.ends.size() || served.ends[pieces] >= bytes_in_all)
      served.unmet =
          "/fault: this fault never happens: the reply has " + std::to_string(served.ends.size()) + " pieces";
    if (pieces < served.ends.size()) served.reply.body.resize(served.ends[pieces]);
    served.cut = true;
  } else if (fault.starts_with("cut_after:")) {
    const std::size_t bytes = std::stoul(fault.substr(fault.find(':') + 1));
    if (bytes >= bytes_in_all)
      served.unmet = "/fault: this fault never happens: the reply has " + std::to_string(bytes_in_all) + " bytes";
    served.reply.body.resize(std::min(bytes, bytes_in_all));
    served.cut = true;
  }
  std::erase_if(served.ends, [&](std::size_t end) { return end >= served.reply.body.size(); });
  std::sort(served.ends.begin(), served.ends.end());
  served.ends.push_back(served.reply.body.size());
}

}  // namespace

Result<Served> model_reply(const json& request, const json& answer, std::int64_t number) {
  const std::string fault = answer.value("fault", "");
  Served out;
  if (fault == "refuse") return Errc::connect_failed;
  if (fault == "timeout" || fault == "timeout_before_work" || fault == "timeout_after_work") return Errc::timed_out;
  if (fault == "reset") return Errc::connection_lost;
  if (fault == "http_429") {
    out.reply = reply(429, R"({"error":{"message":"slow down","type":"rate_limit_error"}})");
    if (answer.contains("retry_after")) out.reply.headers.emplace_back("Retry-After", answer["retry_after"].dump());
    return out;
  }
  if (fault == "http_500") {
    out.reply = reply(500, R"({"error":{"message":"broken","type":"server_error"}})");
    return out;
  }
  if (request.value("stream", false)) {
    out.reply = reply(200, stream_of(request, answer, number, out.ends));
    out.reply.headers[0].second = "text/event-stream";
  } else {
    out.reply = reply(200, completion(request, answer, number).dump());
  }
  if (!request.value("stream", false) && (fault == "no_done" || fault == "index_gap" || fault == "same_id_twice"))
    out.unmet = "/fault: this fault never happens: the reply is no stream";
  if (fault == "bad_json") out.reply.body.resize(out.reply.body.size() / 2);
  shape(out, answer);
  return out;
}

std::string secret_in(std::string_view text, const Quoted& said) {
  static constexpr std::array kSecrets{"sk_replay_0123456789abcdef", "replay0123456789replay0123456789", "PRIVATE KEY",
                                       "sk_model_replay"};
  for (const std::string_view secret : kSecrets)
    if (text.find(secret) != text.npos) return std::string(secret.substr(0, 12)) + "...";
  for (const std::string_view begin : kPayLinks)
    for (auto at = text.find(begin); at != text.npos; at = text.find(begin, at + 1))
      if (!said.holds(link_at(text, at))) return std::string(begin) + "...";
  return {};
}

json ModelRequests::parse(const std::string& body) {
  constexpr std::size_t kKept = 64;
  const simdjson::padded_string padded(body);
  simdjson::ondemand::parser parser;
  std::string_view tools;
  simdjson::ondemand::document document;
  simdjson::ondemand::array list;
  const bool has_tools = parser.iterate(padded).get(document) == simdjson::SUCCESS &&
                         document["tools"].get(list) == simdjson::SUCCESS &&
                         list.raw_json().get(tools) == simdjson::SUCCESS;
  if (!has_tools) return json::parse(body, nullptr, false);
  const auto from = static_cast<std::size_t>(tools.data() - padded.data());
  json out = json::parse(body.substr(0, from) + "null" + body.substr(from + tools.size()), nullptr, false);
  if (!out.is_object()) return out;
  auto known = tools_.find(tools);
  if (known == tools_.end()) {
    json parsed = json::parse(tools, nullptr, false);
    if (parsed.is_discarded()) return parsed;
    if (tools_.size() >= kKept) tools_.clear();
    known = tools_.emplace(tools, std::move(parsed)).first;
  }
  out["tools"] = known->second;
  return out;
}

std::vector<std::string> model_request_faults(const json& request, std::string_view sent, const Quoted& said) {
  std::vector<std::string> faults;
  std::vector<std::string> waiting;
  std::set<std::string> ids;
  static const json kNone = json::array();
  const json& messages = request.contains("messages") ? request["messages"] : kNone;
  if (messages.empty()) faults.push_back("O1: a request without messages");
  for (const json& message : messages) {
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
    for (const json& call : message.contains("tool_calls") ? message["tool_calls"] : kNone) {
      const std::string id = call.value("id", "");
      if (id.empty() || !ids.insert(id).second) faults.push_back("O1: the call id '" + id + "' is used twice");
      if (!json::accept(call["function"].value("arguments", ""))) faults.push_back("O1: arguments that are no JSON");
      waiting.push_back(id);
    }
  }
  if (!waiting.empty()) faults.push_back("O1: " + waiting.front() + " has no answer");
  if (const std::string secret = secret_in(sent, said); !secret.empty())
    faults.push_back("O7: a model was shown " + secret);
  return faults;
}

}  // namespace purser::replay
