#include "gateway/sandbox/body.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace purser::sandbox {
namespace {

constexpr int kDepthMax = 32;

bool has_four_byte_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0xF0; });
}

// Watches the parser: what a DOM can no longer show (doubled keys) or must not hold (null, deep nesting).
struct Watch {
  std::vector<std::set<std::string>> keys;
  std::string issue;
  std::string field;

  void fail(std::string_view what, std::string where) {
    if (issue.empty()) issue = what, field = std::move(where);
  }
  void key(const std::string& name) {
    if (has_four_byte_character(name)) fail("characters of four bytes are not taken", "/" + name);
    if (!keys.empty() && !keys.back().insert(name).second) fail("the same key twice", "/" + name);
    last_key = name;
  }
  void value(const json& v) {
    if (v.is_null()) fail("null is not allowed: leave the key out", "/" + last_key);
    if (v.is_string() && has_four_byte_character(v.get_ref<const std::string&>()))
      fail("characters of four bytes are not taken", "/" + last_key);
  }
  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        keys.emplace_back();
        break;
      case json::parse_event_t::object_end:
        keys.pop_back();
        break;
      case json::parse_event_t::key:
        key(parsed.get_ref<const std::string&>());
        break;
      case json::parse_event_t::value:
        value(parsed);
        break;
      default:
        break;
    }
    if (depth > kDepthMax) fail("nested too deep", "");
    return true;
  }
  std::string last_key;
};

bool is_one_of(std::string_view text, std::string_view list) {
  while (!list.empty()) {
    auto end = std::min(list.find(' '), list.size());
    if (list.substr(0, end) == text) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

Refusal check_text(const json& value, const Member& member, const std::string& path) {
  if (!value.is_string()) return param_error(path, "must be a string");
  const auto& text = value.get_ref<const std::string&>();
  auto length = code_points(text);
  if (length < member.min || length > member.max)
    return param_error(path, "must have " + std::to_string(member.min) + " to " + std::to_string(member.max) +
                                 " characters, has " + std::to_string(length));
  if (member.charset && !letters_digits_or(text, member.charset))
    return param_error(path, std::string("only letters, digits and ") + member.charset);
  if (member.one_of && !is_one_of(text, member.one_of))
    return param_error(path, std::string("must be one of ") + member.one_of);
  return {};
}

Refusal check_integer(const json& value, const Member& member, const std::string& path) {
  if (!value.is_number_integer()) return param_error(path, "must be an integer");
  bool too_big = value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX);
  if (too_big || value.get<std::int64_t>() < member.min || value.get<std::int64_t>() > member.max)
    return param_error(path, "must be " + std::to_string(member.min) + " to " + std::to_string(member.max), "body",
                       kOutOfRange);
  return {};
}

Refusal check_list(const json& value, const Member& member, const std::string& path) {
  if (!value.is_array()) return param_error(path, "must be an array");
  auto count = static_cast<std::int64_t>(value.size());
  if (count < member.min || count > member.max)
    return param_error(path,
                       "must have " + std::to_string(member.min) + " to " + std::to_string(member.max) + " items");
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (auto no = check_members(value[i], member.members, path + "/" + std::to_string(i))) return no;
  }
  return {};
}

Refusal check_member(const json& value, const Member& member, const std::string& path) {
  switch (member.kind) {
    case Kind::text:
      return check_text(value, member, path);
    case Kind::integer:
      return check_integer(value, member, path);
    case Kind::boolean:
      return value.is_boolean() ? Refusal() : param_error(path, "must be true or false");
    case Kind::object:
      return check_members(value, member.members, path);
    case Kind::list:
      return check_list(value, member, path);
  }
  return {};
}

}  // namespace

std::int64_t code_points(std::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool letters_digits_or(std::string_view text, std::string_view also) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || also.find(c) != also.npos;
  });
}

Refusal parse_body(std::string_view text, json& out) {
  // The parser takes a NUL for the end of its input and would overlook what follows.
  if (text.empty() || text.find('\0') != text.npos) return param_error("", "the body is not JSON");
  Watch watch;
  out = json::parse(
      text, [&watch](int depth, json::parse_event_t event, json& parsed) { return watch(depth, event, parsed); },
      false);
  if (out.is_discarded()) return param_error("", "the body is not JSON in UTF-8");
  if (!watch.issue.empty()) return param_error(watch.field, watch.issue);
  return {};
}

Refusal check_members(const json& object, std::span<const Member> table, const std::string& path) {
  if (!object.is_object()) return param_error(path, "must be an object");
  for (const auto& [name, value] : object.items()) {
    bool known = std::any_of(table.begin(), table.end(), [&](const Member& m) { return m.name == name; });
    if (!known)
      return param_error(path + "/" + name, "an extra parameter that is not taken here", "body", kExtraParameter);
  }
  for (const auto& member : table) {
    auto at = path + "/" + std::string(member.name);
    auto found = object.find(member.name);
    if (found == object.end()) {
      if (member.required) return param_error(at, "is required");
      continue;
    }
    if (auto no = check_member(*found, member, at)) return no;
  }
  return {};
}

}  // namespace purser::sandbox
