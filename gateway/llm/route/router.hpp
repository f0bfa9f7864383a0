// Who is asked: the chain of a tier, put in order by its strategy, without those whose breakers are open.
// Deterministic: the same calls with the same times and random numbers decide the same, so a log of them replays to the
// same routes.
#pragma once

#include "config/model_prices.hpp"
#include "config/model_setup.hpp"
#include "gateway/llm/route/breaker.hpp"
#include "gateway/llm/route/latency.hpp"
#include "gateway/llm/route/plan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace purser::llm {

struct RouteQuestion {
  std::string tier;
  bool needs_tools = false;
  std::int64_t input_tokens = 0;  // a guess
  std::uint32_t random = 0;
  std::optional<RegionSetup::Regions> regions = std::nullopt;  // where the words may be kept; nothing: anywhere
};

class Router {
 public:
  // `setup` and `prices` outlive it.
  Router(const ModelsSetup& setup, const PriceTable& prices, BreakerLimits limits);

  // The order in which to ask. Empty when nobody can be asked now.
  std::vector<Candidate> chain(const RouteQuestion& question, Millis now) const;
  // Whether the model may be asked at this moment; a probe may have been taken by another question.
  bool admits(std::size_t model, Millis now) const;
  void begun(std::size_t model, Millis now);
  // `wished`: as AttemptPlan::ended.
  void ended(std::size_t model, AttemptEnd end, Millis took, Millis wished, Millis now);

  Breaker::State state(std::size_t model, Millis now) const { return breakers_[model].state(now); }

 private:
  void order(std::vector<std::size_t>& models, const TierSetup& tier, std::uint32_t random) const;
  std::int64_t typical_cost(std::size_t model) const;

  const ModelsSetup& setup_;
  const PriceTable& prices_;
  std::vector<Breaker> breakers_;
  std::vector<PeakLatency> latencies_;
};

}  // namespace purser::llm
