// What the router was told and what it decided, one JSON object a line, each holding its own digest and that of the
// line before it: a line that was changed or left out shows. The same lines replay to the same routes.
#pragma once

#include "gateway/llm/route/router.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace purser::llm {

class AttemptLog {
 public:
  // Appends to `path`; half a line that a stop left there is taken off. Error: config_unreadable.
  static Result<std::unique_ptr<AttemptLog>> open(const std::string& path);

  // Not durable at once: the log explains, it decides nothing.
  void write(nlohmann::json entry);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit AttemptLog(std::FILE* file) : file_(file) {}
  std::unique_ptr<std::FILE, Close> file_;
  std::string before_;
};

// The entries that decide: what replay_routes() reads. Further members are for people.
namespace entry {
nlohmann::json start(std::string_view price_version);
nlohmann::json asked(std::int64_t number, Millis at, const RouteQuestion& question,
                     const std::vector<Candidate>& chain);
nlohmann::json begun(std::int64_t number, Millis at, std::size_t model);
nlohmann::json ended(std::int64_t number, Millis at, std::size_t model, AttemptEnd end, Millis took, Millis wished);
}  // namespace entry

// Decides every question of the log again. The number of questions whose chain came out the same; an error names the
// first line that differs, is damaged or does not follow the one before it (store_corrupt).
Result<std::int64_t> replay_routes(std::string_view log, const ModelsSetup& setup, const PriceTable& prices,
                                   BreakerLimits limits);

}  // namespace purser::llm
