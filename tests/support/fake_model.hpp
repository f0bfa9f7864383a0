// A model that says what the test wrote down, in order, and remembers what it was asked. A request beyond the script
// fails the test. One thread; the fake outlives every request in flight.
#pragma once

#include "gateway/llm/model.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace purser::test {

// An answer that is text alone.
ModelAnswer says(std::string text);
// An answer that asks for one tool; the id is "call_<name>_<n>" with n rising over the process unless given.
ModelAnswer asks(std::string tool, std::string arguments, std::string id = {});
// Several calls in one message.
ModelAnswer asks_all(std::vector<ToolCall> calls);

class FakeModel final : public Model {
 public:
  // `clock` is needed for push_silence alone.
  explicit FakeModel(Clock* clock = nullptr, std::string name = "fake") : clock_(clock), name_(std::move(name)) {}

  std::string_view name() const override { return name_; }
  Task<Result<ModelAnswer>> ask(ModelRequest request, Deadline deadline) override;

  void push(Result<ModelAnswer> answer);
  // Decided when it is asked, for answers that quote an id out of the history.
  void push(std::function<Result<ModelAnswer>(const ModelRequest&)> decide);
  // No answer until the deadline, then timed_out; canceled when the waiter goes first.
  void push_silence();
  // When the script is empty, ask this instead of failing the test.
  void otherwise(std::function<Result<ModelAnswer>(const ModelRequest&)> decide) { otherwise_ = std::move(decide); }

  const std::vector<ModelRequest>& requests() const { return requests_; }
  const std::vector<Deadline>& deadlines() const { return deadlines_; }
  std::size_t left() const { return script_.size(); }

 private:
  using Decide = std::function<Result<ModelAnswer>(const ModelRequest&)>;

  Clock* clock_;
  std::string name_;
  std::deque<Decide> script_;  // an empty function is silence
  Decide otherwise_;
  std::vector<ModelRequest> requests_;
  std::vector<Deadline> deadlines_;
};

}  // namespace purser::test
