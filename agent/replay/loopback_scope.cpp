// Which scripts can be told from outside.
#include "agent/replay/loopback.hpp"

#include <array>

namespace purser::replay {
using nlohmann::json;

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

}  // namespace purser::replay
