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
    const json model = step.value("model", json::object());
    const std::string fault = model.value("fault", "");
    if (fault.starts_with("timeout")) return "it waits for a time limit";
    const json rail = step.value("rail", json::object()).value("faults", json::array());
    for (const json& one : rail)
      if (one.value("what", "").starts_with("timeout")) return "it waits for a time limit";
    const json travels = model.value("stream", json::object());
    if (fault == "drip" || travels.contains("tps") || travels.value("ttft_ms", 0) > 0)
      return "its model takes time to answer";
  }
  return {};
}

}  // namespace purser::replay
