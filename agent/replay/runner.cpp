#include "agent/replay/runner.hpp"

#include "agent/replay/run.hpp"
#include "agent/replay/script_rules.hpp"
#include "agent/replay/script_text.hpp"

#include <algorithm>
#include <memory>
#include <string_view>

namespace purser::replay {
namespace {

constexpr Millis kDrainPatience{26 * 3'600'000};

// Without the library's own numbers for it.
std::string in_plain_words(const std::exception& e) {
  std::string_view what = e.what();
  if (what.starts_with("[json.")) what.remove_prefix(std::min(what.find("] "), what.size() - 2) + 2);
  return std::string(what);
}

// What of `was` is another in `is`, by its path; a list of objects member by member.
void changed(const json& was, const json& is, const std::string& at, std::vector<std::string>& out) {
  if (was == is) return;
  const auto objects = [](const json& list) { return list.is_array() && !list.empty() && list[0].is_object(); };
  if (objects(was) && objects(is) && was.size() == is.size()) {
    for (std::size_t i = 0; i < was.size(); ++i) changed(was[i], is[i], at + "[" + std::to_string(i) + "]", out);
  } else if (was.is_object() && is.is_object()) {
    json keys = was;
    keys.update(is);
    for (const auto& [key, ignored] : keys.items())
      changed(was.value(key, json()), is.value(key, json()), at.empty() ? key : at + "." + key, out);
  } else {
    const auto told = [](const json& value) { return value.is_null() ? std::string("nothing") : value.dump(); };
    out.push_back(at + ": " + told(was) + " became " + told(is));
  }
}

// The first of them, and how many more there are.
std::string differences(const json& was, const json& is) {
  constexpr std::size_t kTold = 5;
  std::vector<std::string> all;
  changed(was, is, "", all);
  std::string out;
  for (std::size_t i = 0; i < std::min(all.size(), kTold); ++i) out += (out.empty() ? "" : "; ") + all[i];
  return all.size() <= kTold ? out : out + "; and " + std::to_string(all.size() - kTold) + " more";
}

}  // namespace

// A client that does not wait for its answer and asks again, under the same key.
void Run::twin(const ClientCallPtr& call) {
  if (!derived_.ask_twice) return;
  auto again = std::make_shared<ClientCall>(call->method, call->target);
  again->headers = call->headers;
  again->body = call->body;
  world_.ask(again);
}

// The oracles see everything as it is committed: what they have blamed by now, this step did.
void Run::place_blame() {
  blamed_at_.resize(world_.mirror().violations.size(), at_);
}

void Run::fail_behind(const std::string& what) {
  if (result_.failures.empty()) result_.steps = steps_up_to(script_, last_);
  result_.failures.push_back(place_of(last_) + "behind the last step: " + what);
}

void Run::finish() {
  last_ = std::min(at_, script_.steps.size() - 1);
  at_ = script_.steps.size();
  if (is_plain() && !options_.keep_database.empty())
    if (auto kept = world_.keep_database(options_.keep_database); !kept) fail(kept.error().message);
  if (auto started = world_.start(); !started) fail_behind("the daemon does not start: " + started.error().message);
  const bool by_hand = given_.value("gateway", "sandbox") == "scripted";
  const std::string text = given_.value("locale", "zh") == "zh" ? "好的。" : "All right.";
  const json last_words{{"text", text}};
  world_.set_model([last_words](const json&) { return std::optional<json>(last_words); });
  bool drained = false;
  if (!by_hand && result_.failures.empty()) {
    hang_up();
    drained = world_.drain(kDrainPatience);
    if (!drained) world_.mirror().blame("I11", "a day later something is still left to do");
  }
  stage_.judge(drained);
  follow();
  streams();
  result_.end_state = stage_.end_state();
  if (drained) {
    for (const auto& [name, id] : stage_.threads()) {
      auto call = stage_.say(name, text, "last-words-" + name, false);
      world_.settle();
      if (!call->response || call->response->status != 200)
        world_.mirror().blame("O10", "the thread " + name + " cannot be used any more");
    }
  }
  const std::vector<std::string>& violations = world_.mirror().violations;
  for (std::size_t i = 0; i < violations.size(); ++i)
    i < blamed_at_.size() ? fail_at(blamed_at_[i], violations[i]) : fail_behind(violations[i]);
  result_.digest = stage_.digest();
  result_.journal = world_.journal();
  result_.commit_names = world_.commit_names();
  result_.rail_names = world_.rail_names();
  result_.webhooks = world_.rail().notices().size();
}

void Run::go() {
  prepare();
  for (at_ = stopped_ ? script_.steps.size() : 0; at_ < script_.steps.size() && !stopped_; ++at_) {
    step(script_.steps[at_]);
    place_blame();
    if (is_plain() && !result_.failures.empty()) stopped_ = true;
  }
  if (at_ > 0 && stopped_) --at_;
  if (stopped_) return;
  at_ = script_.steps.size();
  expect_no_crash_left();
  expect_no_request_left();
  expect_no_fault_left();
  finally();
  trajectory();
  end_member_.clear();
}

RunResult Run::play() {
  try {
    go();
    const bool story_failed = !result_.failures.empty();
    if (!result_.misuse) finish();
    if (!is_plain() && derived_.same_end && plain_ && !story_failed && result_.end_state != plain_->end_state)
      fail_behind("the end differs from the plain run's: " + differences(plain_->end_state, result_.end_state));
  } catch (const std::exception& e) {
    misuse("this cannot be played: " + in_plain_words(e));
  }
  return std::move(result_);
}

std::string where_two_differ(const Script& script, const RunResult& one, const RunResult& other) {
  const auto same = [](const JournalLine& a, const JournalLine& b) {
    return a.at == b.at && a.lane == b.lane && a.text == b.text;
  };
  const auto [here, there] =
      std::mismatch(one.journal.begin(), one.journal.end(), other.journal.begin(), other.journal.end(), same);
  const auto told = [](auto line, auto end) { return line == end ? "nothing more" : line->lane + " " + line->text; };
  const auto line = static_cast<std::size_t>(here - one.journal.begin());
  const auto ended = std::upper_bound(one.step_lines.begin(), one.step_lines.end(), line);
  const auto step = static_cast<std::size_t>(ended - one.step_lines.begin());
  return script.where[std::min(step, script.where.size() - 1)] + ": two runs differ, first in \"" +
         told(here, one.journal.end()) + "\" and \"" + told(there, other.journal.end()) + "\"";
}

RunResult run_script(const Script& script, const Derivation& derivation, const RunResult* plain,
                     const RunOptions& options) {
  std::unique_ptr<Run> run;
  try {
    run = std::make_unique<Run>(script, derivation, plain, options);
  } catch (const std::exception& e) {
    RunResult broken;
    broken.name = script.name;
    broken.path = script.path;
    broken.derivation = derivation.code;
    broken.misuse = true;
    broken.failures.push_back(place_in(script, "/given") + "this world cannot be made: " + in_plain_words(e));
    return broken;
  }
  return run->play();
}

}  // namespace purser::replay
