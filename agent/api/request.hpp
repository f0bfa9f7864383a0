// Reading a request strictly: headers that stand once, bodies through the JSON gate, query parameters that are known.
#pragma once

#include "gateway/http/message.hpp"
#include "validation/money/json_gate.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace purser::api {

// The value of a header that may stand at most once. Error: request_malformed.
Result<std::optional<std::string_view>> single_header(const http::Headers& headers, std::string_view name);

// Whether one of the Accept headers takes `type` ("text/event-stream"), by its name or, when `by_any`, by a wildcard;
// what has the quality 0 is not taken, and the nearest of its entries decides.
bool accepts(const http::Headers& headers, std::string_view type, bool by_any);

// Whether the client asks for server-sent events.
bool wants_events(const http::Request& request);

// The body as an object. Errors: unsupported_media_type, json_wrong_type, the gate's.
Result<nlohmann::json> json_object(const http::Request& request, const JsonLimits& limits);
// The body as an object with no other members than `keys`. An empty body is an empty object when `may_be_empty`.
// Errors: unsupported_media_type, json_too_large, json_malformed and the rest of the gate's, json_wrong_type,
// json_unknown_key.
Result<nlohmann::json> object_body(const http::Request& request, std::initializer_list<std::string_view> keys,
                                   bool may_be_empty);

// `pointer` names `object` in errors; "" is the whole body.
Result<void> only_keys(const nlohmann::json& object, std::string_view pointer,
                       std::initializer_list<std::string_view> keys);
// A string member of at least one and at most `bytes_max` bytes. Errors: json_missing_key, json_wrong_type,
// json_out_of_range.
Result<std::string> string_member(const nlohmann::json& object, std::string_view pointer, std::string_view key,
                                  std::size_t bytes_max);

// Query parameters that are plain words: no escapes, each at most once.
class Query {
 public:
  // Error: request_malformed naming the parameter.
  static Result<Query> parse(std::string_view text, std::initializer_list<std::string_view> keys);
  bool has(std::string_view key) const { return values_.contains(std::string(key)); }
  // Empty when absent.
  std::string text(std::string_view key) const {
    const auto found = values_.find(std::string(key));
    return found == values_.end() ? std::string() : found->second;
  }
  // Decimal digits between `min` and `max`; `otherwise` when absent. Error: request_malformed.
  Result<std::int64_t> integer(std::string_view key, std::int64_t otherwise, std::int64_t min, std::int64_t max) const;

 private:
  std::map<std::string, std::string> values_;
};

// Letters, digits and -_.
bool is_openid(std::string_view text);

// Decimal digits only, 0 to `max`. Error: request_malformed with `param`.
Result<std::int64_t> parse_count(std::string_view text, std::int64_t max, std::string_view param);

}  // namespace purser::api
