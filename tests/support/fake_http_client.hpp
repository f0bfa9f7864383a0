// An HTTP client that answers what the test wrote down, in order, and remembers what it was asked. A call beyond the
// script fails the test. One thread; the fake outlives every call in flight.
#pragma once

#include "gateway/http/client.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace purser::test {

class FakeHttpClient final : public http::Client {
 public:
  using Decide = std::function<Result<http::Reply>(const http::Call&)>;

  explicit FakeHttpClient(Clock& clock) : clock_(clock) {}

  Task<Result<http::Reply>> send(http::Call call, Deadline deadline) override;

  void push(http::Reply reply);
  void push(Errc failure);
  // Decided when it is called, for answers that depend on the time or the request.
  void push(Decide decide);
  // `decide` after `delay` of the clock's time; timed_out when the deadline comes first.
  void push_after(Clock::duration delay, Decide decide);
  // No answer until the deadline, then timed_out.
  void push_silence();

  const std::vector<http::Call>& calls() const { return calls_; }
  const std::vector<Deadline>& deadlines() const { return deadlines_; }
  std::size_t left() const { return script_.size(); }

 private:
  struct Step {
    Clock::duration delay{};
    Decide decide;  // empty: silence
  };

  Clock& clock_;
  std::deque<Step> script_;
  std::vector<http::Call> calls_;
  std::vector<Deadline> deadlines_;
};

}  // namespace purser::test
