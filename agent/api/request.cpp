#include "agent/api/request.hpp"

#include "validation/money/ascii.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace purser::api {
namespace {

using nlohmann::json;

// "application/json", also with parameters ("; charset=utf-8").
bool is_json_type(std::string_view type) {
  const std::string_view media = type.substr(0, type.find(';'));
  const auto last = media.find_last_not_of(" \t");
  return last != std::string_view::npos && http::equals_ignoring_case(media.substr(0, last + 1), "application/json");
}

// ";q=0", ";q=0.000": not this, please.
bool has_quality_zero(std::string_view entry) {
  for (auto at = entry.find(';'); at != std::string_view::npos; at = entry.find(';')) {
    entry.remove_prefix(at + 1);
    const std::string_view parameter = ascii::trimmed(entry.substr(0, entry.find(';')));
    if (parameter.size() < 3 || !http::equals_ignoring_case(parameter.substr(0, 2), "q=")) continue;
    return parameter[2] == '0' && parameter.find_first_not_of("0.", 2) == std::string_view::npos;
  }
  return false;
}

}  // namespace

Result<std::optional<std::string_view>> single_header(const http::Headers& headers, std::string_view name) {
  std::optional<std::string_view> found;
  for (const auto& [key, value] : headers) {
    if (!http::equals_ignoring_case(key, name)) continue;
    if (found) return Error(Errc::request_malformed, "this header may stand only once", std::string(name));
    found = value;
  }
  return found;
}

bool accepts(const http::Headers& headers, std::string_view type, bool by_any) {
  const std::string family = std::string(type.substr(0, type.find('/'))) + "/*";
  std::size_t nearest = 0;  // of the entries that speak of it: 1 for any, 2 for its family, 3 for itself
  bool taken = false;
  for (const auto& [name, value] : headers) {
    if (!http::equals_ignoring_case(name, "Accept")) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto end = std::min(rest.find(','), rest.size());
      const std::string_view entry = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const std::string_view media = ascii::trimmed(entry.substr(0, entry.find(';')));
      std::size_t near = http::equals_ignoring_case(media, type) ? 3 : 0;
      if (by_any && media == "*/*") near = 1;
      if (by_any && http::equals_ignoring_case(media, family)) near = 2;
      if (near == 0 || near < nearest) continue;
      taken = (near == nearest && taken) || !has_quality_zero(entry);
      nearest = near;
    }
  }
  return taken;
}

bool wants_events(const http::Request& request) {
  return accepts(request.headers, "text/event-stream", false);
}

Result<json> json_object(const http::Request& request, const JsonLimits& limits) {
  auto type = single_header(request.headers, "Content-Type");
  if (!type) return type.error();
  if (!type->has_value() || !is_json_type(**type)) {
    return Error(Errc::unsupported_media_type, "send the body as application/json", "Content-Type");
  }
  auto body = parse_strict(request.body, limits);
  if (body && !body->is_object()) return Error(Errc::json_wrong_type, "the body is a JSON object");
  return body;
}

Result<json> object_body(const http::Request& request, std::initializer_list<std::string_view> keys,
                         bool may_be_empty) {
  if (request.body.empty() && may_be_empty) return json::object();
  auto body = json_object(request, JsonLimits{});
  if (!body) return body.error();
  if (auto known = only_keys(*body, "", keys); !known) return known.error();
  return body;
}

Result<void> only_keys(const json& object, std::string_view pointer, std::initializer_list<std::string_view> keys) {
  for (const auto& [key, value] : object.items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      return Error(Errc::json_unknown_key, "this member is not part of the request", pointer_to(pointer, key));
    }
  }
  return success();
}

Result<std::string> string_member(const json& object, std::string_view pointer, std::string_view key,
                                  std::size_t bytes_max) {
  const auto member = object.find(key);
  std::string place = pointer_to(pointer, key);
  if (member == object.end()) return Error(Errc::json_missing_key, "this member is required", std::move(place));
  if (!member->is_string()) return Error(Errc::json_wrong_type, "this member is a string", std::move(place));
  auto text = member->get<std::string>();
  if (text.empty() || text.size() > bytes_max) {
    return Error(Errc::json_out_of_range, "this member has 1 to " + std::to_string(bytes_max) + " bytes",
                 std::move(place));
  }
  return text;
}

Result<Query> Query::parse(std::string_view text, std::initializer_list<std::string_view> keys) {
  Query query;
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    const auto known = std::find(keys.begin(), keys.end(), pair.substr(0, equals));
    // The name is not repeated in the answer unless it is one of ours.
    if (known == keys.end()) return Error(Errc::request_malformed, "the query holds a parameter that is not known");
    std::string name(*known);
    std::string value(pair.substr(std::min(equals + 1, pair.size())));
    if (query.values_.contains(name)) {
      return Error(Errc::request_malformed, "this parameter may stand only once", std::move(name));
    }
    query.values_.emplace(std::move(name), std::move(value));
  }
  return query;
}

Result<std::int64_t> Query::integer(std::string_view key, std::int64_t otherwise, std::int64_t min,
                                    std::int64_t max) const {
  const auto found = values_.find(std::string(key));
  if (found == values_.end()) return otherwise;
  auto number = parse_count(found->second, max, key);
  if (number && *number < min) {
    return Error(Errc::request_malformed, "this is at least " + std::to_string(min), std::string(key));
  }
  return number;
}

bool is_openid(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  });
}

Result<std::int64_t> parse_count(std::string_view text, std::int64_t max, std::string_view param) {
  std::int64_t number = 0;
  const bool digits =
      !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (!digits || read.ec != std::errc() || number > max) {
    return Error(Errc::request_malformed, "this is a whole number from 0 to " + std::to_string(max),
                 std::string(param));
  }
  return number;
}

}  // namespace purser::api
