#include "gateway/llm/model_metrics.hpp"
#include "gateway/llm/routed_under_way.hpp"
#include "gateway/log.hpp"

#include <algorithm>

namespace purser {
namespace {

using namespace llm;

constexpr std::size_t kCachedAnswers = 1'024;
constexpr Millis kCacheLifetime{300'000};
// The share of errors inside successes is that of a tenant's last hundred answers, and nothing before twenty.
constexpr std::size_t kRejectionWindow = 100;
constexpr std::size_t kRejectionsLeast = 20;
constexpr std::int64_t kMicro = 1'000'000;  // pico-USD in a micro-USD
// What a question is thought to read at most: fewer bytes make a token than this in no tokenizer of note.
constexpr std::size_t kBytesPerTokenLeast = 1;
constexpr std::size_t kBytesPerToken = 4;
// A random number is three letters of the mint's alphabet.
constexpr std::uint32_t kLetters = 62;
constexpr std::uint32_t kRandomEnd = kLetters * kLetters * kLetters;

bool listed(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

BudgetCaps caps_of(const BudgetSetup& setup) {
  BudgetCaps caps;
  caps.thread = setup.thread_microusd * kMicro;
  caps.user = setup.user_microusd * kMicro;
  caps.tenant = setup.tenant_microusd * kMicro;
  caps.total = setup.total_microusd * kMicro;
  return caps;
}

// What a failed attempt cost is not what its provider told.
bool was_guessed(const Attempt& attempt) {
  return !attempt.answer && attempt.used && attempt.used->estimated;
}

double seconds(Clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

std::string_view to_string(ModelTask task) {
  return kTasks[static_cast<std::size_t>(task)];
}

namespace {

// Whether words have gone out: what was said cannot be said again by another.
class Spoken final : public WordsSink {
 public:
  explicit Spoken(WordsSink* to) : to_(to) {}
  void words(std::string_view next, std::string_view model) override {
    any = true;
    to_->words(next, model);
  }
  bool any = false;

 private:
  WordsSink* to_;
};

}  // namespace

RoutedModel::RoutedModel(const ModelSettings& settings, ModelsSetup setup, PriceTable prices, Ports ports)
    : settings_(settings),
      setup_(std::move(setup)),
      prices_(std::move(prices)),
      ports_(ports),
      name_(setup_.models.front().name),
      router_(setup_, prices_, BreakerLimits()),
      budget_(caps_of(setup_.budgets)),
      cache_(kCachedAnswers, kCacheLifetime),
      rejections_(kRejectionWindow, kRejectionsLeast, setup_.silent_rejections_alarm_percent),
      hedges_(setup_.hedges_percent_max),
      untold_(setup_.models.size()),
      born_(ports.clock.now()) {}

RoutedModel::~RoutedModel() = default;

Result<std::unique_ptr<RoutedModel>> RoutedModel::make(const ModelSettings& settings, ModelsSetup setup,
                                                       PriceTable prices, Ports ports) {
  if (setup.empty()) return Error(Errc::config_bad_value, "no model is configured", "llm.base_url");
  std::unique_ptr<RoutedModel> model(new RoutedModel(settings, std::move(setup), std::move(prices), ports));
  EndpointLimits limits;
  limits.first_token_time_max = model->setup_.first_token_time_max;
  limits.gap_time_max = model->setup_.gap_time_max;
  limits.reply_bytes_max = static_cast<std::size_t>(settings.reply_bytes_max);
  for (const ModelSetup& one : model->setup_.models) {
    auto made =
        Endpoint::make(one, model->setup_.providers[one.provider], limits, ports.client, ports.clock, model->past_);
    if (!made) return made.error();
    model->endpoints_.push_back(std::move(*made));
  }
  auto files = model->open_files();
  if (!files) return files.error();
  return model;
}

Result<void> RoutedModel::open_files() {
  if (!setup_.attempt_log.empty()) {
    auto opened = AttemptLog::open(setup_.attempt_log);
    if (!opened) return opened.error();
    log_ = std::move(*opened);
    log_->write(entry::start(prices_.version()));
  }
  if (setup_.budgets.journal.empty()) return success();
  auto opened = SpendJournal::open(setup_.budgets.journal, ports_.pool, ports_.clock);
  if (!opened) return opened.error();
  journal_ = std::move(*opened);
  const UtcTime now = ports_.clock.durable();
  for (const std::string& line : journal_->take_lines()) {
    auto taken = budget_.replay(line, now);
    if (!taken) return taken;
  }
  return journal_->rewrite(budget_.lines(now));
}

Millis RoutedModel::time() const {
  return std::chrono::duration_cast<Millis>(ports_.clock.now() - born_);
}

// Uniform in [0, kRandomEnd).
std::uint32_t RoutedModel::drawn() {
  std::uint32_t value = 0;
  for (const char c : ports_.mint.token(3)) {
    const char first = c <= '9' ? '0' : c <= 'Z' ? 'A' : 'a';
    const std::uint32_t before = c <= '9' ? 0 : c <= 'Z' ? 10 : 36;
    value = value * kLetters + before + static_cast<std::uint32_t>(c - first);
  }
  return value;
}

// Uniform in [0, 1024).
std::uint32_t RoutedModel::jitter() {
  return static_cast<std::uint32_t>(std::uint64_t{drawn()} * 1024U / kRandomEnd);
}

Task<Result<ModelAnswer>> RoutedModel::ask(ModelRequest request, Deadline deadline) {
  const std::string_view task = to_string(request.task);
  const TierSetup* tier = request.tier.empty() ? setup_.tier_for(task) : setup_.tier(request.tier);
  if (tier == nullptr && !request.tier.empty())
    co_return Error(Errc::model_unavailable, "there is no tier " + request.tier, "tier");
  if (tier == nullptr)
    co_return Error(Errc::model_unavailable, "the task " + std::string(task) + " belongs to the rule engine");
  const bool cached = request.tier.empty() && listed(setup_.cached_tasks, task);
  const std::string key = cached ? AnswerCache::key(tier->name, request) : "";
  if (auto kept = cache_.find(key, time())) {
    ports_.metrics.add(metric::kCacheHits, {{"task", std::string(task)}});
    co_return std::move(*kept);
  }
  Deadline limit = deadline.sooner(ports_.clock, settings_.total_time_max);
  if (tier->time_max > Millis(0)) limit = limit.sooner(ports_.clock, tier->time_max);
  if (request.providers_until) limit.at = std::min(limit.at, *request.providers_until);
  auto answer = co_await route(request, *tier, limit);
  if (answer) cache_.keep(key, *answer, time());
  co_return std::move(answer);
}

// Who is asked, in which order; the decision is written down.
std::vector<Candidate> RoutedModel::chain_for(Asking& asking) {
  const ModelRequest& request = asking.request;
  std::size_t bytes = request.system.size();
  for (const Message& message : request.messages) bytes += message.text.size();
  RouteQuestion question;
  question.tier = asking.tier.name;
  question.needs_tools = !request.tools.empty();
  question.input_tokens = static_cast<std::int64_t>(bytes / kBytesPerToken);
  question.random = drawn();
  question.regions = setup_.regions.allowed(request.scope.tenant, to_string(request.task));
  auto chain = router_.chain(question, time());
  asking.number = ++questions_;
  if (log_) log_->write(entry::asked(asking.number, time(), question, chain));
  return chain;
}

Task<Result<ModelAnswer>> RoutedModel::route(ModelRequest& request, const TierSetup& tier, Deadline limit) {
  const auto regions = setup_.regions.allowed(request.scope.tenant, to_string(request.task));
  const auto within = [&](std::size_t model) { return setup_.keeps_within(model, regions); };
  if (std::none_of(tier.models.begin(), tier.models.end(), within)) {
    ports_.metrics.add(metric::kOutOfRegion, {{"tier", tier.name}});
    co_return Error(Errc::model_unavailable,
                    "no model of the tier " + tier.name + " keeps what it is sent in a region that is allowed here",
                    "data_region");
  }
  Asking asking{request, tier, limit};
  auto chain = chain_for(asking);
  const std::size_t first = chain.empty() ? 0 : chain.front().model;
  AttemptPlan plan(std::move(chain), static_cast<int>(settings_.attempts_max));

  Spoken spoken(request.words);
  if (request.words != nullptr) request.words = &spoken;
  const auto began = ports_.clock.now();
  Clock::duration blocked{};
  std::int64_t cost = 0;
  bool guessed = false;
  AttemptEnd end = AttemptEnd::left;
  Result<ModelAnswer> last(Error(Errc::model_unavailable, "no model can be asked at the moment"));
  for (;;) {
    const PlanStep step = plan.next(plan.waits() ? jitter() : 0);
    const auto now = ports_.clock.now();
    if (!step.stop && plan.leaves_rather_than_waits(step.wait, std::chrono::duration_cast<Millis>(limit.at - now))) {
      plan.skip();
      continue;
    }
    const auto at = now + step.wait;
    // An attempt that could not finish is not begun.
    if (step.stop || at >= limit.at) break;
    if (step.wait > Millis(0)) {
      auto slept = co_await ports_.clock.sleep_until(at);
      if (!slept) co_return slept.error();
      blocked += step.wait;
    }
    if (!router_.admits(step.model, time())) {
      plan.skip();
      continue;
    }
    // From here on it counts as asked: an open breaker lets one through, however long the spending takes to write down.
    UnderWay under_way(*this, step.model, asking.number);
    const auto sent = ports_.clock.now();
    const auto beside = hedge_with(asking, plan);
    Raced tried;
    if (beside)
      tried = co_await race(under_way, *beside, asking);
    else
      tried.first = co_await attempt(under_way, asking, plan.has_others());
    const Clock::duration took = ports_.clock.now() - sent;
    blocked += took;
    cost += book(step.model, request, tried.first, std::chrono::duration_cast<Millis>(took));
    if (tried.second) {
      cost += book(*beside, request, *tried.second, std::chrono::duration_cast<Millis>(took) - tier.hedge_after);
      plan.second_ended(tried.second->end);
    }
    plan.ended(tried.first.end, tried.first.wished, tried.first.give_up);
    end = tried.first.end;
    guessed = guessed || was_guessed(tried.first) || (tried.second && was_guessed(*tried.second));
    const bool by_second = tried.second && decides(*tried.second);
    last = std::move(by_second ? tried.second->answer : tried.first.answer);
    if (!last && spoken.any) break;
    if (!last) continue;
    last->cost_picousd = cost;
    if (by_second || step.model != first) ports_.metrics.add(metric::kFailovers, {{"tier", tier.name}});
  }
  ports_.metrics.observe(metric::kOverhead, {{"tier", tier.name}}, seconds(ports_.clock.now() - began - blocked));
  if (request.lost != nullptr) {
    request.lost->picousd += last ? 0 : cost;  // else it is in the answer's own
    request.lost->estimated = request.lost->estimated || guessed;
  }
  if (!last && last.code() == Errc::model_unavailable && end == AttemptEnd::too_long)
    co_return Error(last.code(), "the question is longer than the models that may be asked can read", "context");
  if (!last && last.code() == Errc::model_unavailable && end == AttemptEnd::asked_wrongly)
    co_return Error(last.code(), "the provider does not take a question like this", "question");
  if (!last && last.code() == Errc::model_unavailable && limit.at <= ports_.clock.now())
    co_return Error(Errc::timed_out, "no model answered in time");
  co_return std::move(last);
}

// Tells what an attempt brought; what it cost.
std::int64_t RoutedModel::book(std::size_t model, const ModelRequest& request, const Attempt& tried, Millis took) {
  tell(model, request, tried, took);
  watch_rejections(request.scope.tenant, tried.nested.has_value());
  if (tried.answer) return tried.answer->cost_picousd;
  return tried.asked_about + (tried.used ? cost_of(model, *tried.used, "") : 0);
}

// While others could still be asked, one that is silent may not use up all the time.
Deadline RoutedModel::share_of(Deadline limit, bool has_others) const {
  const Deadline own = limit.sooner(ports_.clock, settings_.attempt_time_max);
  if (!has_others) return own;
  return own.sooner(ports_.clock, (limit.at - ports_.clock.now()) * 2 / 3);
}

Task<Attempt> RoutedModel::attempt(UnderWay& under_way, const Asking& asking, bool has_others) {
  Attempt out = co_await attempt_once(under_way, asking, has_others);
  if (!out.unclear.empty() && !setup_.classify_errors.empty()) co_await classify(asking, out);
  co_return std::move(out);
}

Task<Attempt> RoutedModel::attempt_once(UnderWay& under_way, const Asking& asking, bool has_others) {
  Attempt out;
  const std::size_t model = under_way.model();
  Endpoint& endpoint = *endpoints_[model];
  auto question = endpoint.prepare(asking.request);
  if (!question) {
    out.end = AttemptEnd::left;
    out.answer = question.error();
    co_return out;
  }
  auto ticket = co_await set_aside(model, asking.request, question->body.size());
  if (!ticket) {
    out.end = AttemptEnd::left;
    out.answer = ticket.error();
    co_return out;
  }
  // Whoever asked may have left while the spending was written down; what nobody was sent costs nothing.
  auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() != asio::cancellation_type::none) {
    give_back(*ticket);
    out.end = AttemptEnd::left;
    out.answer = Error(Errc::canceled);
    co_return out;
  }
  const Deadline share = share_of(asking.limit, has_others);
  out = co_await endpoint.ask(std::move(*question), share);
  under_way.end(out.end, out.wished);
  settle(model, *ticket, out);
  co_return out;
}

// The dearest outcome of the attempt, durable before anything is sent.
Task<Result<Budget::Ticket>> RoutedModel::set_aside(std::size_t model, const ModelRequest& request, std::size_t bytes) {
  BilledTokens most;
  most.input = static_cast<std::int64_t>(bytes / kBytesPerTokenLeast);
  most.output = setup_.models[model].output_tokens_max;
  const std::int64_t picousd = prices_.dearest(setup_.models[model].price, most);
  auto ticket = budget_.reserve(request.scope, picousd, ports_.clock.durable());
  if (!ticket) {
    ports_.metrics.add(metric::kRefusedByBudget, {});
    co_return ticket.error();
  }
  if (!journal_) co_return ticket;
  if (journal_->worn()) journal_->renew(budget_.lines(ports_.clock.durable()));
  auto written = co_await journal_->append(budget_.reserve_line(*ticket));
  if (!written) {
    give_back(*ticket);
    co_return Error(Errc::model_unavailable, "spending cannot be written down: " + written.error().message, "budget");
  }
  co_return ticket;
}

// Of an attempt that was never sent.
void RoutedModel::give_back(Budget::Ticket ticket) {
  budget_.settle(ticket, 0);
  if (journal_) journal_->note(Budget::settle_line(ticket, 0));
}

std::int64_t RoutedModel::cost_of(std::size_t model, const Usage& usage, const std::string& service_tier) {
  BilledTokens tokens;
  tokens.input = usage.input_tokens;
  tokens.cached = usage.cached_tokens;
  tokens.cache_write = usage.cache_write_tokens;
  tokens.output = usage.output_tokens;
  return prices_.cost(setup_.models[model].price, service_tier, tokens).picousd;
}

void RoutedModel::settle(std::size_t model, Budget::Ticket ticket, Attempt& attempt) {
  std::int64_t cost = 0;
  if (attempt.answer)
    cost = attempt.answer->cost_picousd = cost_of(model, attempt.answer->usage, attempt.answer->service_tier);
  else if (attempt.used)
    cost = cost_of(model, *attempt.used, "");
  budget_.settle(ticket, cost);
  if (journal_) journal_->note(Budget::settle_line(ticket, cost));
  // What makes no whole micro-USD yet is told with the next.
  std::int64_t& untold = untold_[model];
  untold += cost;
  ports_.metrics.add(metric::kCost, {{"gen_ai_request_model", setup_.models[model].name}},
                     static_cast<std::uint64_t>(untold / kMicro));
  untold %= kMicro;
}

void RoutedModel::watch_rejections(const std::string& tenant, bool rejected) {
  if (rejections_.answered(tenant, rejected))
    log::error("model.silent_rejections", {{"tenant", tenant}, {"percent", rejections_.share(tenant)}});
  ports_.metrics.set(metric::kRejections, {{"tenant", tenant}}, static_cast<std::uint64_t>(rejections_.share(tenant)));
}

void RoutedModel::tell(std::size_t model, const ModelRequest& request, const Attempt& attempt, Millis took) {
  const std::string& name = setup_.models[model].name;
  const std::string& provider = endpoints_[model]->provider();
  const Metrics::Labels who = {
      {"gen_ai_operation_name", "chat"}, {"gen_ai_provider_name", provider}, {"gen_ai_request_model", name}};
  Metrics::Labels how = who;
  how.emplace_back("outcome", std::string(to_string(attempt.end)));
  ports_.metrics.add(metric::kAttempts, how);
  Metrics::Labels ended = who;
  if (!attempt.answer) ended.emplace_back("error_type", std::string(code_of(attempt.answer.code())));
  ports_.metrics.observe(metric::kDuration, ended, seconds(took));
  if (attempt.first_token >= Millis(0)) ports_.metrics.observe(metric::kFirstToken, who, seconds(attempt.first_token));
  const auto breaker = router_.state(model, time());
  const std::uint64_t state = breaker == Breaker::State::closed ? 0 : breaker == Breaker::State::half_open ? 1 : 2;
  ports_.metrics.set(metric::kBreaker, {{"gen_ai_request_model", name}}, state);

  if (attempt.nested)
    ports_.metrics.add(metric::kNested,
                       {{"class", std::string(to_string(*attempt.nested))}, {"gen_ai_request_model", name}});
  if (attempt.nested == ErrorClass::system_policy)
    log::error("model.policy", {{"model", name}, {"code", attempt.answer.code()}, {"request_id", attempt.request_id}});

  if (!attempt.answer) {
    log::warn("model.attempt_failed", {{"model", name},
                                       {"provider", provider},
                                       {"end", to_string(attempt.end)},
                                       {"code", attempt.answer.code()},
                                       {"took_ms", took.count()},
                                       {"request_id", attempt.request_id},
                                       {"message", attempt.answer.error().message}});
    return;
  }
  if (!prices_.knows(setup_.models[model].price))
    ports_.metrics.add(metric::kUnpriced, {{"gen_ai_request_model", name}});
  const Usage& usage = attempt.answer->usage;
  Metrics::Labels in = who;
  in.emplace_back("gen_ai_token_type", "input");
  ports_.metrics.observe(metric::kTokens, in, static_cast<double>(usage.input_tokens));
  Metrics::Labels out = who;
  out.emplace_back("gen_ai_token_type", "output");
  ports_.metrics.observe(metric::kTokens, out, static_cast<double>(usage.output_tokens));
  log::info("model.answered", {{"model", name},
                               {"provider", provider},
                               {"answered_by", attempt.answer->model},
                               {"task", to_string(request.task)},
                               {"took_ms", took.count()},
                               {"input_tokens", usage.input_tokens},
                               {"output_tokens", usage.output_tokens},
                               {"estimated", usage.estimated},
                               {"cost_picousd", attempt.answer->cost_picousd},
                               {"prices", prices_.version()},
                               {"request_id", attempt.request_id}});
}

}  // namespace purser
