#include "tests/support/fake_model.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace purser::test {

ModelAnswer says(std::string text) {
  ModelAnswer answer;
  answer.text = std::move(text);
  answer.provider = "fake";
  answer.model = "fake";
  return answer;
}

ModelAnswer asks(std::string tool, std::string arguments, std::string id) {
  static std::int64_t made = 0;
  ToolCall call;
  call.id = id.empty() ? "call_" + tool + "_" + std::to_string(++made) : std::move(id);
  call.name = std::move(tool);
  call.arguments = std::move(arguments);
  return asks_all({std::move(call)});
}

ModelAnswer asks_all(std::vector<ToolCall> calls) {
  ModelAnswer answer = says("");
  answer.calls = std::move(calls);
  answer.finish = FinishReason::tool_calls;
  return answer;
}

void FakeModel::push(Result<ModelAnswer> answer) {
  script_.push_back([answer = std::move(answer)](const ModelRequest&) { return answer; });
}

void FakeModel::push(std::function<Result<ModelAnswer>(const ModelRequest&)> decide) {
  script_.push_back(std::move(decide));
}

void FakeModel::push_silence() {
  script_.emplace_back();
}

Task<Result<ModelAnswer>> FakeModel::ask(ModelRequest request, Deadline deadline) {
  requests_.push_back(std::move(request));
  deadlines_.push_back(deadline);
  Decide decide = otherwise_;
  if (!script_.empty()) {
    decide = std::move(script_.front());
    script_.pop_front();
  } else if (!decide) {
    ADD_FAILURE() << name_ << " was asked " << requests_.size() << " times, more often than its script says";
    co_return Error(Errc::model_unavailable, "the script of the fake model is at its end");
  }
  if (decide) co_return decide(requests_.back());
  if (clock_ == nullptr) {
    ADD_FAILURE() << "a silent answer needs the clock";
    co_return Error(Errc::model_unavailable, "a silent answer needs the clock");
  }
  auto reached = co_await clock_->sleep_until(deadline.at);
  if (!reached) co_return reached.error();
  co_return Error(Errc::timed_out, "the fake model stayed silent");
}

}  // namespace purser::test
