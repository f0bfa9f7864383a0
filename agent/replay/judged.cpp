#include "agent/replay/judged.hpp"

#include "agent/replay/alike.hpp"
#include "agent/replay/pairing.hpp"

#include <algorithm>
#include <set>

namespace purser::replay {
namespace {

using nlohmann::json;

// All that a reader of `value` may see: its texts, and behind them its JSON.
void texts_in(const json& value, std::vector<std::string>& into) {
  if (value.is_string()) into.push_back(without_case_and_width(value.get_ref<const std::string&>()));
  if (!value.is_structured()) return;
  for (const json& part : value) texts_in(part, into);
}

// No member but those that are named, at any depth.
void make_exact(json& expected) {
  if (!expected.is_structured()) return;
  for (json& part : expected) make_exact(part);
  if (expected.is_object()) expected["$exact"] = true;
}

void judge_never(const std::string& kind, const json& words, const json& shown, const Captures& captures,
                 Judge& judge) {
  for (std::size_t i = 0; i < words.size(); ++i) judge.count(kind);
  for (const std::string& how : said_after_all(kind, words, shown, captures)) judge.fail(how);
}

void judge_event(const json& wanted, const json& last, const RefundNumber& number_of, Judge& judge) {
  const std::string content =
      last.contains("content") && last["content"].is_string() ? last["content"].get<std::string>() : "";
  const auto brace = content.find('{');
  json told = brace == std::string::npos ? json::object() : json::parse(content.substr(brace), nullptr, false);
  if (!told.is_object()) return judge.fail("sent.event: the last message is no event");
  told["id"] = told.value("payment_intent", "");
  if (const std::string number = number_of(told.value("refund", "")); !number.empty()) told["out_refund_no"] = number;
  judge.compare("sent.event", wanted, told);
}

bool reads(const std::string& tool) {
  return tool == "search_catalogue" || tool == "query_payment";
}

}  // namespace

std::vector<std::string> said_after_all(const std::string& kind, const json& words, const json& shown,
                                        const Captures& captures) {
  std::vector<std::string> out;
  if (words.empty()) return out;
  const std::string whole = shown.dump(-1, ' ', false, json::error_handler_t::replace);
  std::vector<std::string> texts;
  texts_in(shown, texts);
  texts.push_back(without_case_and_width(whole));
  for (const json& word : words) {
    if (const std::string missing = untaken_in(word, captures); !missing.empty()) {
      out.push_back(kind + ": nothing was taken as \"" + missing + "\"");
      continue;
    }
    const json filled = substituted(word, captures);
    const std::string never = without_case_and_width(filled.is_string() ? filled.get<std::string>() : filled.dump());
    const auto has_it = [&](const std::string& text) { return text.find(never) != std::string::npos; };
    if (std::any_of(texts.begin(), texts.end(), has_it))
      out.push_back(kind + ": " + word.dump() + " stands in " + whole);
  }
  return out;
}

void judge_sent(const json& sent, const json& request, const Captures& captures, const RefundNumber& number_of,
                Judge& judge) {
  static const json kNone = json::array();
  static const json kNobody = json::object();
  const auto list = [&](const char* name) -> const json& { return request.contains(name) ? request[name] : kNone; };
  const json& messages = list("messages");
  const json& last = messages.empty() ? kNobody : messages.back();
  if (sent.contains("last_role")) judge.compare("sent.last_role", sent["last_role"], last.value("role", ""));
  if (sent.contains("messages_max")) {
    judge.count("sent.messages_max");
    if (messages.size() > sent["messages_max"])
      judge.fail("sent.messages_max: the model was sent " + std::to_string(messages.size()) + " messages");
  }
  std::set<std::string> offered;
  for (const json& tool : list("tools")) offered.insert(tool.value("/function/name"_json_pointer, ""));
  const json wanted_tools = sent.value("tools", json::array());
  for (const json& tool : wanted_tools) {
    judge.count("sent.tools");
    if (!offered.contains(tool.get<std::string>())) judge.fail("sent.tools: " + tool.dump() + " is not offered");
  }
  judge_never("sent.never", sent.value("never", json::array()), request, captures, judge);
  if (sent.contains("tool_result")) {
    const json& wanted = sent["tool_result"];
    json told;
    for (const json& message : messages)
      if (message.value("tool_call_id", "") == wanted["call"])
        told = json::parse(message.value("content", ""), nullptr, false);
    if (told.is_null()) return judge.fail("sent.tool_result: " + wanted["call"].dump() + " has no answer");
    judge.compare("sent.tool_result", wanted.value("has", json::object()), told);
    judge_never("sent.tool_result.never", wanted.value("never", json::array()), told, captures, judge);
  }
  if (sent.contains("event")) judge_event(sent["event"], last, number_of, judge);
}

void judge_trajectory(const json& wanted, const std::vector<CalledTool>& calls, std::int64_t model_requests,
                      Captures& captures, Judge& judge) {
  judge.look_at("/trajectory");
  const json list = wanted.value("list", json::array());
  const auto is_named = [&](const std::string& name) {
    return std::any_of(list.begin(), list.end(), [&](const json& one) { return one["name"] == name; });
  };
  const json never = wanted.value("calls_never", json::array());
  for (std::size_t i = 0; i < never.size(); ++i) judge.count("trajectory.calls_never");
  json named = json::array();
  for (const CalledTool& call : calls) {
    if (std::find(never.begin(), never.end(), json(call.name)) != never.end())
      judge.fail("trajectory: " + call.name + " was called");
    if (call.refused || (reads(call.name) && !is_named(call.name))) continue;
    named.push_back({{"name", call.name}, {"args", json::parse(call.arguments, nullptr, false)}});
  }
  for (const char* bound : {"max_calls", "max_model_requests"})
    if (wanted.contains(bound)) judge.count("trajectory." + std::string(bound));
  if (wanted.contains("max_calls") && calls.size() > wanted["max_calls"])
    judge.fail("trajectory: " + std::to_string(calls.size()) + " calls");
  if (wanted.contains("max_model_requests") && model_requests > wanted["max_model_requests"])
    judge.fail("trajectory: the model was asked " + std::to_string(model_requests) + " times");
  if (!wanted.contains("list")) {
    if (wanted.contains("calls")) judge.fail("trajectory: \"calls\" says how \"list\" is compared, and there is none");
    return;
  }
  const std::string mode = wanted.value("calls", "in_order");
  const std::string args = wanted.value("args", "subset");
  const auto same = [&](const json& one, const json& call, Captures& into) {
    if (one["name"] != call["name"]) return false;
    if (args == "ignore" || !one.contains("args")) return true;
    json expected = one["args"];
    if (args == "exact") make_exact(expected);
    Captures tried = into;
    if (difference(expected, call["args"], tried, "args")) return false;
    into = std::move(tried);
    return true;
  };
  judge.count("trajectory");
  judge.look_at("/trajectory/list");
  if (mode == "any_order" || mode == "superset") {
    const auto agrees = [&](std::size_t one, std::size_t call, Captures& into) {
      return same(list[one], named[call], into);
    };
    if (const auto left = unpaired(list.size(), named.size(), agrees, captures))
      return judge.fail("trajectory: expected " + list[*left].dump() + " in " + named.dump());
  } else {
    std::size_t met = 0;
    for (const json& one : list) {
      const std::size_t from = met;
      while (met < named.size() && !same(one, named[met], captures)) ++met;
      if (met == named.size() || (mode == "exact" && met != from))
        return judge.fail("trajectory: expected " + one.dump() + " in " + named.dump());
      ++met;
    }
  }
  const bool no_more = mode == "exact" || mode == "any_order";
  if (no_more && named.size() != list.size()) judge.fail("trajectory: more calls than expected: " + named.dump());
}

}  // namespace purser::replay
