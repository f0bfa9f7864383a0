#include "config/model_setup.hpp"

#include "config/secret_file.hpp"
#include "config/text_rules.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <set>

namespace purser {
namespace {

using nlohmann::json;

constexpr std::size_t kTextBytesMax = 1 << 20;
constexpr std::int64_t kBudgetMax = 1'000'000'000'000;
constexpr std::string_view kFileScheme = "file://";

// Notices a key that stands twice, which nlohmann's DOM would silently let win.
json parse_strictly(std::string_view text, bool& twice) {
  std::vector<std::set<std::string>> open;
  const auto watch = [&](int, json::parse_event_t event, json& value) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second) twice = true;
    return true;
  };
  return json::parse(text, watch, false);
}

class Loader {
 public:
  Loader(const std::string& source, const std::map<std::string, std::string>& environment)
      : source_(source), environment_(environment) {}

  LoadedModels run(std::string_view text) && {
    bool twice = false;
    const json root = text.size() > kTextBytesMax ? json(json::value_t::discarded) : parse_strictly(text, twice);
    if (!root.is_object() || twice) {
      tell("", "is one JSON object of at most 1 MiB in which no key stands twice");
      return std::move(out_);
    }
    only(root, "",
         {"providers", "models", "tiers", "tasks", "limits", "budgets", "prices_file", "attempt_log", "cached_tasks",
          "silent_rejections_alarm_percent", "hedges_percent_max", "acknowledge_tenants", "direct",
          "in_store_time_max_ms", "reply_bytes_max", "fee_basis_points", "regions", "classify_errors"});
    each(root, "providers", [&](const std::string& name, const json& entry) { provider(name, entry); });
    each(root, "models", [&](const std::string& name, const json& entry) { model(name, entry); });
    each(root, "tiers", [&](const std::string& name, const json& entry) { tier(name, entry); });
    tasks(root.value("tasks", json::object()));
    regions(root.value("regions", json::object()));
    limits(root.value("limits", json::object()));
    budgets(root.value("budgets", json::object()));
    ModelsSetup& setup = out_.setup;
    take(root, "", "prices_file", setup.prices_file);
    take(root, "", "attempt_log", setup.attempt_log);
    take(root, "", "silent_rejections_alarm_percent", setup.silent_rejections_alarm_percent, 1, 100);
    take(root, "", "hedges_percent_max", setup.hedges_percent_max, 0, 100);
    take(root, "", "direct", setup.direct);
    take(root, "", "reply_bytes_max", setup.reply_bytes_max, 256, 1 << 18);
    take(root, "", "fee_basis_points", setup.fee_basis_points, 0, 1'000);
    std::int64_t in_store = setup.in_store_time_max.count();
    take(root, "", "in_store_time_max_ms", in_store, 10, 60'000);
    setup.in_store_time_max = Millis(in_store);
    take(root, "", "classify_errors", setup.classify_errors);
    if (!setup.classify_errors.empty() && setup.tier(setup.classify_errors) == nullptr)
      tell("classify_errors", "is the name of a tier");
    names(root, "cached_tasks", setup.cached_tasks);
    names(root, "acknowledge_tenants", setup.acknowledge_tenants);
    if (out_.mistakes.empty() && out_.setup.tiers.empty()) tell("tiers", "names at least one tier");
    return std::move(out_);
  }

 private:
  template <class F>
  void each(const json& root, const std::string& section, F take) {
    const json entries = root.value(section, json::object());
    if (!entries.is_object()) return tell(section, "is an object");
    for (const auto& [name, entry] : entries.items()) {
      if (entry.is_object()) {
        take(name, entry);
      } else {
        tell(section + "." + name, "is an object");
      }
    }
  }

  void only(const json& entry, const std::string& where, std::initializer_list<std::string_view> known) {
    for (const auto& [key, value] : entry.items())
      if (std::find(known.begin(), known.end(), key) == known.end())
        tell(where.empty() ? key : where + "." + key, "is no setting");
  }

  void take(const json& entry, const std::string& where, const char* key, std::string& to) {
    if (!entry.contains(key)) return;
    if (!entry[key].is_string()) return tell(where + "." + key, "is text");
    to = entry[key].get<std::string>();
  }
  void take(const json& entry, const std::string& where, const char* key, bool& to) {
    if (!entry.contains(key)) return;
    if (!entry[key].is_boolean()) return tell(where + "." + key, "is true or false");
    to = entry[key].get<bool>();
  }
  void take(const json& entry, const std::string& where, const char* key, std::int64_t& to, std::int64_t min,
            std::int64_t max) {
    if (!entry.contains(key)) return;
    const bool fits = entry[key].is_number_integer() && entry[key] >= min && entry[key] <= max;
    if (!fits)
      return tell(where + "." + key, "is an integer from " + std::to_string(min) + " to " + std::to_string(max));
    to = entry[key].get<std::int64_t>();
  }

  void provider(const std::string& name, json entry) {
    const std::string where = "providers." + name;
    if (entry.contains("like")) {
      const json ready = json::parse(ready_made_providers());
      const std::string like = entry["like"].is_string() ? entry["like"].get<std::string>() : "";
      if (!ready.contains(like)) {
        tell(where + ".like", "is the name of a ready-made provider");
        out_.setup.providers.emplace_back().name = name;  // so that its models are not told of too
        return;
      }
      json merged = ready[like];
      entry.erase("like");
      merged.update(entry);
      entry = std::move(merged);
    }
    only(entry, where,
         {"base_url", "api_key_env", "api_key_file", "headers", "data_region", "legacy_max_tokens", "parallel_field",
          "usage_option", "prefill", "nine_letter_ids", "thought_signatures", "reasoning_back", "extra_body"});
    ProviderSetup out;
    out.name = name;
    take(entry, where, "base_url", out.base_url);
    if (!is_http_url(out.base_url)) tell(where + ".base_url", "is " + std::string(text_rules::kUrl.words));
    take(entry, where, "data_region", out.data_region);
    take(entry, where, "legacy_max_tokens", out.legacy_max_tokens);
    take(entry, where, "parallel_field", out.parallel_field);
    take(entry, where, "usage_option", out.usage_option);
    take(entry, where, "prefill", out.prefill);
    take(entry, where, "nine_letter_ids", out.nine_letter_ids);
    take(entry, where, "thought_signatures", out.thought_signatures);
    std::string back = "never";
    take(entry, where, "reasoning_back", back);
    if (back != "never" && back != "with_calls") tell(where + ".reasoning_back", "is never or with_calls");
    out.reasoning_back = back == "with_calls" ? ReasoningBack::with_calls : ReasoningBack::never;
    if (entry.contains("extra_body")) {
      if (!entry["extra_body"].is_object()) tell(where + ".extra_body", "is an object");
      out.extra_body_json = entry["extra_body"].dump();
    }
    headers(entry, where, out);
    key(entry, where, out);
    out_.setup.providers.push_back(std::move(out));
  }

  void headers(const json& entry, const std::string& where, ProviderSetup& out) {
    const json list = entry.value("headers", json::object());
    if (!list.is_object()) return tell(where + ".headers", "is an object of texts");
    for (const auto& [name, value] : list.items()) {
      // A key in the file would be a secret in the open.
      std::string lower = name;
      std::transform(lower.begin(), lower.end(), lower.begin(),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      if (!value.is_string() || lower == "authorization" || lower == "api-key" || lower == "x-api-key")
        tell(where + ".headers." + name, "is text, and no key: keys come from api_key_env or api_key_file");
      else
        out.headers.emplace_back(name, value.get<std::string>());
    }
  }

  void key(const json& entry, const std::string& where, ProviderSetup& out) {
    std::string variable;
    std::string file;
    take(entry, where, "api_key_env", variable);
    take(entry, where, "api_key_file", file);
    if (!variable.empty() && !file.empty()) return tell(where + ".api_key_env", "and api_key_file exclude each other");
    if (!variable.empty()) {
      const auto found = environment_.find(variable);
      if (found == environment_.end() || found->second.empty())
        return tell(where + ".api_key_env", "names a variable that is set");
      out.api_key = Secret(found->second);
    }
    if (!file.empty()) {
      auto read = read_secret_file(file);
      if (!read) return tell(where + ".api_key_file", read.error().message);
      out.api_key = std::move(*read);
    }
  }

  void model(const std::string& name, const json& entry) {
    const std::string where = "models." + name;
    only(entry, where,
         {"provider", "id", "price", "tools", "strict", "streaming", "prefill", "context_tokens", "output_tokens_max"});
    ModelSetup out;
    out.name = name;
    std::string provider;
    take(entry, where, "provider", provider);
    const auto& all = out_.setup.providers;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& p) { return p.name == provider; });
    if (found == all.end()) tell(where + ".provider", "is the name of a provider");
    out.provider = static_cast<std::size_t>(found - all.begin());
    take(entry, where, "id", out.id);
    if (out.id.empty()) tell(where + ".id", "is the model's name at the provider");
    out.price = out.id;
    take(entry, where, "price", out.price);
    take(entry, where, "tools", out.tools);
    take(entry, where, "strict", out.strict);
    take(entry, where, "streaming", out.streaming);
    out.prefill = found == all.end() || found->prefill;
    take(entry, where, "prefill", out.prefill);
    take(entry, where, "context_tokens", out.context_tokens, 1, 100'000'000);
    take(entry, where, "output_tokens_max", out.output_tokens_max, 16, 128'000);
    out_.setup.models.push_back(std::move(out));
  }

  void tier(const std::string& name, const json& entry) {
    const std::string where = "tiers." + name;
    only(entry, where, {"models", "weights", "strategy", "time_max_ms", "hedge_after_ms"});
    if (name == kRulesTier) return tell(where, "is built in");
    TierSetup out;
    out.name = name;
    const json models = entry.value("models", json::array());
    if (!models.is_array() || models.empty()) return tell(where + ".models", "is a list of models");
    for (const json& one : models) {
      const auto& all = out_.setup.models;
      const auto found = std::find_if(all.begin(), all.end(), [&](const auto& m) { return json(m.name) == one; });
      if (found == all.end()) tell(where + ".models", "names models that are defined");
      out.models.push_back(static_cast<std::size_t>(found - all.begin()));
    }
    std::string strategy = "order";
    take(entry, where, "strategy", strategy);
    const auto known = {Strategy::order, Strategy::latency, Strategy::cost, Strategy::weighted};
    const auto chosen = std::find_if(known.begin(), known.end(), [&](Strategy s) { return to_string(s) == strategy; });
    if (chosen == known.end()) tell(where + ".strategy", "is order, latency, cost or weighted");
    if (chosen != known.end()) out.strategy = *chosen;
    weights(entry, where, out);
    std::int64_t time = name == "reasoning" ? kReasoningTimeMax.count() : 0;
    take(entry, where, "time_max_ms", time, 0, 1'800'000);
    out.time_max = Millis(time);
    std::int64_t hedge = 0;
    take(entry, where, "hedge_after_ms", hedge, 0, 600'000);
    out.hedge_after = Millis(hedge);
    out_.setup.tiers.push_back(std::move(out));
  }

  void weights(const json& entry, const std::string& where, TierSetup& out) {
    const json list = entry.value("weights", json::array());
    const bool good = list.is_array() && (list.empty() || list.size() == out.models.size()) &&
                      std::all_of(list.begin(), list.end(),
                                  [](const json& w) { return w.is_number_integer() && w >= 1 && w <= 1'000; });
    if (!good) return tell(where + ".weights", "is one integer from 1 to 1000 for each model");
    for (const json& weight : list) out.weights.push_back(weight.get<std::int64_t>());
    if (out.weights.empty()) out.weights.assign(out.models.size(), 1);
  }

  void tasks(const json& entry) {
    if (!entry.is_object()) return tell("tasks", "is an object of tiers");
    for (const auto& [task, name] : entry.items()) {
      if (std::find(std::begin(kTasks), std::end(kTasks), task) == std::end(kTasks))
        tell("tasks." + task, "is no task");
      else if (!name.is_string() || (name != kRulesTier && out_.setup.tier(name.get<std::string>()) == nullptr))
        tell("tasks." + task, "is the name of a tier, or rules");
      else
        out_.setup.tasks[task] = name.get<std::string>();
    }
  }

  void regions(const json& entry) {
    if (!entry.is_object()) return tell("regions", "is an object of tenants and tasks");
    only(entry, "regions", {"tenants", "tasks"});
    allowed(entry, "tenants", out_.setup.regions.tenants);
    allowed(entry, "tasks", out_.setup.regions.tasks);
    for (const auto& [task, unused] : out_.setup.regions.tasks)
      if (std::find(std::begin(kTasks), std::end(kTasks), task) == std::end(kTasks))
        tell("regions.tasks." + task, "is no task");
  }

  // A name that no provider has would shut everybody out by a slip of the pen.
  void allowed(const json& section, const std::string& kind, std::map<std::string, RegionSetup::Regions>& to) {
    const json entries = section.value(kind, json::object());
    if (!entries.is_object()) return tell("regions." + kind, "is an object of lists");
    const auto& all = out_.setup.providers;
    for (const auto& [name, list] : entries.items()) {
      const bool known = list.is_array() && std::all_of(list.begin(), list.end(), [&](const json& region) {
                           return region.is_string() && region != "" &&
                                  std::any_of(all.begin(), all.end(),
                                              [&](const ProviderSetup& p) { return json(p.data_region) == region; });
                         });
      if (!known) {
        tell("regions." + kind + "." + name, "is a list of regions, each the data_region of a provider");
        continue;
      }
      to[name] = list.get<RegionSetup::Regions>();
    }
  }

  void limits(const json& entry) {
    if (!entry.is_object()) return tell("limits", "is an object");
    only(entry, "limits", {"first_token_time_max_ms", "gap_time_max_ms"});
    std::int64_t first = out_.setup.first_token_time_max.count();
    std::int64_t gap = out_.setup.gap_time_max.count();
    take(entry, "limits", "first_token_time_max_ms", first, 10, 600'000);
    take(entry, "limits", "gap_time_max_ms", gap, 10, 600'000);
    out_.setup.first_token_time_max = Millis(first);
    out_.setup.gap_time_max = Millis(gap);
  }

  void budgets(const json& entry) {
    if (!entry.is_object()) return tell("budgets", "is an object");
    only(entry, "budgets", {"thread_microusd", "user_microusd", "tenant_microusd", "total_microusd", "journal"});
    BudgetSetup& to = out_.setup.budgets;
    take(entry, "budgets", "thread_microusd", to.thread_microusd, 0, kBudgetMax);
    take(entry, "budgets", "user_microusd", to.user_microusd, 0, kBudgetMax);
    take(entry, "budgets", "tenant_microusd", to.tenant_microusd, 0, kBudgetMax);
    take(entry, "budgets", "total_microusd", to.total_microusd, 0, kBudgetMax);
    take(entry, "budgets", "journal", to.journal);
    if (to.any() && to.journal.empty()) tell("budgets.journal", "is needed where there is a cap");
  }

  void names(const json& root, const std::string& key, std::vector<std::string>& to) {
    const json list = root.value(key, json::array());
    const bool texts =
        list.is_array() && std::all_of(list.begin(), list.end(), [](const json& one) { return one.is_string(); });
    if (!texts) return tell(key, "is a list of names");
    for (const json& one : list) to.push_back(one.get<std::string>());
  }

  // `key` stands in `where`, or at the top.
  void tell(std::string key, std::string rule) {
    if (key.starts_with('.')) key.erase(0, 1);
    out_.mistakes.push_back({Errc::config_bad_value, source_, std::move(key), "", std::move(rule)});
  }

  const std::string& source_;
  const std::map<std::string, std::string>& environment_;
  LoadedModels out_;
};

}  // namespace

std::string_view to_string(Strategy s) {
  constexpr std::string_view kNames[] = {"order", "latency", "cost", "weighted"};
  return kNames[static_cast<std::size_t>(s)];
}

std::optional<RegionSetup::Regions> RegionSetup::allowed(const std::string& tenant, std::string_view task) const {
  auto by_tenant = tenants.find(tenant);
  if (by_tenant == tenants.end()) by_tenant = tenants.find("*");
  const auto by_task = tasks.find(std::string(task));
  if (by_tenant == tenants.end() && by_task == tasks.end()) return std::nullopt;
  if (by_tenant == tenants.end()) return by_task->second;
  Regions both = by_tenant->second;
  if (by_task == tasks.end()) return both;
  const Regions& other = by_task->second;
  std::erase_if(both, [&](const auto& one) { return std::find(other.begin(), other.end(), one) == other.end(); });
  return both;
}

bool ModelsSetup::keeps_within(std::size_t model, const std::optional<RegionSetup::Regions>& allowed) const {
  if (!allowed) return true;
  const std::string& region = providers[models[model].provider].data_region;
  return std::find(allowed->begin(), allowed->end(), region) != allowed->end();
}

const TierSetup* ModelsSetup::tier(std::string_view name) const {
  const auto found = std::find_if(tiers.begin(), tiers.end(), [&](const TierSetup& t) { return t.name == name; });
  return found == tiers.end() ? nullptr : &*found;
}

// A task without a tier of its own goes to "fast", and without that to the first there is.
const TierSetup* ModelsSetup::tier_for(std::string_view task) const {
  const auto named = tasks.find(std::string(task));
  if (named != tasks.end()) return tier(named->second);
  if (const TierSetup* fast = tier("fast")) return fast;
  return tiers.empty() ? nullptr : &tiers.front();
}

ModelsSetup setup_of(const ModelSettings& settings) {
  ModelsSetup out;
  if (settings.base_url.empty()) return out;
  ProviderSetup provider;
  provider.name = "default";
  provider.base_url = settings.base_url;
  provider.api_key = settings.api_key;
  provider.legacy_max_tokens = settings.legacy_max_tokens;
  provider.parallel_field = settings.parallel_tool_calls_field;
  out.providers.push_back(std::move(provider));
  ModelSetup model;
  model.name = settings.model;
  model.id = settings.model;
  model.price = settings.model;
  model.output_tokens_max = settings.output_tokens_max;
  out.models.push_back(std::move(model));
  TierSetup tier;
  tier.name = "fast";
  tier.models = {0};
  tier.weights = {1};
  out.tiers.push_back(std::move(tier));
  return out;
}

LoadedModels load_models(std::string_view text, const std::string& source,
                         const std::map<std::string, std::string>& environment) {
  return Loader(source, environment).run(text);
}

LoadedModels load_models(const ModelSettings& settings, const std::map<std::string, std::string>& environment) {
  LoadedModels out;
  if (!settings.base_url.starts_with(kFileScheme)) {
    out.setup = setup_of(settings);
    return out;
  }
  const std::string path = settings.base_url.substr(kFileScheme.size());
  std::ifstream file(path, std::ios::binary);
  std::string text(kTextBytesMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  return load_models(text, "file " + path, environment);
}

}  // namespace purser
