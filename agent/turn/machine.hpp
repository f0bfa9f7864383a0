// One turn as a state machine without I/O: it is asked what to do next and told what came of it. Everything it knows
// can be read again from the turn's stored messages, so a turn goes on after a crash exactly where its last durable
// message stands.
#pragma once

#include "config/settings.hpp"
#include "gateway/llm/model.hpp"
#include "validation/domain/thread.hpp"

#include <optional>
#include <string>
#include <vector>

namespace purser {

enum class Ending {
  answered,         // the model's own words
  model_failed,     // no model answered
  model_refused,    // the model or its provider declined
  rounds_spent,     // asked for tools too often
  rejections_spent  // wrote what is refused too often
};

struct TurnAction {
  enum class Kind {
    ask_model,     // with tools, if `tools_allowed`
    record_calls,  // make `calls` durable before any of them runs
    run_call,      // run `call`, then make its answer durable
    reply,         // end the turn with `text` (empty unless `ending` is answered)
  };
  Kind kind = Kind::ask_model;
  bool tools_allowed = true;
  std::string text;
  std::vector<ToolCall> calls;
  ToolCall call;
  Ending ending = Ending::answered;
  bool cut = false;  // `text` has no end: the model's limit of tokens
};

class TurnMachine {
 public:
  // `so_far`: the turn's stored messages, rising; its first is what began it. A turn begun by an event may word an
  // answer but not act: nothing the user did stands behind it.
  TurnMachine(const TurnSettings& limits, const std::vector<Message>& so_far);

  // The same action until one of the calls below moves on.
  TurnAction next() const;

  void model_answered(Result<ModelAnswer> answer);
  void calls_recorded();
  void call_answered(bool refused);

  const Usage& usage() const { return usage_; }
  std::int64_t cost_picousd() const { return cost_picousd_; }

 private:
  void take_calls(std::vector<ToolCall> calls);
  void reject();
  void end(Ending ending, std::string text = {});

  TurnSettings limits_;
  bool tools_allowed_ = true;
  std::int64_t rounds_ = 0;
  std::int64_t rejections_ = 0;
  std::vector<std::string> ids_seen_;
  std::vector<ToolCall> unrecorded_;
  std::vector<ToolCall> waiting_;
  std::optional<TurnAction> ended_;
  Usage usage_;
  std::int64_t cost_picousd_ = 0;
};

// True when a tool's stored answer is a refusal.
bool is_refusal(std::string_view tool_result_json);

}  // namespace purser
