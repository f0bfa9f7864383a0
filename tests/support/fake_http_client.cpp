#include "tests/support/fake_http_client.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace purser::test {

void FakeHttpClient::push(http::Reply reply) {
  push([reply = std::move(reply)](const http::Call&) -> Result<http::Reply> { return reply; });
}

void FakeHttpClient::push(Errc failure) {
  push([failure](const http::Call&) -> Result<http::Reply> { return failure; });
}

void FakeHttpClient::push(Decide decide) {
  push_after({}, std::move(decide));
}

void FakeHttpClient::push_after(Clock::duration delay, Decide decide) {
  Step step;
  step.delay = delay;
  step.decide = std::move(decide);
  script_.push_back(std::move(step));
}

void FakeHttpClient::push_silence() {
  script_.emplace_back();
}

Task<Result<http::Reply>> FakeHttpClient::send(http::Call call, Deadline deadline) {
  calls_.push_back(call);
  deadlines_.push_back(deadline);
  if (deadline.at <= clock_.now()) co_return Error(Errc::expired_before_start);
  if (script_.empty()) {
    ADD_FAILURE() << "a call beyond the script: " << call.method << " " << call.target;
    co_return Error(Errc::internal, "a call beyond the script");
  }
  const Step step = std::move(script_.front());
  script_.pop_front();
  const auto ready = clock_.now() + step.delay;
  const bool silent = !step.decide || ready > deadline.at;
  const auto until = silent ? deadline.at : ready;
  auto slept = co_await clock_.sleep_until(until);
  if (!slept) co_return slept.error();
  if (silent) co_return Error(Errc::timed_out);
  co_return step.decide(call);
}

}  // namespace purser::test
