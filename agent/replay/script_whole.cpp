#include "agent/replay/script_whole.hpp"

#include "agent/replay/match.hpp"
#include "agent/replay/script.hpp"
#include "validation/money/json_gate.hpp"

#include <map>
#include <set>

namespace purser::replay {
namespace {

using nlohmann::json;

// What models are asked and ask for where a recording is still to be made; far more than any turn has.
constexpr std::size_t kAskedByAStep = 64;

struct Said {
  std::size_t steps = 0;
  std::size_t open = 0;
  std::size_t answers = 0;
  std::size_t calls = 0;
};

void count_step(const json& step, Said& said) {
  said.steps += 1;
  if (step.value("open", false)) said.open += 1;
  if (step.contains("model")) {
    said.answers += 1;
    said.calls += step["model"].value("calls", json::array()).size();
  }
  for (const json& one : step.value("concurrent", json::array())) count_step(one, said);
}

struct Capture {
  std::string place;
  std::size_t times = 0;
};

struct Captured {
  std::map<std::string, Capture> taken;
  std::set<std::string> asked;
};

// `place`: how it is told, empty where it is nobody's business.
template <class Place>
void gather(const json& value, const std::string& at, const Place& place, Captured& into) {
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) gather(value[i], pointer_to(at, i), place, into);
  if (value.is_object())
    for (const auto& [key, member] : value.items()) gather(member, pointer_to(at, key), place, into);
  if (!value.is_string()) return;
  const std::string& text = value.get_ref<const std::string&>();
  if (text.starts_with("$re:")) return;
  if (!text.starts_with("$as:")) return named_in(text, into.asked);
  Capture& one = into.taken[text.substr(4)];
  if (one.times++ == 0) one.place = place(at);
}

}  // namespace

void check_bounds(const Script& script, std::vector<ScriptMistake>& out) {
  const json wanted = script.root.value("trajectory", json::object());
  Said said;
  for (const json& step : script.steps) count_step(step, said);
  const bool recorded = script.root.contains("recorded") || said.answers == 0;
  const auto check = [&](const char* key, std::size_t most, const std::string& why) {
    if (wanted.contains(key) && wanted[key].get<std::size_t>() > most)
      out.push_back({pointer_to("/trajectory", key), wanted[key].dump() + " is never reached: " + why +
                                                         ", so expected at most " + std::to_string(most)});
  };
  if (script.root.value("given", json::object()).value("model", "scripted") == "rules") {
    if (wanted.contains("max_model_requests"))
      out.push_back({"/trajectory/max_model_requests", "the rule engine asks no model"});
    return;
  }
  const std::string steps = "the story has " + std::to_string(said.steps) + " steps";
  if (recorded) {
    check("max_model_requests", said.steps * kAskedByAStep, steps);
    check("max_calls", said.steps * kAskedByAStep, steps);
    return;
  }
  // What no step answers fails by itself, but while a step says that something waits.
  check("max_model_requests", said.answers + said.open * kAskedByAStep,
        "the story answers the model " + std::to_string(said.answers) + " times");
  check("max_calls", said.calls, "the models of this story make " + std::to_string(said.calls) + " calls");
}

std::string unused_captures(const std::vector<Script>& rows) {
  std::map<std::string, std::string> unused;
  std::set<std::string> used;
  for (const Script& script : rows) {
    Captured all;
    for (std::size_t i = 0; i < script.steps.size(); ++i) {
      const bool own = script.places[i].file == script.path;
      const auto place = [&](const std::string& at) {
        return own ? place_in(script, script.places[i].pointer + at) : std::string();
      };
      gather(script.steps[i], "", place, all);
    }
    const auto place = [&](const std::string& at) { return place_in(script, at); };
    for (const char* key : {"trajectory", "finally"})
      if (script.root.contains(key)) gather(script.root[key], pointer_to("", key), place, all);
    for (const auto& [name, one] : all.taken) {
      if (one.times > 1 || all.asked.contains(name)) {
        used.insert(name);
      } else if (!one.place.empty()) {
        unused.emplace(name, one.place);
      }
    }
  }
  std::string out;
  for (const auto& [name, place] : unused)
    if (!used.contains(name))
      out += (out.empty() ? "" : "\n") + place + "\"$as:" + name + "\" is never asked for: nothing says \"$" + name +
             "\"; where any value will do, say \"$any\"";
  return out;
}

}  // namespace purser::replay
