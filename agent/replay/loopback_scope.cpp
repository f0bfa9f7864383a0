// Which scripts, and what of them, can be told from outside.
#include "agent/replay/loopback.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace purser::replay {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 8> kSeen{"events", "cards", "intent", "refund",
                                                "thread", "http",  "code",   "body"};
constexpr std::array<std::string_view, 4> kSeenAtTheEnd{"captured_fen", "refunded_fen", "intents", "model"};

}  // namespace

std::string only_inside(const Script& script) {
  static constexpr std::array kInside{"crash",   "restart", "wall",     "webhook",
                                      "gateway", "client",  "operator", "concurrent"};
  const json given = script.root.value("given", json::object());
  for (const char* key : {"database", "catalogue"})
    if (given.contains(key)) return std::string("it begins with a ") + key + " of its own";
  if (given.value("gateway", "sandbox") == "scripted") return "its rail is scripted";
  bool open = false;
  for (const json& step : script.steps) {
    if (open && step.contains("advance")) return "time passes while a request waits for its answer";
    open = step.value("open", false);
    for (const char* kind : kInside)
      if (step.contains(kind)) return std::string("it has a step \"") + kind + "\"";
    if (step.contains("advance") && step["advance"].get<std::string>().ends_with("ms")) return "it counts milliseconds";
    if (step.value("model", json::object()).value("fault", "").starts_with("timeout"))
      return "it waits for a time limit";
  }
  return {};
}

std::string unseen_over_sockets(const Script& script) {
  std::set<std::string> unseen;
  for (const json& step : script.steps) {
    if (step.contains("sent")) unseen.insert("sent");
    const json expected = step.value("expect", json::object());
    for (const auto& [key, ignored] : expected.items())
      if (std::find(kSeen.begin(), kSeen.end(), key) == kSeen.end()) unseen.insert(key);
  }
  const json finally = script.root.value("finally", json::object());
  for (const auto& [key, ignored] : finally.items())
    if (std::find(kSeenAtTheEnd.begin(), kSeenAtTheEnd.end(), key) == kSeenAtTheEnd.end())
      unseen.insert("finally." + key);
  if (script.root.contains("trajectory")) unseen.insert("trajectory");
  std::string out;
  for (const std::string& key : unseen) out += (out.empty() ? "" : ", ") + key;
  return out;
}

}  // namespace purser::replay
