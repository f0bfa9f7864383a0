// The part of a run that takes a conversation down.
#include "agent/replay/record.hpp"
#include "agent/replay/run.hpp"

namespace purser::replay {
namespace {

// A model that is asked without end is the endpoint's bill.
constexpr int kAnswersMax = 32;

}  // namespace

// True when one expectation is met now; nothing is told about it.
bool Run::holds(const std::string& key, const json& expected, const std::string& thread) {
  const std::size_t failures = result_.failures.size();
  const std::size_t blessings = result_.blessings.size();
  const Captures before = captures_;
  check({{key, expected}}, thread);
  const bool met = result_.failures.size() == failures && result_.blessings.size() == blessings;
  result_.failures.resize(failures);
  result_.blessings.resize(blessings);
  if (!met) captures_ = before;
  return met;
}

// The requests that wait after a step are answered by the endpoint, and the answers become steps behind it. What the
// step expects stays with it when it is met before the model speaks, and else is expected of the last answer.
void Run::record(const json& s, const std::string& thread) {
  json own = without_persons(s);
  json later = json::object();
  const json expected = s.value("expect", json::object());
  const auto next_serves = [&] { return at_ + 1 < script_.steps.size() && script_.steps[at_ + 1].contains("model"); };
  if (!world_.waiting_models().empty() && !next_serves()) {
    own.erase("expect");
    for (const auto& [key, value] : expected.items()) (holds(key, value, thread) ? own["expect"] : later)[key] = value;
  } else {
    check(expected, thread);
  }
  result_.recorded.push_back(std::move(own));
  for (int i = 0; i < kAnswersMax && !next_serves(); ++i) {
    const auto waiting = world_.waiting_models();
    if (waiting.empty()) break;
    auto answer = options_.model(*waiting.front().body);
    if (!answer) {
      fail("recording: " + answer.error().message);
      stopped_ = true;
      return;
    }
    json step{{"model", named(*answer, captures_)}};
    if (s.contains("thread")) step["thread"] = s["thread"];
    result_.recorded.push_back(std::move(step));
    mark_ = stage_.mark();
    world_.serve_model(0, *answer);
    world_.settle();
    capture_names();
  }
  if (later.empty()) return;
  result_.recorded.back()["expect"] = later;
  check(later, thread);
}

}  // namespace purser::replay
