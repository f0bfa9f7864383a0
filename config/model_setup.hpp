// Which models there are, where they run, what each is asked for, and what they may cost. It comes from the one
// endpoint of the settings, or from a file where llm.base_url is file:///path. Providers may build on ready-made
// entries:
//
//   {"providers": {"ds": {"like": "deepseek", "api_key_env": "DEEPSEEK_API_KEY"}},
//    "models":    {"chat": {"provider": "ds", "id": "deepseek-chat"}},
//    "tiers":     {"fast": {"models": ["chat"], "strategy": "order"}},
//    "tasks":     {"refund": "fast"},
//    "regions":   {"tenants": {"shop": ["cn"]}, "tasks": {"dispute": ["cn", "eu"]}},
//    "limits":    {"first_token_time_max_ms": 14000, "gap_time_max_ms": 10000},
//    "budgets":   {"thread_microusd": 50000, "journal": "/var/lib/purser/spend"}}
#pragma once

#include "config/mistake.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace purser {

// When a provider wants the model's own thoughts back.
enum class ReasoningBack : std::uint8_t { never, with_calls };

struct ProviderSetup {
  std::string name;
  std::string base_url;
  Secret api_key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string data_region;          // where what is sent is kept; empty: not told
  bool legacy_max_tokens = false;   // max_tokens in place of max_completion_tokens
  bool parallel_field = true;       // takes parallel_tool_calls
  bool usage_option = true;         // takes stream_options.include_usage
  bool prefill = true;              // takes a conversation that ends with the assistant's words
  bool nine_letter_ids = false;     // ids of calls are nine letters or digits
  bool thought_signatures = false;  // wants extra_content back with each call
  ReasoningBack reasoning_back = ReasoningBack::never;
  std::string extra_body_json = "{}";  // further members of the request, such as enable_thinking
};

struct ModelSetup {
  std::string name;  // in tiers, logs and metrics
  std::size_t provider = 0;
  std::string id;     // on the wire
  std::string price;  // row of the price table; by default the id
  bool tools = true;
  bool strict = false;
  bool streaming = true;
  bool prefill = true;              // as its provider, unless told otherwise
  std::int64_t context_tokens = 0;  // 0: not known
  std::int64_t output_tokens_max = 1024;
};

enum class Strategy : std::uint8_t { order, latency, cost, weighted };
std::string_view to_string(Strategy s);

struct TierSetup {
  std::string name;
  std::vector<std::size_t> models;    // the chain: who is asked first, and who then
  std::vector<std::int64_t> weights;  // of the weighted strategy, one a model
  Strategy strategy = Strategy::order;
  Millis time_max{0};     // of the whole answer; 0: what the turn leaves
  Millis hedge_after{0};  // a second model is asked beside one that is silent for so long; 0: never
};

// Caps in micro-USD for each UTC day; 0: none. A cap needs the journal: what a restart forgets caps nothing.
struct BudgetSetup {
  std::int64_t thread_microusd = 0;
  std::int64_t user_microusd = 0;
  std::int64_t tenant_microusd = 0;
  std::int64_t total_microusd = 0;
  std::string journal;  // a file; one daemon writes it

  bool any() const { return thread_microusd > 0 || user_microusd > 0 || tenant_microusd > 0 || total_microusd > 0; }
};

// Where the words of a tenant, or of a task, may be sent: to providers that keep what they are sent in one of the named
// regions. Who is not named may be sent anywhere; an empty list allows no provider at all.
struct RegionSetup {
  using Regions = std::vector<std::string>;
  std::map<std::string, Regions> tenants;  // "*": those without an entry of their own
  std::map<std::string, Regions> tasks;

  // What is allowed by both; nothing where all is.
  std::optional<Regions> allowed(const std::string& tenant, std::string_view task) const;
};

struct ModelsSetup {
  std::vector<ProviderSetup> providers;
  std::vector<ModelSetup> models;
  std::vector<TierSetup> tiers;
  std::map<std::string, std::string> tasks;  // task to tier; "rules" is the rule engine
  RegionSetup regions;
  Millis first_token_time_max{14'000};  // of a streamed answer: to its first word
  Millis gap_time_max{10'000};          // of a streamed answer: between two words
  BudgetSetup budgets;
  std::string prices_file;                // empty: the table that is built in
  std::string attempt_log;                // every attempt and routing decision; empty: none
  std::vector<std::string> cached_tasks;  // whose answers without tools may come from the cache
  std::int64_t silent_rejections_alarm_percent = 5;
  std::string classify_errors;  // tier that is asked what an error means where the rules cannot tell; empty: nobody
  std::int64_t hedges_percent_max = 5;           // of the questions that may be asked of two
  std::vector<std::string> acknowledge_tenants;  // who reads a first sentence at once; "*": everybody
  bool direct = false;                           // backends may ask the tiers without a conversation
  Millis in_store_time_max{750};         // of all of a turn's answers by providers, where somebody waits at a till
  std::int64_t reply_bytes_max = 8'192;  // longer replies are cut
  std::int64_t fee_basis_points = 60;    // the rail's share of a payment, in hundredths of a percent

  bool empty() const { return models.empty(); }
  const TierSetup* tier(std::string_view name) const;
  // The tier for a task; nullptr when the rule engine answers it.
  const TierSetup* tier_for(std::string_view task) const;
  // Whether the model's provider keeps what it is sent in one of these regions; nothing means anywhere.
  bool keeps_within(std::size_t model, const std::optional<RegionSetup::Regions>& allowed) const;
};

// Names that stand in "tasks".
inline constexpr std::string_view kTasks[] = {"intent", "order_status", "refund", "dispute", "wording", "validation"};
inline constexpr std::string_view kRulesTier = "rules";
// How long a model of the tier "reasoning" may take before the rule engine answers, where the file does not say.
inline constexpr Millis kReasoningTimeMax{600};

// One provider and one model for every task, from the llm section.
ModelsSetup setup_of(const ModelSettings& settings);

struct LoadedModels {
  ModelsSetup setup;  // to be used only without mistakes
  Mistakes mistakes;
};

// `text` as above. Keys of providers come from `environment` (api_key_env) or from a file (api_key_file), never from
// the text. `source` names the file in the mistakes; everything wrong is told at once.
LoadedModels load_models(std::string_view text, const std::string& source,
                         const std::map<std::string, std::string>& environment);
// The models of the file that llm.base_url names, or the one of the settings, or none.
LoadedModels load_models(const ModelSettings& settings, const std::map<std::string, std::string>& environment);

// The ready-made providers as JSON, as they stand in config/model_providers.json.
std::string_view ready_made_providers();

}  // namespace purser
