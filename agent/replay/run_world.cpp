#include "agent/replay/run.hpp"

#include <filesystem>
#include <stdexcept>

namespace purser::replay {
namespace {

std::vector<std::string> setting_lines(const json& given) {
  std::vector<std::string> out;
  const json policy = given.value("policy", json::object());
  const auto put = [&](const std::string& key, const std::string& value) { out.push_back(key + "=" + value); };
  const auto seconds = [](const json& value) { return std::to_string(value.get<std::int64_t>() * 1000); };
  if (policy.contains("intent_ttl_s")) put("intent.lifetime_ms", seconds(policy["intent_ttl_s"]));
  if (policy.contains("query_after_s")) {
    put("intent.resolve_first_ms", seconds(policy["query_after_s"]));
    put("intent.resolve_max_ms", seconds(policy["query_after_s"]));
  }
  if (policy.contains("gateway_timeout_s")) {
    put("wechat.attempt_time_max_ms", seconds(policy["gateway_timeout_s"]));
    put("wechat.total_time_max_ms", seconds(policy["gateway_timeout_s"]));
  }
  if (policy.contains("late_capture"))
    put("intent.honour_late_payment", policy["late_capture"] == "honour" ? "true" : "false");
  if (policy.contains("rule_engine_fallback")) put("llm.fallback_to_rules", policy["rule_engine_fallback"].dump());
  if (policy.contains("refund_auto_limit_fen")) put("refund.auto_limit_fen", policy["refund_auto_limit_fen"].dump());
  const json settings = given.value("settings", json::object());
  for (const auto& [key, value] : settings.items())
    put(key, value.is_string() ? value.get<std::string>() : value.dump());
  return out;
}

}  // namespace

Millis duration_of(std::string_view text) {
  std::int64_t sign = 1;
  if (text.starts_with('+') || text.starts_with('-')) {
    sign = text[0] == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  const auto letters = text.find_first_not_of("0123456789");
  const std::int64_t number = std::stoll(std::string(text.substr(0, letters)));
  const std::string_view unit = text.substr(letters);
  std::int64_t ms = 1;
  if (unit == "s") ms = 1'000;
  if (unit == "m") ms = 60'000;
  if (unit == "h") ms = 3'600'000;
  if (unit == "d") ms = 86'400'000;
  return Millis(sign * number * ms);
}

WorldOptions world_options(const Script& script) {
  WorldOptions out;
  const json given = script.root.value("given", json::object());
  out.seed = script.root.value("seed", std::uint64_t{1});
  if (script.root.contains("clock")) {
    auto start = parse_time(script.root["clock"].get<std::string>());
    if (!start) throw std::runtime_error("\"clock\" is not a time of RFC 3339");
    out.start = *start;
  }
  out.locale = given.value("locale", "zh");
  out.settings = setting_lines(given);
  out.catalogue = given.value("catalogue", json());
  out.scripted_model = given.value("model", "scripted") == "scripted";
  out.scripted_rail = given.value("gateway", "sandbox") == "scripted";
  if (given.contains("database"))
    out.from_database = std::filesystem::path(script.path).parent_path() / given["database"].get<std::string>();
  return out;
}

}  // namespace purser::replay
