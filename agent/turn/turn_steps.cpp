// The steps of a turn before its end: the model is asked, its calls are recorded, judged and run.
#include "agent/thread/history.hpp"
#include "agent/turn/conversations_impl.hpp"
#include "agent/turn/fixed_answers.hpp"
#include "agent/turn/model_task.hpp"
#include "agent/turn/model_view.hpp"
#include "agent/turn/money_fence.hpp"
#include "gateway/crypto/digest.hpp"
#include "gateway/log.hpp"
#include "gateway/telemetry/trace.hpp"

#include <algorithm>

namespace purser {

namespace {

using nlohmann::json;

// What the record keeps of an answer: digests, for the words themselves stand in the messages.
void note_answer(json& asked, const ModelAnswer& answer) {
  json calls = json::array();
  for (const ToolCall& call : answer.calls)
    calls.push_back({{"id", call.id}, {"name", call.name}, {"arguments_sha256", crypto::sha256_hex(call.arguments)}});
  asked["provider"] = answer.provider;
  asked["model"] = answer.model;
  asked["text_sha256"] = crypto::sha256_hex(answer.text);
  asked["calls"] = std::move(calls);
}

constexpr std::int64_t kSourcesLookedAt = 2'000;

constexpr MetricFamily kMachineFields{"purser_hallucinated_machine_field_total",
                                      "Tool calls refused because a model supplied what only the server sets."};
constexpr MetricFamily kShadow{"purser_shadow_refusals_total",
                               "What rules that only watch would have refused, by rule and code."};

json shadow_of(const ToolOutput& output) {
  json out = json::array();
  for (const ShadowRefusal& one : output.shadow) out.push_back({one.rule, code_of(one.code)});
  return out;
}

// A conversation may go on after its words were taken out; what is left of them is nothing to say.
bool was_erased(const Message& message) {
  return message.text.empty() && message.calls.empty();
}

constexpr MetricFamily kVerdicts{"purser_verdicts_total", "Tool calls of models by tool, decision and code."};

}  // namespace

Task<Result<ModelAnswer>> Conversations::Impl::ask(Running& run, bool tools_allowed, Deadline limit) {
  auto recent = co_await ports.store.recent_messages(run.thread.id, settings.history_messages_max);
  if (!recent) co_return recent.error();
  std::erase_if(*recent, was_erased);
  ModelRequest request;
  request.locale = run.thread.locale;
  request.system = run.thread.locale.starts_with("zh") ? prompts.zh : prompts.en;
  request.messages = model_view(provider_valid(std::move(*recent)));
  if (tools_allowed) request.tools = ports.tools.schemas();
  request.task = task_of(run.messages, tools_allowed);
  request.providers_until = run.providers_until;
  request.scope.tenant = run.thread.tenant.str();
  request.scope.user = run.thread.user.str();
  request.scope.thread = run.thread.id.str();
  run.asked = json{{"turn", run.turn.id.str()}, {"prompt_sha256", digest_of(request)}};
  request.traceparent = trace::header_of(trace::of_thread(run.thread.id.str()));
  request.lost = &run.lost;
  auto answer = co_await ports.model.ask(std::move(request), limit);
  if (answer) note_answer(run.asked, *answer);
  co_return answer;
}

Task<Result<void>> Conversations::Impl::append(Running& run, Message row, AuditRow audit, std::string step,
                                               std::optional<StreamEvent> beside) {
  Batch batch(std::move(step));
  batch.add(TurnLeases::hold(run.turn.id, run.token));
  batch.add(op::AppendAudit{std::move(audit)});
  batch.add(op::AppendMessage{std::move(row)});
  if (beside) batch.add(op::AppendEvent{std::move(*beside)});
  auto done = co_await ports.store.commit(std::move(batch));
  if (!done) co_return done.error();
  for (Message& stored : done->messages) run.messages.push_back(std::move(stored));
  co_return success();
}

Task<Result<void>> Conversations::Impl::record_calls(Running& run, std::vector<ToolCall> calls) {
  std::optional<StreamEvent> first_words;
  if (acknowledges(run, calls)) {
    first_words.emplace();
    first_words->thread = run.thread.id;
    first_words->type = "message.delta";
    first_words->data_json = json{{"turn", run.turn.id.str()}, {"text", acknowledgement(run.thread.locale)}}.dump();
    first_words->at = ports.clock.durable();
  }
  Message row = message(run, Role::assistant, {});
  row.calls = std::move(calls);
  AuditRow asked = audit(run, "model", run.turn.id.str(), run.asked);
  co_return co_await append(run, std::move(row), std::move(asked), "turn.called", std::move(first_words));
}

// Once a turn, before the first call that moves money, where the tenant wants it.
bool Conversations::Impl::acknowledges(const Running& run, const std::vector<ToolCall>& calls) const {
  const auto wants = [&](const std::string& name) { return name == "*" || name == run.thread.tenant.str(); };
  if (std::none_of(prompts.acknowledge.begin(), prompts.acknowledge.end(), wants)) return false;
  const auto& schemas = ports.tools.schemas();
  const auto moves = [&](const ToolCall& call) { return moves_money(call.name, schemas); };
  const bool before = std::any_of(run.messages.begin(), run.messages.end(), [&](const Message& earlier) {
    return std::any_of(earlier.calls.begin(), earlier.calls.end(), moves);
  });
  return !before && std::any_of(calls.begin(), calls.end(), moves);
}

// Runs one call and makes its answer durable; true when it was refused.
Task<Result<bool>> Conversations::Impl::run_call(Running& run, ToolCall call) {
  if (auto held = fenced(run.messages, call, ports.tools.schemas())) {
    log::warn("tool.fenced", {{"thread", run.thread.id.str()}, {"tool", call.name}, {"refused", held->refused}});
    Message told = message(run, Role::tool, std::move(held->result_json));
    told.call_id = call.id;
    const json verdict = {{"turn", run.turn.id.str()},
                          {"tool", call.name},
                          {"arguments_sha256", crypto::sha256_hex(call.arguments)},
                          {"decision", held->refused ? "reject" : "accept"},
                          {"code", "fenced"}};
    AuditRow judged = audit(run, "verdict", call.id, verdict);
    auto kept = co_await append(run, std::move(told), std::move(judged), "turn.call_answered", std::nullopt);
    if (!kept) co_return kept.error();
    co_return held->refused;
  }
  // The labels come from what the model could have seen, which is what is stored: also what it no longer sees, for its
  // own words may have kept it.
  auto seen = co_await ports.store.recent_messages(run.thread.id, kSourcesLookedAt);
  if (!seen) co_return seen.error();
  auto output = co_await run_tool(run, call, *seen);
  if (!output) co_return output.error();
  const bool refused = output->refused;
  const std::string code = refused ? std::string(code_of(output->code)) : "";
  const json verdict = {{"turn", run.turn.id.str()},
                        {"tool", call.name},
                        {"arguments_sha256", crypto::sha256_hex(call.arguments)},
                        {"decision", to_string(output->decision)},
                        {"code", code},
                        {"labels", json::parse(output->labels_json, nullptr, false)},
                        {"shadow", shadow_of(*output)},
                        {"rules", output->evidence}};
  AuditRow judged = audit(run, "verdict", call.id, verdict);
  for (const ShadowRefusal& one : output->shadow)
    count(kShadow, {{"rule", one.rule}, {"code", std::string(code_of(one.code))}});
  const bool known = !refused || output->code != Errc::unknown_tool;
  count(kVerdicts, {{"tool", known ? call.name : "unknown"},
                    {"decision", std::string(to_string(output->decision))},
                    {"code", code}});
  if (refused && output->code == Errc::machine_field) {
    count(kMachineFields, {{"tool", call.name}});
    log::warn("security.machine_field",
              {{"thread", run.thread.id.str()}, {"turn", run.turn.id.str()}, {"tool", call.name}});
  }
  Message row = message(run, Role::tool, std::move(output->result_json));
  row.call_id = call.id;
  row.cards_json = std::move(output->cards_json);
  log::info("tool.answered", {{"thread", run.thread.id.str()},
                              {"turn", run.turn.id.str()},
                              {"tool", known ? call.name : "unknown"},
                              {"refused", refused ? "true" : "false"},
                              {"code", code}});
  auto stored = co_await append(run, std::move(row), std::move(judged), "turn.call_answered", std::nullopt);
  if (!stored) co_return stored.error();
  co_return refused;
}

}  // namespace purser
