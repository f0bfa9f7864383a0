// What is done about one question: whom to ask next, after which pause, and when to stop. Retries and failovers share
// one number of attempts. Pure: told how each attempt ended, it decides; it neither waits nor asks.
#pragma once

#include "validation/money/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace purser::llm {

enum class AttemptEnd : std::uint8_t {
  answered,
  refused,        // the model or a filter declined: final, nobody else is asked
  too_long,       // only a model that reads more may be asked
  asked_wrongly,  // this provider will never take it
  transient,      // may well work the next time
  limited,        // the provider asks to slow down
  silent,         // no answer in time: asking the same again would cost the same time again
  down,           // no key, no credit, no such model
  user_error,     // what the user wants cannot be done: nobody else is asked, the rule engine says so
  left            // the asker has gone
};
std::string_view to_string(AttemptEnd end);

struct Candidate {
  std::size_t model = 0;
  std::int64_t context_tokens = 0;  // 0: not known
};

struct PlanStep {
  bool stop = false;
  std::size_t model = 0;
  Millis wait{0};
};

class AttemptPlan {
 public:
  AttemptPlan(std::vector<Candidate> chain, int attempts_max);

  // Whether there is a pause before the next attempt that jitter has a part in.
  bool waits() const { return tries_ > 0 && !over_; }
  // `jitter` is uniform in [0, 1024).
  PlanStep next(std::uint32_t jitter) const;
  // How the attempt that next() named ended. `wished`: the pause the provider asks for, negative for none; `give_up`:
  // it says that asking it again is no use.
  void ended(AttemptEnd end, Millis wished, bool give_up);

  // Who can be asked beside the model next() named, while that is silent; nobody when it is one attempt too many.
  std::optional<std::size_t> second() const;
  // How the attempt at second() ended; told before ended().
  void second_ended(AttemptEnd end);

  // Whether somebody else is asked rather than waiting for so long, where so much time is left in all: skip() then.
  bool leaves_rather_than_waits(Millis wait, Millis left) const;
  // The model next() named cannot be asked now; no attempt was made.
  void skip() { drop(); }

  int attempts() const { return attempts_; }
  // Somebody else could still be asked; then no attempt may use all the time there is.
  bool has_others() const { return chain_.size() > 1 && attempts_ + 1 < attempts_max_; }

 private:
  void drop();
  void drop_not_larger_than(std::int64_t context_tokens);

  std::vector<Candidate> chain_;  // the first is asked next
  int attempts_max_;
  int attempts_ = 0;
  int tries_ = 0;  // of the first
  Millis wished_{-1};
  bool over_ = false;
};

}  // namespace purser::llm
