#include "agent/replay/runner.hpp"

#include "agent/replay/run.hpp"
#include "agent/replay/script_rules.hpp"

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

}  // namespace

// A client that does not wait for its answer and asks again, under the same key.
void Run::twin(const ClientCallPtr& call) {
  if (!derived_.ask_twice) return;
  auto again = std::make_shared<ClientCall>(call->method, call->target);
  again->headers = call->headers;
  again->body = call->body;
  world_.ask(again);
}

void Run::finish() {
  at_ = script_.steps.size();
  if (is_plain() && !options_.keep_database.empty())
    if (auto kept = world_.keep_database(options_.keep_database); !kept) fail(kept.error().message);
  if (auto started = world_.start(); !started) fail("the daemon does not start: " + started.error().message);
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
  for (const std::string& violation : world_.mirror().violations)
    result_.failures.push_back(script_.path + ": " + violation);
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
      result_.failures.push_back(script_.path + ": the end differs from the plain run's: " + plain_->end_state.dump() +
                                 " became " + result_.end_state.dump());
  } catch (const std::exception& e) {
    misuse("this cannot be played: " + in_plain_words(e));
  }
  return std::move(result_);
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
