// What is held against a script in the same way whether it is played inside or over sockets: what a model was sent,
// what must never be said, which tools were called.
#pragma once

#include "agent/replay/match.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace purser::replay {

// Who keeps count of what was held, and of what failed.
class Judge {
 public:
  virtual ~Judge() = default;
  // Something of this kind ("sent.last_role", "trajectory") was held against what happened.
  virtual void count(const std::string& kind) = 0;
  virtual void fail(const std::string& what) = 0;
  // Counts, and fails when `actual` is not as expected.
  virtual void compare(const std::string& kind, const nlohmann::json& expected, const nlohmann::json& actual) = 0;
  // What fails from now on belongs to this member of the document ("/trajectory/list").
  virtual void look_at(const std::string& member) = 0;
};

// The words that stand in any text of `shown`, or in its JSON, and those with a capture that nothing has taken, which
// could stand in nothing; each told as a failure of this kind. Capitals and the width of characters do not count.
std::vector<std::string> said_after_all(const std::string& kind, const nlohmann::json& words,
                                        const nlohmann::json& shown, const Captures& captures);

// The number at the rail of a refund by its id; empty when there is no such refund.
using RefundNumber = std::function<std::string(const std::string& refund)>;

// A step's "sent" against the request that its model was asked with.
void judge_sent(const nlohmann::json& sent, const nlohmann::json& request, const Captures& captures,
                const RefundNumber& number_of, Judge& judge);

// A tool that a model has called.
struct CalledTool {
  std::string name;
  std::string arguments;  // as the model wrote them
  bool refused = false;
};

// "trajectory" against all calls in their order and how often a model was asked. What it captures is kept.
void judge_trajectory(const nlohmann::json& wanted, const std::vector<CalledTool>& calls, std::int64_t model_requests,
                      Captures& captures, Judge& judge);

}  // namespace purser::replay
