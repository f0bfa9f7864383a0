#include "agent/replay/match.hpp"

#include <algorithm>
#include <iterator>
#include <regex>

namespace purser::replay {
namespace {

using nlohmann::json;

std::string shown(const json& value) {
  std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() > 200 ? text.substr(0, 197) + "..." : text;
}

std::string differs(const std::string& at, const json& expected, const json& actual) {
  return at + ": expected " + shown(expected) + ", found " + shown(actual);
}

bool is_money(const std::string& at) {
  constexpr std::string_view names[] = {"value",    "total",    "refund",     "capture", "late_capture",
                                        "captured", "refunded", "unit_price", "reserved"};
  const std::string last = at.substr(at.rfind('.') + 1);
  return last.ends_with("_fen") || std::find(std::begin(names), std::end(names), last) != std::end(names);
}

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// "$ge:5" and its like. Nothing: `text` is no wildcard.
std::optional<bool> wildcard(const std::string& text, const json& actual, const std::string& at, std::string& why) {
  if (text == "$any") return true;
  if (text == "$int") return actual.is_number_integer();
  if (text == "$str") return actual.is_string();
  if (text == "$absent") return false;  // it is there
  if (text.starts_with("$re:"))
    return actual.is_string() && std::regex_search(actual.get<std::string>(), std::regex(text.substr(4)));
  if (!text.starts_with("$ge:") && !text.starts_with("$le:")) return std::nullopt;
  if (is_money(at)) {
    why = at + ": money is compared exactly, $ge and $le are not for it";
    return false;
  }
  if (!actual.is_number_integer()) return false;
  const auto bound = std::stoll(text.substr(4));
  return text[1] == 'g' ? actual.get<std::int64_t>() >= bound : actual.get<std::int64_t>() <= bound;
}

}  // namespace

json substituted(const json& value, const Captures& captures) {
  if (value.is_object() || value.is_array()) {
    json out = value;
    for (auto& member : out) member = substituted(member, captures);
    return out;
  }
  if (!value.is_string()) return value;
  const std::string text = value.get<std::string>();
  if (text.starts_with('$') && captures.contains(text.substr(1))) return captures.at(text.substr(1));
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    if (i + 1 < text.size() && text[i + 1] == '$') {
      out += text[++i];
      continue;
    }
    std::size_t end = i + 1;
    while (end < text.size() && is_word(text[end])) ++end;
    const auto found = captures.find(text.substr(i + 1, end - i - 1));
    if (found == captures.end()) {
      out += '$';
      continue;
    }
    out += found->second.is_string() ? found->second.get<std::string>() : found->second.dump();
    i = end - 1;
  }
  return out;
}

std::optional<std::string> difference(const json& expected, const json& actual, Captures& captures,
                                      const std::string& at) {
  if (expected.is_string()) {
    const std::string& text = expected.get_ref<const std::string&>();
    if (text.starts_with("$as:")) {
      const auto [place, fresh] = captures.emplace(text.substr(4), actual);
      if (!fresh && place->second != actual) return differs(at, place->second, actual);
      return std::nullopt;
    }
    std::string why;
    if (const auto verdict = wildcard(text, actual, at, why)) {
      if (*verdict) return std::nullopt;
      return why.empty() ? differs(at, expected, actual) : why;
    }
    const json wanted = substituted(expected, captures);
    if (wanted == actual && wanted.type() == actual.type()) return std::nullopt;
    return differs(at, wanted, actual);
  }
  if (expected.is_object() && actual.is_object()) {
    const bool exact = expected.contains("$exact") && expected["$exact"] == true;
    for (const auto& [key, value] : expected.items()) {
      if (key == "$exact") continue;
      const std::string below = at.empty() ? key : at + "." + key;
      if (value == "$absent" && !actual.contains(key)) continue;
      if (!actual.contains(key)) return below + ": expected " + shown(value) + ", and it is not there";
      if (auto wrong = difference(value, actual[key], captures, below)) return wrong;
    }
    if (exact)
      for (const auto& [key, value] : actual.items())
        if (!expected.contains(key)) return at + "." + key + ": not expected, found " + shown(value);
    return std::nullopt;
  }
  if (expected.is_array() && actual.is_array()) {
    if (expected.size() != actual.size())
      return at + ": expected " + std::to_string(expected.size()) + " entries, found " + std::to_string(actual.size()) +
             ": " + shown(actual);
    for (std::size_t i = 0; i < expected.size(); ++i)
      if (auto wrong = difference(expected[i], actual[i], captures, at + "[" + std::to_string(i) + "]")) return wrong;
    return std::nullopt;
  }
  // 25 is 25 and never 25.0.
  const bool same_kind = expected.is_number_float() == actual.is_number_float();
  if (expected == actual && same_kind) return std::nullopt;
  return differs(at, expected, actual);
}

}  // namespace purser::replay
