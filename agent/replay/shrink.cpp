#include "agent/replay/shrink.hpp"

#include "agent/replay/ground.hpp"
#include "agent/replay/script_text.hpp"

#include <algorithm>
#include <filesystem>

namespace purser::replay {
namespace {

// What a search may take: runs, and the processor's time where the story is long.
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
    if (part.steps.empty() || exhausted()) return std::nullopt;
    const RunResult plain = run_script(part, none, nullptr, options);
    if (!plain.failures.empty()) return std::nullopt;
    for (const Derivation& derivation : derivations_of(part, plain)) {
      if (kind_of(derivation.code) != kind_) continue;
      if (exhausted()) return std::nullopt;
      if (!run_script(part, derivation, &plain, options).failures.empty()) return derivation.code;
    }
    return std::nullopt;
  }

 private:
  bool exhausted() { return ++runs_ > kRunsMax || Ground::processor_time() - began_ > kTimeMax; }

  std::string kind_;
  int runs_ = 0;
  std::chrono::nanoseconds began_ = Ground::processor_time();
};

Script without_expectations(Script script) {
  for (const char* key : {"finally", "trajectory", "table", "params"}) script.root.erase(key);
  for (json& step : script.steps)
    for (const char* key : {"expect", "sent"})
      if (step.size() > 1) step.erase(key);
  return script;
}

void cut(Script& script, std::size_t from, std::size_t count) {
  const auto begin = static_cast<std::ptrdiff_t>(from);
  const auto end = static_cast<std::ptrdiff_t>(std::min(script.steps.size(), from + count));
  script.steps.erase(script.steps.begin() + begin, script.steps.begin() + end);
  script.where.erase(script.where.begin() + begin, script.where.begin() + end);
}

}  // namespace

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
