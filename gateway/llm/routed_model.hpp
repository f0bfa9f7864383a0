// The model the agent talks to when there are real ones: it routes, asks, waits, fails over, books what it cost and
// tells what happened. It decides nothing itself: who is asked is the router's matter, what is done about a failure the
// plan's, what may be spent the budget's.
#pragma once

#include "config/model_prices.hpp"
#include "config/model_setup.hpp"
#include "gateway/async/signal.hpp"
#include "gateway/crypto/mint.hpp"
#include "gateway/http/client.hpp"
#include "gateway/llm/answer_cache.hpp"
#include "gateway/llm/attempt_log.hpp"
#include "gateway/llm/budget.hpp"
#include "gateway/llm/endpoint.hpp"
#include "gateway/llm/model.hpp"
#include "gateway/llm/nested_error.hpp"
#include "gateway/llm/route/hedges.hpp"
#include "gateway/llm/route/router.hpp"
#include "gateway/llm/spend_journal.hpp"
#include "gateway/metrics.hpp"

#include <boost/asio/thread_pool.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace purser {

class RoutedModel final : public Model {
 public:
  // All outlive it.
  struct Ports {
    http::Client& client;
    Clock& clock;
    Mint& mint;
    Metrics& metrics;
    asio::thread_pool& pool;  // writes the journal
  };

  // `setup` names at least one model. Errors: config_bad_value, config_unreadable, store_unavailable, store_corrupt,
  // each naming the setting.
  static Result<std::unique_ptr<RoutedModel>> make(const ModelSettings& settings, ModelsSetup setup, PriceTable prices,
                                                   Ports ports);
  ~RoutedModel() override;

  std::string_view name() const override { return name_; }
  // Also model_unavailable with param "budget", and when the task belongs to the rule engine.
  Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) override;

  const PriceTable& prices() const { return prices_; }

 private:
  class UnderWay;

  RoutedModel(const ModelSettings& settings, ModelsSetup setup, PriceTable prices, Ports ports);
  Result<void> open_files();
  // One question on its way; every attempt at it ends before it does.
  struct Asking {
    const ModelRequest& request;
    const TierSetup& tier;
    Deadline limit;
    std::int64_t number = 0;  // in the attempt log
  };
  std::vector<llm::Candidate> chain_for(Asking& asking);
  Task<Result<ModelAnswer>> route(ModelRequest& request, const TierSetup& tier, Deadline limit);
  // Two attempts at one question; the second only while the first is silent for too long.
  struct Raced {
    Raced() = default;
    llm::Attempt first;
    std::optional<llm::Attempt> second;
  };
  std::optional<std::size_t> hedge_with(const Asking& asking, const llm::AttemptPlan& plan);
  Task<Raced> race(UnderWay& first, std::size_t second, const Asking& asking);
  Task<llm::Attempt> leading(UnderWay& under_way, const Asking& asking, Notifier& ended);
  Task<std::optional<llm::Attempt>> following(std::size_t model, const Asking& asking, Notifier& first_ended);
  std::int64_t book(std::size_t model, const ModelRequest& request, const llm::Attempt& tried, Millis took);
  Task<llm::Attempt> attempt(UnderWay& under_way, const Asking& asking, bool has_others);
  Task<llm::Attempt> attempt_once(UnderWay& under_way, const Asking& asking, bool has_others);
  // Has a model say what the failed attempt's explanation means, and heeds it where that is the stricter reading.
  Task<void> classify(const Asking& asking, llm::Attempt& failed);
  Task<Result<llm::Budget::Ticket>> set_aside(std::size_t model, const ModelRequest& request, std::size_t bytes);
  void give_back(llm::Budget::Ticket ticket);
  std::int64_t cost_of(std::size_t model, const Usage& usage, const std::string& service_tier);
  void settle(std::size_t model, llm::Budget::Ticket ticket, llm::Attempt& attempt);
  void watch_rejections(const std::string& tenant, bool rejected);
  void tell(std::size_t model, const ModelRequest& request, const llm::Attempt& attempt, Millis took);
  Deadline share_of(Deadline limit, bool has_others) const;
  Millis time() const;
  std::uint32_t drawn();
  std::uint32_t jitter();

  ModelSettings settings_;
  ModelsSetup setup_;
  PriceTable prices_;
  Ports ports_;
  std::string name_;
  llm::Router router_;
  llm::Transcript past_;
  std::vector<std::unique_ptr<llm::Endpoint>> endpoints_;
  llm::Budget budget_;
  std::unique_ptr<llm::SpendJournal> journal_;
  std::unique_ptr<llm::AttemptLog> log_;
  llm::AnswerCache cache_;
  llm::RejectionWatch rejections_;
  llm::Hedges hedges_;
  std::vector<std::int64_t> untold_;  // of each model's cost, in pico-USD
  std::int64_t questions_ = 0;
  Clock::time_point born_;
};

// The name of a task as it stands in settings and metrics.
std::string_view to_string(ModelTask task);

}  // namespace purser
