#include "agent/replay/match.hpp"

#include <algorithm>
#include <charconv>
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

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

// Of every "$x" within text, its name.
template <class Tell>
void each_name(const std::string& text, const Tell& tell) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') continue;
    std::size_t end = i + 1;
    if (end < text.size() && text[end] == '$') {
      i = end;
      continue;
    }
    while (end < text.size() && is_word(text[end])) ++end;
    tell(text.substr(i + 1, end - i - 1));
    i = end - 1;
  }
}

// "$ge:5" and its like. Nothing: `text` is no wildcard.
std::optional<bool> wildcard(const std::string& text, const json& actual, const std::string& at, std::string& why) {
  if (text == "$absent") return false;  // it is there
  if (!is_loose(text)) return std::nullopt;
  // The id of a refund has the name of a sum, and is none.
  if (is_money(at.substr(at.rfind('.') + 1)) && !actual.is_string()) {
    why = at + ": money is compared exactly, " + text.substr(0, text.find(':')) + " is not for it";
    return false;
  }
  if (text == "$any") return true;
  if (text == "$int") return actual.is_number_integer();
  if (text == "$str") return actual.is_string();
  if (text.starts_with("$re:"))
    return actual.is_string() && std::regex_search(actual.get<std::string>(), std::regex(text.substr(4)));
  const auto bound = bound_of(text);
  if (!bound) {
    why = at + ": " + text + " has no whole number to compare with";
    return false;
  }
  if (!actual.is_number_integer()) return false;
  return text[1] == 'g' ? actual.get<std::int64_t>() >= *bound : actual.get<std::int64_t>() <= *bound;
}

}  // namespace

bool is_money(std::string_view member) {
  constexpr std::string_view names[] = {
      "amount",   "value",      "total",    "refund", "capture",    "late_capture",      "captured",
      "refunded", "unit_price", "reserved", "fee",    "fee_return", "duplicate_capture", "token_cost"};
  return member.ends_with("_fen") || std::find(std::begin(names), std::end(names), member) != std::end(names);
}

bool is_loose(std::string_view text) {
  return text == "$any" || text == "$int" || text == "$str" || text.starts_with("$re:") || text.starts_with("$ge:") ||
         text.starts_with("$le:");
}

std::optional<std::int64_t> bound_of(std::string_view text) {
  text.remove_prefix(std::min<std::size_t>(text.size(), 4));
  std::int64_t bound = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), bound);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return bound;
}

std::string untaken(const std::string& text, const Captures& captures) {
  std::string out;
  each_name(text, [&](std::string name) {
    if (out.empty() && !captures.contains(name)) out = "$" + std::move(name);
  });
  return out;
}

void named_in(const std::string& text, std::set<std::string>& into) {
  each_name(text, [&](std::string name) { into.insert(std::move(name)); });
}

bool may_be(const json& wanted, const json& value, const Captures& captures) {
  if (wanted.is_string() && wanted.get_ref<const std::string&>().starts_with("$as:")) return true;
  Captures tried = captures;
  return !difference(wanted, value, tried, "");
}

std::string untaken_in(const json& value, const Captures& captures) {
  if (value.is_string()) return untaken(value.get<std::string>(), captures);
  if (!value.is_structured()) return {};
  for (const json& member : value)
    if (std::string missing = untaken_in(member, captures); !missing.empty()) return missing;
  return {};
}

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
