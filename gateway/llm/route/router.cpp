#include "gateway/llm/route/router.hpp"

#include <algorithm>

namespace purser::llm {
namespace {

// The mix by which prices are compared: a turn reads much and writes little.
constexpr BilledTokens kTypical{2'000, 0, 0, 200};

Health health_of(AttemptEnd end) {
  switch (end) {
    case AttemptEnd::answered:
    case AttemptEnd::refused:
    case AttemptEnd::too_long:
    case AttemptEnd::asked_wrongly:
    case AttemptEnd::user_error:
      return Health::good;  // it is there, and it answers
    case AttemptEnd::left:
      return Health::neither;
    case AttemptEnd::transient:
    case AttemptEnd::limited:
    case AttemptEnd::silent:
    case AttemptEnd::down:
      return Health::bad;
  }
  return Health::neither;
}

// Without a key or credit nothing heals by itself soon.
constexpr Millis kDownPatience{15'000};

void bring_to_front(std::vector<std::size_t>& models, std::size_t place) {
  std::rotate(models.begin(), models.begin() + static_cast<std::ptrdiff_t>(place),
              models.begin() + static_cast<std::ptrdiff_t>(place) + 1);
}

}  // namespace

Router::Router(const ModelsSetup& setup, const PriceTable& prices, BreakerLimits limits)
    : setup_(setup),
      prices_(prices),
      breakers_(setup.models.size(), Breaker(limits)),
      latencies_(setup.models.size()) {}

std::int64_t Router::typical_cost(std::size_t model) const {
  return prices_.cost(setup_.models[model].price, "", kTypical).picousd;
}

void Router::order(std::vector<std::size_t>& models, const TierSetup& tier, std::uint32_t random) const {
  if (models.size() < 2) return;
  switch (tier.strategy) {
    case Strategy::order:
      return;
    case Strategy::cost:
      std::stable_sort(models.begin(), models.end(),
                       [&](std::size_t a, std::size_t b) { return typical_cost(a) < typical_cost(b); });
      return;
    case Strategy::latency: {
      // The less loaded of two that chance picks: near the best choice, and no herd runs to one model.
      const std::size_t a = random % models.size();
      const std::size_t b = (a + 1 + (random / models.size()) % (models.size() - 1)) % models.size();
      const bool first = latencies_[models[a]].load() <= latencies_[models[b]].load();
      return bring_to_front(models, first ? a : b);
    }
    case Strategy::weighted: {
      const auto weight = [&](std::size_t model) {
        const auto at = std::find(tier.models.begin(), tier.models.end(), model) - tier.models.begin();
        return tier.weights[static_cast<std::size_t>(at)];
      };
      std::int64_t sum = 0;
      for (const std::size_t model : models) sum += weight(model);
      auto left = static_cast<std::int64_t>(random) % sum;
      for (std::size_t place = 0; place < models.size(); ++place) {
        left -= weight(models[place]);
        if (left < 0) return bring_to_front(models, place);
      }
    }
  }
}

std::vector<Candidate> Router::chain(const RouteQuestion& question, Millis now) const {
  std::vector<Candidate> out;
  const TierSetup* tier = setup_.tier(question.tier);
  if (tier == nullptr) return out;
  std::vector<std::size_t> models;
  for (const std::size_t model : tier->models) {
    const ModelSetup& one = setup_.models[model];
    const bool fits = one.context_tokens == 0 || question.input_tokens <= one.context_tokens;
    const bool able = fits && (one.tools || !question.needs_tools) && setup_.keeps_within(model, question.regions);
    if (able && admits(model, now)) models.push_back(model);
  }
  order(models, *tier, question.random);
  for (const std::size_t model : models) out.push_back({model, setup_.models[model].context_tokens});
  return out;
}

bool Router::admits(std::size_t model, Millis now) const {
  return breakers_[model].admits(now);
}

void Router::begun(std::size_t model, Millis now) {
  breakers_[model].begun(now);
  latencies_[model].begun();
}

void Router::ended(std::size_t model, AttemptEnd end, Millis took, Millis wished, Millis now) {
  Millis patience{0};
  if (end == AttemptEnd::limited) patience = std::max(wished, Millis(0));
  if (end == AttemptEnd::down) patience = kDownPatience;
  breakers_[model].ended(health_of(end), patience, now);
  if (end == AttemptEnd::left) return latencies_[model].left();
  latencies_[model].ended(took, now);
}

}  // namespace purser::llm
