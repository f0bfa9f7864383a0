#include "config/loader.hpp"

#include "config/agreement.hpp"
#include "config/assign.hpp"
#include "config/definitions.hpp"
#include "config/model_prices.hpp"
#include "config/model_setup.hpp"
#include "config/secret_file.hpp"
#include "config/settings_file.hpp"
#include "config/similar.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

namespace purser {
namespace {

constexpr std::size_t kFileBytesMax = 1 << 20;
constexpr std::string_view kPrefix = "PURSER_";
constexpr std::string_view kTenantPrefix = "tenant.";
constexpr std::string_view kFileSuffix = "_FILE";
constexpr std::string_view kConfigVariable = "PURSER_CONFIG";
// Not settings: drills and lasting credentials of the sandbox, read by the daemon itself.
constexpr std::string_view kSandboxVariables[] = {"PURSER_FAILPOINT", "PURSER_SANDBOX_CREDENTIALS"};

std::string file_variable_of(const Definition& definition) {
  return variable_of(definition) + std::string(kFileSuffix);
}

class Loader {
 public:
  explicit Loader(const SettingsSources& sources) : sources_(sources) {}

  LoadedSettings run() && {
    load_file();
    load_environment();
    for (const auto& set : sources_.sets) load_set(set);
    place_database();
    load_tenants();
    judge_all_together();
    return std::move(out_);
  }

 private:
  // --- the file --------------------------------------------------------------------------------
  void load_file() {
    const std::string path = sources_.file.empty() ? variable(std::string(kConfigVariable)) : sources_.file;
    if (path.empty()) return;
    const std::string source = "file " + path;
    if (!is_readable_file(path)) return tell(Errc::config_unreadable, source, "", "", "cannot be read");
    std::ifstream file(path, std::ios::binary);
    std::string text(kFileBytesMax + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > kFileBytesMax) return tell(Errc::json_too_large, source, "", "", "is at most 1 MiB");

    auto contents = parse_settings_file(text, source);
    for (auto& mistake : contents.mistakes) out_.mistakes.push_back(std::move(mistake));
    for (const auto& entry : contents.entries) load_entry(entry, source);
    for (const auto& section : contents.sections) judge_section(section, contents.entries, source);
  }

  // An unknown section that holds nothing has no entry to complain about.
  void judge_section(const std::string& section, const std::vector<FileEntry>& entries, const std::string& source) {
    const std::string prefix = section + ".";
    const auto within = [&](std::string_view key) { return key.starts_with(prefix); };
    const bool known = section.starts_with(kTenantPrefix) ||
                       std::ranges::any_of(definitions(), [&](const auto& d) { return within(d.key); });
    const bool told = std::ranges::any_of(entries, [&](const auto& entry) { return within(entry.key); });
    if (!known && !told) tell_unknown(source, section);
  }

  void load_entry(const FileEntry& entry, const std::string& source) {
    if (entry.key.starts_with(kTenantPrefix)) return of_tenants_.push_back({entry.key, entry.value, source});
    const Definition* definition = find_definition(entry.key);
    if (definition == nullptr) return tell_unknown(source, entry.key);
    if (is_secret(*definition) && !is_open_value(*definition, entry.value))
      return tell(Errc::config_secret_in_file, source, entry.key, "",
                  "comes from " + variable_of(*definition) + " or the file that " + file_variable_of(*definition) +
                      " names, never from the configuration file");
    take(*definition, entry.value, source);
  }

  // --- the environment -------------------------------------------------------------------------
  std::string variable(const std::string& name) const {
    const auto found = sources_.environment.find(name);
    return found == sources_.environment.end() ? "" : found->second;
  }

  void load_environment() {
    std::set<std::string, std::less<>> known{std::string(kConfigVariable)};
    known.insert(std::begin(kSandboxVariables), std::end(kSandboxVariables));
    for (const auto& definition : definitions()) {
      const std::string name = variable_of(definition);
      known.insert(name);
      if (const std::string text = variable(name); !text.empty()) take_text(definition, text, "environment " + name);
      if (!is_secret(definition)) continue;
      known.insert(file_variable_of(definition));
      load_secret_file(definition);
    }
    for (const auto& [name, value] : sources_.environment)
      if (name.starts_with(kPrefix) && !value.empty() && known.count(name) == 0) judge_unknown_variable(name, known);
  }

  void load_secret_file(const Definition& definition) {
    const std::string name = file_variable_of(definition);
    const std::string path = variable(name);
    if (path.empty()) return;
    const std::string source = "environment " + name;
    if (!variable(variable_of(definition)).empty())
      return tell(Errc::config_bad_value, source, std::string(definition.key), "",
                  "comes from " + variable_of(definition) + " or from " + name + ", not from both");
    auto secret = read_secret_file(path);
    if (!secret) return tell(secret.code(), source, std::string(definition.key), "", secret.error().message);
    take_text(definition, secret->reveal(), source);
  }

  // A variable that is nearly one of ours would silently have no effect. Others may rightly begin with our name:
  // Kubernetes sets PURSER_PORT and PURSER_SERVICE_HOST in the pods beside a service called purser.
  void judge_unknown_variable(const std::string& name, const std::set<std::string, std::less<>>& known) {
    const std::string near = most_similar(name, known);
    if (!near.empty())
      return tell(Errc::config_unknown_key, "environment " + name, "", "", "is no setting; did you mean " + near + "?");
    warn("environment " + name, "", "is no setting");
  }

  void place_database() {
    if (!out_.settings.store.url.empty()) return;
    // systemd lists several folders with colons between them; the first is ours.
    const std::string given = variable("STATE_DIRECTORY");
    std::string folder = given.substr(0, given.find(':'));
    if (const std::string state = variable("XDG_STATE_HOME"); folder.empty() && !state.empty())
      folder = state + "/purser";
    if (const std::string home = variable("HOME"); folder.empty() && !home.empty())
      folder = home + "/.local/state/purser";
    const std::string url = "sqlite://" + folder + "/purser.db";
    if (!folder.starts_with('/') || !is_sqlite_url(url)) return;
    out_.state_folder = folder;
    out_.settings.store.url = Secret(url);
  }

  // --- the arguments ---------------------------------------------------------------------------
  void load_set(const std::string& set) {
    const std::size_t sign = set.find('=');
    if (sign == std::string::npos) return tell(Errc::config_bad_value, "--set", set, "", "is written as key=value");
    const std::string key = set.substr(0, sign);
    const std::string text = set.substr(sign + 1);
    if (key.starts_with(kTenantPrefix)) return of_tenants_.push_back({key, text, "--set"});
    const Definition* definition = find_definition(key);
    if (definition == nullptr) return tell_unknown("--set", key);
    if (is_secret(*definition) && !is_open_value(*definition, text))
      return tell(Errc::config_secret_in_file, "--set", key, "",
                  "comes from " + variable_of(*definition) + " or the file that " + file_variable_of(*definition) +
                      " names, never from the arguments, which other users can see");
    take_text(*definition, text, "--set");
  }

  // --- tenants ---------------------------------------------------------------------------------
  // "tenant.<id>.<section>.<name>": what stands for all, but for this. Known only once that is.
  struct OfTenant {
    std::string key;
    PlainValue value;
    std::string source;
  };

  void load_tenants() {
    for (const OfTenant& one : of_tenants_) load_of_tenant(one);
  }

  void load_of_tenant(const OfTenant& one) {
    const std::size_t name = one.key.rfind('.');
    const std::size_t section = name == std::string::npos ? name : one.key.rfind('.', name - 1);
    if (section == std::string::npos || section < kTenantPrefix.size())
      return tell(Errc::config_unknown_key, one.source, one.key, "", "is written as tenant.<id>.<section>.<name>");
    const std::string tenant = one.key.substr(kTenantPrefix.size(), section - kTenantPrefix.size());
    const std::string key = one.key.substr(section + 1);
    const Definition* definition = find_definition(key);
    const bool may_differ = key.starts_with("intent.") || key.starts_with("refund.");
    if (definition == nullptr || !may_differ)
      return tell(Errc::config_unknown_key, one.source, one.key, "",
                  "is no setting of a tenant: intent.* and refund.*");
    if (!TenantId::parse(tenant)) return tell(Errc::config_bad_value, one.source, one.key, "", "names no tenant");
    const auto* text = std::get_if<std::string>(&one.value);
    const PlainValue value = text != nullptr ? typed(*definition, *text) : one.value;
    Settings own = out_.settings;
    const auto known = out_.settings.tenants.find(tenant);
    if (known != out_.settings.tenants.end()) {
      own.intent = known->second.intent;
      own.refund = known->second.refund;
    }
    if (!assign(*definition, value, own))
      return tell(definition->rule.code, one.source, one.key, shown(one.value), "is " + rule_of(*definition));
    out_.settings.tenants[tenant] = TenantPolicy{std::move(own.intent), std::move(own.refund)};
  }

  // --- values and mistakes ---------------------------------------------------------------------
  void take_text(const Definition& definition, const std::string& text, const std::string& source) {
    take(definition, typed(definition, text), source);
  }

  void take(const Definition& definition, const PlainValue& value, const std::string& source) {
    given_[definition.key] = source;
    if (assign(definition, value, out_.settings)) return;
    const Errc code = definition.rule.code;
    tell(code, source, std::string(definition.key), is_secret(definition) ? "" : shown(value),
         "is " + rule_of(definition));
  }

  // To require certificates without saying whose would let everybody in, and look as if it did not. It is so by
  // default, for when authorities are named; a file that writes the whole section out, empty, says no more than that.
  void judge_required(const std::string& section, const TlsSettings& tls) {
    const std::string key = section + ".client_required";
    const auto told = given_.find(key);
    if (told == given_.end() || !tls.client_required || !tls.client_ca_file.empty()) return;
    const auto written = [&](const char* name) { return given_.find(section + name) != given_.end(); };
    const bool whole = written(".certificate_file") && written(".key_file") && written(".client_ca_file");
    if (whole && tls.certificate_file.empty() && told->second.starts_with("file ")) return;
    tell(Errc::config_bad_value, told->second, key, "",
         "needs " + section + ".client_ca_file, which says whose certificates let a client in");
  }

  void judge_all_together() {
    judge_required("tls", out_.settings.tls);
    judge_required("admin_tls", out_.settings.admin_tls);
    for (auto& mistake : disagreements(out_.settings)) {
      const bool told = std::any_of(out_.mistakes.begin(), out_.mistakes.end(),
                                    [&](const Mistake& earlier) { return earlier.key == mistake.key; });
      if (!told) out_.mistakes.push_back(std::move(mistake));
    }
    for (auto& doubt : doubts(out_.settings)) out_.warnings.push_back(std::move(doubt));
    auto models = load_models(out_.settings.model, sources_.environment);
    for (auto& mistake : models.mistakes) out_.mistakes.push_back(std::move(mistake));
    if (auto prices = PriceTable::load(models.setup.prices_file); !prices)
      tell(prices.code(), "file " + models.setup.prices_file, prices.error().param, "", prices.error().message);
  }

  void tell_unknown(const std::string& source, const std::string& key) {
    std::set<std::string, std::less<>> known;
    for (const auto& definition : definitions()) known.insert(std::string(definition.key));
    const std::string near = most_similar(key, known);
    tell(Errc::config_unknown_key, source, key, "",
         near.empty() ? "is no setting" : "is no setting; did you mean " + near + "?");
  }

  void tell(Errc code, std::string source, std::string key, std::string value, std::string rule) {
    out_.mistakes.push_back({code, std::move(source), std::move(key), std::move(value), std::move(rule)});
  }
  void warn(std::string source, std::string key, std::string rule) {
    out_.warnings.push_back({Errc::config_unknown_key, std::move(source), std::move(key), "", std::move(rule)});
  }

  const SettingsSources& sources_;
  LoadedSettings out_;
  std::map<std::string_view, std::string> given_;  // by key: where its value comes from, unless it is the default
  std::vector<OfTenant> of_tenants_;
};

std::string line_of(const Mistake& mistake) {
  std::string line = mistake.source + ": ";
  if (!mistake.key.empty()) line += mistake.key + " ";
  if (!mistake.value.empty()) line += "= " + mistake.value + ": ";
  return line + mistake.rule + "\n";
}

nlohmann::json array_of(const Mistakes& mistakes) {
  auto array = nlohmann::json::array();
  for (const auto& m : mistakes)
    array.push_back(
        {{"code", code_of(m.code)}, {"source", m.source}, {"key", m.key}, {"value", m.value}, {"rule", m.rule}});
  return array;
}

}  // namespace

LoadedSettings load_settings(const SettingsSources& sources) {
  return Loader(sources).run();
}

std::string report_text(const LoadedSettings& loaded) {
  std::string text;
  for (const auto& mistake : loaded.mistakes) text += "error: " + line_of(mistake);
  for (const auto& warning : loaded.warnings) text += "warning: " + line_of(warning);
  return text;
}

std::string report_json(const LoadedSettings& loaded) {
  const nlohmann::json report = {
      {"ok", loaded.ok()}, {"mistakes", array_of(loaded.mistakes)}, {"warnings", array_of(loaded.warnings)}};
  return report.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace purser
