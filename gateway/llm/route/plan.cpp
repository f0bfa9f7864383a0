#include "gateway/llm/route/plan.hpp"

#include "gateway/async/backoff.hpp"

#include <algorithm>

namespace purser::llm {
namespace {

// Published policy of the OpenAI SDKs: half a second, doubling, at most eight; a wish above two minutes means not now.
constexpr Backoff kBackoff{Millis(500), 2, Millis(8'000)};
constexpr Millis kPatienceMax{120'000};
// With others to ask, one more try is enough to tell a hiccup from an outage, where it takes nobody's turn.
constexpr int kTriesBesideOthers = 2;

}  // namespace

std::string_view to_string(AttemptEnd end) {
  constexpr std::string_view kNames[] = {"answered", "refused", "too_long", "asked_wrongly", "transient",
                                         "limited",  "silent",  "down",     "user_error",    "left"};
  return kNames[static_cast<std::size_t>(end)];
}

AttemptPlan::AttemptPlan(std::vector<Candidate> chain, int attempts_max)
    : chain_(std::move(chain)), attempts_max_(attempts_max) {}

PlanStep AttemptPlan::next(std::uint32_t jitter) const {
  PlanStep step;
  step.stop = over_ || chain_.empty() || attempts_ >= attempts_max_;
  if (step.stop) return step;
  step.model = chain_.front().model;
  if (tries_ > 0) step.wait = wished_ > Millis(0) ? wished_ : kBackoff.delay(static_cast<unsigned>(tries_ - 1), jitter);
  return step;
}

void AttemptPlan::ended(AttemptEnd end, Millis wished, bool give_up) {
  ++attempts_;
  ++tries_;
  wished_ = wished;
  const bool others = chain_.size() > 1;
  const bool all_have_a_turn = attempts_max_ - attempts_ >= static_cast<int>(chain_.size());
  switch (end) {
    case AttemptEnd::answered:
    case AttemptEnd::refused:
    case AttemptEnd::user_error:
    case AttemptEnd::left:
      over_ = true;
      return;
    case AttemptEnd::too_long:
      return drop_not_larger_than(chain_.front().context_tokens);
    case AttemptEnd::asked_wrongly:
    case AttemptEnd::silent:
    case AttemptEnd::down:
      return drop();
    case AttemptEnd::transient:
      if (give_up || wished > kPatienceMax) return drop();
      if (others && (wished > Millis(0) || tries_ >= kTriesBesideOthers || !all_have_a_turn)) drop();
      return;
    case AttemptEnd::limited:
      if (give_up || wished > kPatienceMax || others) drop();
      return;
  }
}

bool AttemptPlan::leaves_rather_than_waits(Millis wait, Millis left) const {
  return chain_.size() > 1 && wait > left / 2;
}

std::optional<std::size_t> AttemptPlan::second() const {
  if (chain_.size() < 2 || attempts_ + 2 > attempts_max_) return std::nullopt;
  return chain_[1].model;
}

void AttemptPlan::second_ended(AttemptEnd end) {
  ++attempts_;
  over_ = over_ || end == AttemptEnd::answered || end == AttemptEnd::refused || end == AttemptEnd::user_error;
  chain_.erase(chain_.begin() + 1);
}

void AttemptPlan::drop() {
  chain_.erase(chain_.begin());
  tries_ = 0;
  wished_ = Millis(-1);
}

void AttemptPlan::drop_not_larger_than(std::int64_t context_tokens) {
  std::erase_if(chain_, [&](const Candidate& other) { return other.context_tokens <= context_tokens; });
  tries_ = 0;
  wished_ = Millis(-1);
}

}  // namespace purser::llm
