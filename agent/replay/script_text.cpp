#include "agent/replay/script_text.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace purser::replay {
namespace {

using nlohmann::json;

// What comes first, and what comes last; the others stand between them by name.
constexpr std::array<std::string_view, 28> kFirst{
    "script", "name",   "story", "tags",    "seed",   "clock",      "recorded", "derived", "given",   "params",
    "table",  "user",   "model", "gateway", "rail",   "pay",        "decline",  "webhook", "advance", "wall",
    "crash",  "cancel", "renew", "request", "client", "concurrent", "id",       "method"};
constexpr std::array<std::string_view, 5> kLast{"note", "sent", "reply", "expect", "finally"};

std::size_t rank(std::string_view key) {
  const auto first = std::find(kFirst.begin(), kFirst.end(), key);
  if (first != kFirst.end()) return static_cast<std::size_t>(first - kFirst.begin());
  const auto last = std::find(kLast.begin(), kLast.end(), key);
  const std::size_t middle = kFirst.size();
  return last == kLast.end() ? middle : middle + 1 + static_cast<std::size_t>(last - kLast.begin());
}

std::vector<std::string> keys_of(const json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  std::stable_sort(keys.begin(), keys.end(),
                   [](const std::string& a, const std::string& b) { return rank(a) < rank(b); });
  return keys;
}

}  // namespace

std::string line_text(const json& value) {
  std::string out;
  if (value.is_array()) {
    for (const json& item : value) out += (out.empty() ? "" : ", ") + line_text(item);
    return "[" + out + "]";
  }
  if (!value.is_object()) return value.dump(-1, ' ', false, json::error_handler_t::replace);
  const std::vector<std::string> keys = keys_of(value);
  for (const std::string& key : keys)
    out += (out.empty() ? "" : ", ") + json(key).dump() + ": " + line_text(value[key]);
  return "{" + out + "}";
}

std::string script_text(const json& root, const std::vector<json>& steps) {
  std::string out = "{\n";
  const std::vector<std::string> keys = keys_of(root);
  const auto member = [&](const std::string& key) { return " " + json(key).dump() + ": " + line_text(root[key]); };
  std::string after;
  for (const std::string& key : keys) {
    if (key == "finally" || key == "trajectory" || key == "derive") {
      after += ",\n" + member(key);
    } else {
      out += member(key) + ",\n";
    }
  }
  out += " \"steps\": [\n";
  for (std::size_t i = 0; i < steps.size(); ++i)
    out += "  " + line_text(steps[i]) + (i + 1 < steps.size() ? ",\n" : "\n");
  return out + " ]" + after + "\n}\n";
}

std::string brief(const std::string& text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::vector<std::string> steps_up_to(const Script& script, std::size_t at) {
  constexpr std::size_t kBefore = 3;
  std::vector<std::string> out;
  const std::size_t end = std::min(at + 1, script.steps.size());
  for (std::size_t i = std::min(at - std::min(at, kBefore), end); i < end; ++i) {
    const std::string line = script.where[i].substr(script.where[i].rfind(':') + 1);
    out.push_back((i == at ? "> " : "  ") + line + "  " + brief(line_text(script.steps[i])));
  }
  return out;
}

}  // namespace purser::replay
