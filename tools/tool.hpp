// What a model may ask for. One spec per tool yields the JSON Schema sent to the model, the strict check of what it
// wrote, and the documentation. A tool never trusts its arguments: they are claims, and the figures it acts on are the
// server's own.
#pragma once

#include "config/settings.hpp"
#include "gateway/llm/model.hpp"
#include "gateway/store/store.hpp"
#include "tools/cashier/cashier.hpp"
#include "validation/domain/catalogue.hpp"
#include "validation/rules/provenance.hpp"
#include "validation/rules/tool_fields.hpp"

#include <memory>
#include <string>
#include <vector>

namespace purser {

// Who is asking and from where: from the session, never from the model.
struct ToolContext {
  ToolContext(Thread& t, TurnId i, std::string c, bool s)
      : thread(t), turn(std::move(i)), call_id(std::move(c)), sandbox(s) {}
  Thread& thread;  // the tool may change the row; it holds the thread's one writer's lock
  TurnId turn;
  std::string call_id;
  bool sandbox;
  // What this thread has seen so far. Without it no tool that moves money runs. Not owned.
  const rules::Sources* sources = nullptr;
  // How this daemon drives the turn: a refund is reserved, and its end left to the turn to tell, only while it does.
  // None: no other daemon could.
  std::optional<op::HoldTurn> held;
  // Of the call that this one repeats, if it does: what that one did is found by it, and nothing is done twice.
  std::string repeats;
  // The server's own question that the customer has said yes to outside of the model; empty when there was none.
  std::string agreed_to;
  // Set by the tool: what rules that only watch would have refused, and the rules that were asked.
  std::vector<ShadowRefusal> shadow;
  std::vector<std::string> evidence;

  std::string origin() const { return repeats.empty() ? turn.str() + ":" + call_id : repeats; }
};

struct ToolOutput {
  ToolOutput() = default;
  std::string result_json;        // what the model is told
  std::string cards_json = "[]";  // what the user is shown; never passes through a model
  bool refused = false;
  Decision decision = Decision::accept;
  Errc code = Errc::internal;         // why, when it was refused
  std::string labels_json = "{}";     // where the arguments came from, by JSON pointer
  std::vector<ShadowRefusal> shadow;  // what rules that only watch would have refused
  std::vector<std::string> evidence;  // the rules that were asked, in order; of a refusal the last one decided
};

class Tool {
 public:
  virtual ~Tool() = default;
  virtual const rules::ToolSpec& spec() const = 0;
  // `arguments` passed the spec. An Error is a refusal the model is told of (code and reason); store_* and internal are
  // failures of ours and end the turn.
  virtual Task<Result<ToolOutput>> run(ToolContext& context, nlohmann::json arguments) = 0;
};

class ToolRegistry {
 public:
  struct Ports {
    Store& store;
    Cashier& cashier;
    const Catalogue& catalogue;
    Clock& clock;
  };
  ToolRegistry(Ports ports, IntentSettings intents, RefundSettings refunds, TurnSettings turns,
               TenantPolicies tenants = {});

  const std::vector<ToolSchema>& schemas() const { return schemas_; }
  // SHA-256 over all schemas: what a model may call is fixed when the program is built and configured.
  std::string schema_digest() const;
  // Checks name and arguments, then runs the tool. Refusals come back as an output with `refused`; only failures of
  // ours are errors.
  Task<Result<ToolOutput>> run(ToolContext& context, ToolCall call) const;
  // Every tool's purpose and arguments as Markdown.
  std::string docs() const;

 private:
  Task<Result<ToolOutput>> judge_and_run(ToolContext& context, ToolCall call) const;
  Tool* find(std::string_view name) const;
  std::vector<std::unique_ptr<Tool>> tools_;
  std::vector<ToolSchema> schemas_;  // of each, made once
  TurnSettings turns_;
};

// {"status":"refused","code","reason","param"?}: what a model is told when something is refused.
ToolOutput refusal(const Error& error);

}  // namespace purser
