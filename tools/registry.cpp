#include "gateway/crypto/digest.hpp"
#include "tools/tools.hpp"
#include "validation/money/json_gate.hpp"
#include "validation/rules/user_reasons.hpp"

#include <nlohmann/json.hpp>

namespace purser {

namespace {

using nlohmann::json;

// Failures of ours, not of the model: the turn cannot go on with them.
bool is_ours(Errc code) {
  return code == Errc::internal || code == Errc::canceled || code == Errc::store_conflict ||
         code == Errc::store_duplicate || code == Errc::store_unavailable || code == Errc::store_corrupt;
}

}  // namespace

ToolOutput refusal(const Error& error) {
  json told = {{"status", "refused"}, {"code", code_of(error.code)}, {"reason", error.message}};
  if (!error.param.empty()) told["param"] = error.param;
  ToolOutput out;
  // What a model wrote may stand in the reason; whatever it is, this must not throw.
  out.result_json = told.dump(-1, ' ', false, json::error_handler_t::replace);
  out.refused = true;
  out.decision = Decision::reject;
  out.code = error.code;
  return out;
}

Task<Result<PaymentIntent>> own_intent(Store& store, const Thread& thread, IntentId id) {
  auto row = co_await store.intent(std::move(id));
  const bool own = row && row->tenant == thread.tenant && row->thread == thread.id && row->user == thread.user;
  if (own) co_return row;
  if (!row && row.code() != Errc::not_found) co_return row.error();
  co_return rules::no_such_payment("/payment_intent");
}

ToolRegistry::ToolRegistry(Ports ports, IntentSettings intents, RefundSettings refunds, TurnSettings turns,
                           TenantPolicies tenants)
    : turns_(std::move(turns)) {
  const Policies policies(std::move(intents), std::move(refunds), std::move(tenants));
  tools_.push_back(make_search_catalogue(ports.catalogue));
  tools_.push_back(make_create_payment_intent(ports, policies));
  tools_.push_back(make_query_payment(ports));
  tools_.push_back(make_cancel_payment(ports));
  tools_.push_back(make_refund(ports, policies));
  for (const auto& tool : tools_) {
    const rules::ToolSpec& spec = tool->spec();
    schemas_.push_back({spec.name, spec.description, rules::json_schema(spec).dump(), spec.moves_money});
  }
}

namespace {

// Beside the reason for the model stands what the customer may be told, in the customer's language.
void add_reason_for_user(ToolOutput& refused, std::string_view locale) {
  json told = json::parse(refused.result_json, nullptr, false);
  if (!told.is_object()) return;
  told["for_customer"] = rules::reason_for_user(refused.code, locale);
  refused.result_json = told.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace

Tool* ToolRegistry::find(std::string_view name) const {
  for (const auto& tool : tools_)
    if (tool->spec().name == name) return tool.get();
  return nullptr;
}

std::string ToolRegistry::schema_digest() const {
  json all = json::array();
  for (const ToolSchema& tool : schemas_) all.push_back({tool.name, tool.description, tool.parameters_json});
  return crypto::sha256_hex(all.dump());
}

std::string ToolRegistry::docs() const {
  std::string out;
  for (const auto& tool : tools_) out += rules::markdown(tool->spec()) + "\n";
  return out;
}

Task<Result<ToolOutput>> ToolRegistry::run(ToolContext& context, ToolCall call) const {
  auto output = co_await judge_and_run(context, std::move(call));
  if (output && output->refused) add_reason_for_user(*output, context.thread.locale);
  co_return output;
}

Task<Result<ToolOutput>> ToolRegistry::judge_and_run(ToolContext& context, ToolCall call) const {
  Tool* tool = find(call.name);
  if (!tool) co_return refusal(Error(Errc::unknown_tool, "there is no tool of that name"));
  JsonLimits limits;
  limits.bytes_max = static_cast<std::size_t>(turns_.arguments_bytes_max);
  auto parsed = parse_strict(call.arguments, limits);
  if (!parsed) co_return refusal(parsed.error());
  auto arguments = rules::check_arguments(tool->spec(), std::move(*parsed));
  if (!arguments) co_return refusal(arguments.error());
  // Without labels nothing that moves money is done.
  if (context.sources == nullptr && tool->spec().moves_money)
    co_return refusal(Error(Errc::untrusted_source, "it is not known where these values come from"));
  std::string labels = "{}";
  if (context.sources != nullptr) {
    const rules::Labelled labelled = rules::check_sources(tool->spec(), *arguments, *context.sources);
    labels = rules::to_json(labelled.labels).dump();
    if (!labelled.verdict) {
      ToolOutput refused = refusal(labelled.verdict.error());
      refused.labels_json = std::move(labels);
      if (refused.code == Errc::untrusted_source) refused.decision = Decision::ask_user;
      co_return refused;
    }
  }
  auto output = co_await tool->run(context, std::move(*arguments));
  if (!output && is_ours(output.code())) co_return output;
  ToolOutput told = output ? std::move(*output) : refusal(output.error());
  told.labels_json = std::move(labels);
  told.shadow = std::move(context.shadow);
  told.evidence = std::move(context.evidence);
  co_return told;
}

}  // namespace purser
