// Two models at once, for a question that nothing can come of but words: the one that answers first is heard, the other
// is broken off and what it used is booked.
#include "gateway/async/with_timeout.hpp"
#include "gateway/llm/model_metrics.hpp"
#include "gateway/llm/routed_under_way.hpp"

namespace purser {
namespace {

using namespace llm;

struct FirstAnswer {
  asio::cancellation_type operator()(const std::exception_ptr& error, const Attempt& attempt) const noexcept {
    return error || decides(attempt) ? asio::cancellation_type::all : asio::cancellation_type::none;
  }
  asio::cancellation_type operator()(const std::exception_ptr& error,
                                     const std::optional<Attempt>& attempt) const noexcept {
    const bool over = error || (attempt && decides(*attempt));
    return over ? asio::cancellation_type::all : asio::cancellation_type::none;
  }
};

// Who was broken off ended without a word of its own.
void rethrow_bug(const std::exception_ptr& error) {
  if (error && !is_canceled(error)) std::rethrow_exception(error);
}

Attempt broken_off() {
  Attempt out;
  out.end = AttemptEnd::left;
  out.answer = Error(Errc::canceled);
  return out;
}

}  // namespace

std::optional<std::size_t> RoutedModel::hedge_with(const Asking& asking, const AttemptPlan& plan) {
  const bool words_alone = asking.request.tools.empty() && asking.request.words == nullptr;
  if (asking.tier.hedge_after <= Millis(0) || !words_alone || plan.attempts() > 0) return std::nullopt;
  hedges_.asked();
  return hedges_.allowed() ? plan.second() : std::nullopt;
}

Task<RoutedModel::Raced> RoutedModel::race(UnderWay& first, std::size_t second, const Asking& asking) {
  auto ex = co_await asio::this_coro::executor;
  Notifier first_ended(ex, ports_.clock);
  auto one = detail::heed_every_cancellation(leading(first, asking, first_ended));
  auto two = detail::heed_every_cancellation(following(second, asking, first_ended));
  auto lead = asio::co_spawn(ex, std::move(one), asio::deferred);
  auto follow = asio::co_spawn(ex, std::move(two), asio::deferred);
  auto both = asio::experimental::make_parallel_group(std::move(lead), std::move(follow));
  const FirstAnswer over;
  auto [order, lead_error, led, follow_error, followed] = co_await both.async_wait(over, asio::use_awaitable);
  rethrow_bug(lead_error);
  rethrow_bug(follow_error);
  Raced out;
  out.first = lead_error ? broken_off() : std::move(led);
  if (followed) out.second = std::move(*followed);
  if (out.second)
    ports_.metrics.add(metric::kHedges, {{"answered_by", out.first.answer          ? "first"
                                                         : out.second->answer.ok() ? "second"
                                                                                   : "nobody"}});
  co_return out;
}

Task<Attempt> RoutedModel::leading(UnderWay& under_way, const Asking& asking, Notifier& ended) {
  Attempt out = co_await attempt(under_way, asking, true);
  ended.notify();
  co_return out;
}

Task<std::optional<Attempt>> RoutedModel::following(std::size_t model, const Asking& asking, Notifier& first_ended) {
  std::optional<Attempt> out;
  const Deadline begin = Deadline::after(ports_.clock, asking.tier.hedge_after);
  auto woken = co_await first_ended.wait_since(0, begin);
  // Who failed before that is dealt with by the plan.
  if (woken || woken.code() != Errc::timed_out || begin.at >= asking.limit.at || !router_.admits(model, time()))
    co_return out;
  hedges_.hedged();
  UnderWay under_way(*this, model, asking.number);
  Attempt tried = co_await attempt(under_way, asking, false);
  out = std::move(tried);
  co_return out;
}

}  // namespace purser
