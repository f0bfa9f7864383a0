#include "agent/replay/shrink.hpp"

#include "agent/replay/ground.hpp"
#include "agent/replay/script_text.hpp"

#include <algorithm>
#include <filesystem>

namespace purser::replay {
namespace {

constexpr int kRunsMax = 2'000;
constexpr std::chrono::seconds kTimeMax{20};

// "F1:commit" of "F1:commit:7:after".
std::string kind_of(const std::string& code) {
  const auto first = code.find(':');
  const auto second = first == code.npos ? code.npos : code.find(':', first + 1);
  return code.substr(0, second);
}

class Search {
 public:
  explicit Search(std::string kind) : kind_(std::move(kind)) {}

  // The code of a derivation that fails in this part; nothing when none does or the part is no story.
  std::optional<std::string> fails(const Script& part) {
    const RunOptions options;
    const Derivation none;
    if (part.steps.empty() || patience_.exhausted()) return std::nullopt;
    const RunResult plain = run_script(part, none, nullptr, options);
    if (!plain.failures.empty()) return std::nullopt;
    for (const Derivation& derivation : derivations_of(part, plain)) {
      if (kind_of(derivation.code) != kind_) continue;
      if (patience_.exhausted()) return std::nullopt;
      if (!run_script(part, derivation, &plain, options).failures.empty()) return derivation.code;
    }
    return std::nullopt;
  }

 private:
  std::string kind_;
  Patience patience_{&Ground::processor_time};
};

Script without_expectations(Script script) {
  for (const char* key : {"finally", "trajectory", "table", "params"}) script.root.erase(key);
  Script out = script;
  out.steps.clear();
  out.where.clear();
  for (std::size_t i = 0; i < script.steps.size(); ++i) {
    json step = std::move(script.steps[i]);
    const json expected = step.value("expect", json::object());
    step.erase("expect");
    step.erase("sent");
    // That the daemon refuses it stays said.
    if (expected.contains("http")) step["expect"]["http"] = expected["http"];
    const bool whose = step.contains("user") || step.contains("model") || step.contains("client");
    if (!whose && !step.contains("expect")) step.erase("thread");
    bool does = false;
    for (const auto& [key, value] : step.items()) does = does || (key != "note" && key != "open" && key != "thread");
    if (!does) continue;
    out.steps.push_back(std::move(step));
    out.where.push_back(script.where[i]);
  }
  return out;
}

void cut(Script& script, std::size_t from, std::size_t count) {
  const auto begin = static_cast<std::ptrdiff_t>(from);
  const auto end = static_cast<std::ptrdiff_t>(std::min(script.steps.size(), from + count));
  script.steps.erase(script.steps.begin() + begin, script.steps.begin() + end);
  script.where.erase(script.where.begin() + begin, script.where.begin() + end);
}

}  // namespace

bool Patience::exhausted() {
  return ++runs_ > kRunsMax || spent_() - began_ > kTimeMax;
}

std::optional<std::string> smallest_script(const Script& script, const std::string& derivation) {
  Search search(kind_of(derivation));
  Script best = without_expectations(script);
  std::optional<std::string> code = search.fails(best);
  if (!code) return std::nullopt;
  // A question and its answers go together, so pieces of each small size are tried.
  for (std::size_t size = std::max<std::size_t>(1, best.steps.size() / 2); size > 0;
       size = size > 8 ? size / 2 : size - 1)
    for (std::size_t at = 0; at < best.steps.size();) {
      Script part = best;
      cut(part, at, size);
      if (auto still = search.fails(part)) {
        best = std::move(part);
        code = std::move(still);
      } else {
        ++at;
      }
    }
  best.root["name"] = best.name + ", its smallest part that fails";
  best.root["derived"] = *code;
  json& given = best.root["given"];
  if (given.is_object() && given.contains("database")) {
    const auto folder = std::filesystem::absolute(script.path).parent_path();
    given["database"] = (folder / given["database"].get<std::string>()).string();
  }
  if (given.is_null()) best.root.erase("given");
  return script_text(best.root, best.steps);
}

}  // namespace purser::replay
